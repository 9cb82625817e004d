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


def consent(channel: str, purpose: str, status: str, parameters: Parameters) -> Found:
    """The entries about a channel and a purpose; their measure is the state: granted, withdrawn, pending, unknown. Who
    granted is found faster as a grant that no withdrawal stands against."""
    asked = "{row}.channel = " + parameters.text(channel) + " and {row}.purpose = " + parameters.text(purpose)
    about = asked.format(row="e")
    state = (
        f"case when bool_or(e.status = 'granted'){{filter}} and ({_WITHDRAWN} is null or {_RAISED} > {_WITHDRAWN})"
        f" then 'granted' when {_WITHDRAWN} is not null then 'withdrawn'"
        " when bool_or(e.status = 'pending'){filter} then 'pending' else 'unknown' end"
    )
    members = (
        f"select e.contact_id from consent_event e where {about} and e.status = 'granted' and not exists ("
        f"select from consent_event w where w.contact_id = e.contact_id and {asked.format(row='w')}"
        " and w.status = 'withdrawn' and (w.at >= e.at or e.source in ('import', 'sync'))) group by e.contact_id"
    )
    return Found(_LEDGER, (), about, state, members if status == "granted" else "")
