"""The state of a consent, from the ledger: as properties/queries.sql derives newsletter_subscription."""

from __future__ import annotations

from cartfolk.segments.asking import Parameters
from cartfolk.segments.sources import Facts, Found

_LEDGER = Facts(
    name="consent",
    tables="consent_event e",
    contact="e.contact_id",
    keep="",
    store="",
    sequence=("e.at",),
    columns={},
)
_WITHDRAWN = "max(case when e.status = 'withdrawn' then e.at end){filter}"
# a withdrawal stays until a later grant that is no import or sync
_RAISED = "max(case when e.status = 'granted' and e.source not in ('import', 'sync') then e.at end){filter}"


def consent(channel: str, purpose: str, parameters: Parameters) -> Found:
    """The entries about a channel and a purpose; their measure is the state: granted, withdrawn, pending, unknown."""
    about = f"e.channel = {parameters.text(channel)} and e.purpose = {parameters.text(purpose)}"
    state = (
        f"case when bool_or(e.status = 'granted'){{filter}} and ({_WITHDRAWN} is null or {_RAISED} > {_WITHDRAWN})"
        f" then 'granted' when {_WITHDRAWN} is not null then 'withdrawn'"
        " when bool_or(e.status = 'pending'){filter} then 'pending' else 'unknown' end"
    )
    return Found(_LEDGER, (), about, state)
