"""The state of a consent, from the ledger: as properties/queries.sql derives newsletter_subscription."""

from __future__ import annotations

from cartfolk.segments.asking import Parameters
from cartfolk.segments.sources import Facts, Found

_LEDGER = Facts(
    name="consent",
    tables="(select contact_id, channel, purpose, at, status, source, max(at) filter (where status = 'withdrawn')"
    " over (partition by contact_id, channel, purpose) as withdrawn_at from consent_event) e",
    contact="e.contact_id",
    keep="",
    store="",
    sequence=("e.at",),
    columns={},
)
# a withdrawal stays until a later grant that is no import or sync
_GRANTED = (
    "e.status = 'granted' and (e.withdrawn_at is null"
    " or (e.at > e.withdrawn_at and e.source not in ('import', 'sync')))"
)


def consent(channel: str, purpose: str, parameters: Parameters) -> Found:
    """The entries about a channel and a purpose; their measure is the state: granted, withdrawn, pending, unknown."""
    about = f"e.channel = {parameters.text(channel)} and e.purpose = {parameters.text(purpose)}"
    state = (
        f"case when bool_or({_GRANTED}){{filter}} then 'granted'"
        " when bool_or(e.status = 'withdrawn'){filter} then 'withdrawn'"
        " when bool_or(e.status = 'pending'){filter} then 'pending' else 'unknown' end"
    )
    return Found(_LEDGER, (), about, state)
