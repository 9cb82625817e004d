"""What has become of a cart: a function of its moments, the contact's orders and the clock.

A cart *lapses* (an abandonment begins) at a moment's time plus the store's ``idle`` limit, if

* the cart had lines at that moment,
* no other moment followed within the limit (one at exactly the limit still counts as in time),
* an e-mail, phone or account was known by then (one learned later does not abandon it in hindsight),
* no *clearing order* of the same contact was placed from the moment until then: any order of the contact in
  any store and by any identity, not deleted and not failed, cancelled or ignored (a pending one clears).
  Shops tell order times in whole seconds, so the moment's own second is in. An order that came from this
  very cart (its token, or the order the shop named for it) clears also when placed up to one limit before
  the moment: shops touch a cart once more after it was ordered.

Without a following moment the clock decides: at exactly the limit the cart has lapsed. A late order takes a
false abandonment back. States, the first that applies; "filled" is the last moment with lines:

    ordered     an order from this very cart, placed no earlier than one limit before it was last filled;
                or another clearing order since it was filled, before it lapsed
    purchased   another clearing order after it lapsed, before it expired
    emptied     its last moment has no lines (another order up to one limit later makes it ordered instead)
    expired     lapsed, and ``expires`` has passed since
    abandoned   lapsed, and still lying there
    recovered   a click on the recovery link after the last abandonment
    checkout    in the checkout (after the last abandonment, if there was one)
    open        otherwise

``abandoned_at`` is the start of the current or last abandonment; ``state_at`` when the state began;
``due_at`` the next time the clock alone changes it (lapsing, then expiring), null if never.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "carts.sql")


def refresh(conn: Connection, contacts: Sequence[int], at: datetime) -> None:
    """Derives the carts of ``contacts`` as of ``at``; rows that stay the same are not written."""
    conn.execute(Q["derive_carts"], {"contacts": list(contacts), "at": at})
