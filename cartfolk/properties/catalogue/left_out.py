"""Names other tools keep on a contact and Cartfolk does not, each with the reason and where to look instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SOURCE = (
    "the first entry of the contact's history says how the contact came about and by whom",
    "der erste Eintrag im Verlauf des Kontakts sagt, wie und durch wen er entstand",
)
_WHO = ("the history names who made each change", "der Verlauf nennt zu jeder Änderung, von wem sie stammt")

LEFT_OUT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "hs_all_contact_vids": (
            "it is the record ID together with the merged contact IDs",
            "sie ist die Kontakt-ID zusammen mit den zusammengeführten Kontakt-IDs",
        ),
        "hs_calculated_merged_vids": (
            "the timeline tells each merge with its moment",
            "die Zeitleiste nennt jede Zusammenführung mit ihrem Zeitpunkt",
        ),
        "hs_calculated_form_submissions": (
            "steps of the purchase are kept as conversions, with name and moment",
            "Schritte im Kauf werden als Conversions geführt, mit Name und Zeitpunkt",
        ),
        "hs_object_source": _SOURCE,
        "hs_object_source_id": _SOURCE,
        "hs_object_source_label": _SOURCE,
        "hs_object_source_user_id": _SOURCE,
        "hs_was_imported": _SOURCE,
        "hs_created_by_user_id": _WHO,
        "hs_updated_by_user_id": _WHO,
        "hs_is_contact": ("it would be yes for everyone", "es wäre bei allen ja"),
        "associatedcompanyid": (
            "Cartfolk keeps people, not companies; the company's name is a property",
            "Cartfolk führt Menschen, keine Firmen; der Name der Firma ist eine Eigenschaft",
        ),
    }
)
"""Name -> why it is not kept (en, de)."""
