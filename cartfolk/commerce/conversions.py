"""Named steps in the purchase, derived from facts and clock.

    Account created        an account was made in the shop (not the row a shop writes for a guest)
    Cart started           a cart that can be named was begun
    Checkout started       its first moment in the checkout
    Abandoned Cart         it lapsed (rules in carts.py); once for each abandonment
    Cart recovered         after an abandonment and before the next one: a click on the recovery link, or an
                           order from this very cart, whichever was first
    Order placed           live orders when placed, whatever becomes of them; a failed payment, a draft or a
                           deleted order is none
    Order complete         live counted orders when paid (when placed, if the shop does not tell)
    Last Order Summary     one for a contact: the last counted order from before the store was connected
    Newsletter subscribed  consent to marketing e-mail was given, and had not been given already

*Historic* is what happened before the store's ``live_from``; it never triggers anything. A counted order
is live or historic by when it was paid, so that it gives either "Order complete" or a summary, never both.
Deleted orders give nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "conversions.sql")


def refresh(conn: Connection, contacts: Sequence[int], at: datetime) -> None:
    """Derives the conversions of ``contacts`` as of ``at``: missing ones come, those no longer true go."""
    conn.execute(Q["derive_conversions"], {"contacts": list(contacts), "at": at})
