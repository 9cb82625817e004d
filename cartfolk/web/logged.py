"""What the audit log holds in the reader's words: acts, what they were done to, their particulars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop as _n

from cartfolk.properties.types import TYPE_NAMES

from .roles import Role
from .words import CHANNEL, CONSENT, IMPORT_KIND, PRIVACY, say

KINDS = {
    "account": _n("The account"),
    "consent": _n("Consent"),
    "contact": _n("Contacts"),
    "contacts": _n("Many contacts at once"),
    "duplicate": _n("Duplicates"),
    "import": _n("Imports"),
    "member": _n("Members"),
    "note": _n("Notes"),
    "privacy": _n("Privacy"),
    "property": _n("Properties"),
    "property_group": _n("Groups of properties"),
    "segment": _n("Segments"),
    "store": _n("Stores"),
    "token": _n("API tokens"),
    "view": _n("Saved views"),
}
ACTS = {
    "account.two_factor_required": _n("Changed whether everybody needs a second step"),
    "consent.granted": _n("Noted a consent"),
    "consent.withdrawn": _n("Noted a withdrawal"),
    "contact.disclosed": _n("Exported everything held of a person"),
    "contact.edited": _n("Changed a property of a contact"),
    "contact.email-added": _n("Added an e-mail address"),
    "contact.email-first": _n("Chose the first e-mail address"),
    "contact.email-removed": _n("Removed an e-mail address"),
    "contact.erased": _n("Erased people everywhere"),
    "contact.exported": _n("Exported contacts"),
    "contact.merged": _n("Merged contacts"),
    "contact.unmerged": _n("Took a merge back"),
    "contacts.edit": _n("Changed a property of many contacts"),
    "contacts.edit_undone": _n("Took a bulk edit back"),
    "duplicate.dismissed": _n("Said that two contacts are two people"),
    "duplicate.reconsidered": _n("Let two contacts be suggested again"),
    "import.forgotten": _n("Deleted the files of an import"),
    "import.started": _n("Started an import"),
    "import.undone": _n("Undid an import"),
    "import.uploaded": _n("Uploaded a file to import"),
    "member.activated": _n("Let a member in again"),
    "member.deactivated": _n("Deactivated a member"),
    "member.invited": _n("Invited a member"),
    "member.joined": _n("Joined"),
    "member.password": _n("Changed their password"),
    "member.recovery_code_used": _n("Signed in with a recovery code"),
    "member.recovery_codes": _n("Made new recovery codes"),
    "member.role": _n("Changed a member's role"),
    "member.signed_in": _n("Signed in"),
    "member.signed_out": _n("Signed browsers out"),
    "member.two_factor_off": _n("Switched the second step off"),
    "member.two_factor_on": _n("Switched the second step on"),
    "member.two_factor_reset": _n("Reset a member's second step"),
    "member.uninvited": _n("Took an invitation back"),
    "note.added": _n("Wrote a note"),
    "note.changed": _n("Changed a note"),
    "note.deleted": _n("Deleted a note"),
    "note.restored": _n("Brought a note back"),
    "privacy.answered": _n("Answered a request for access"),
    "privacy.let_in": _n("Let an erased address in again"),
    "privacy.retention": _n("Changed how long things are kept"),
    "property.archive": _n("Archived a property"),
    "property.change": _n("Changed a property's definition"),
    "property.create": _n("Created a property"),
    "property.delete": _n("Deleted a property"),
    "property.hide": _n("Hid a property"),
    "property.order": _n("Put properties in another order"),
    "property.restore": _n("Restored a property"),
    "property.show": _n("Showed a hidden property"),
    "property_group.create": _n("Created a group of properties"),
    "property_group.change": _n("Changed a group of properties"),
    "property_group.hide": _n("Hid a group of properties"),
    "property_group.show": _n("Showed a group of properties"),
    "property_group.archive": _n("Archived a group of properties"),
    "property_group.restore": _n("Brought a group of properties back"),
    "property_group.delete": _n("Deleted a group of properties"),
    "property_group.order": _n("Put groups of properties in another order"),
    "segment.add": _n("Added contacts to a segment"),
    "segment.cancelled": _n("Stopped building a segment"),
    "segment.created": _n("Created a segment"),
    "segment.deleted": _n("Deleted a segment"),
    "segment.rebuilt": _n("Had a segment built again"),
    "segment.redefined": _n("Changed what a segment asks"),
    "segment.renamed": _n("Renamed a segment"),
    "segment.restored": _n("Restored a segment"),
    "store.app_downloaded": _n("Downloaded the app for a shop"),
    "store.app_installed": _n("A shop installed the app"),
    "store.app_off": _n("A shop switched the app off"),
    "store.app_on": _n("A shop switched the app on"),
    "store.app_removed": _n("A shop removed the app"),
    "store.connected": _n("Connected a shop"),
    "store.disconnected": _n("Disconnected a shop"),
    "store.import": _n("Started or stopped a shop's import"),
    "store.rate_removed": _n("Removed an exchange rate"),
    "store.rate_saved": _n("Entered an exchange rate"),
    "store.secret_renewed": _n("Renewed a shop's secret"),
    "store.secret_shown": _n("Looked at a shop's secret"),
    "store.sender": _n("Decided on a copied or moved shop"),
    "store.settings": _n("Changed a shop's settings"),
    "store.state": _n("Paused or resumed a shop"),
    "store.waiting_forgotten": _n("Forgot what waited unread for too long"),
    "token.created": _n("Created an API token"),
    "token.revoked": _n("Revoked an API token"),
    "view.create": _n("Saved a view"),
    "view.default": _n("Chose what All contacts opens with"),
    "view.delete": _n("Deleted a view"),
    "view.left": _n("Moved a view"),
    "view.rename": _n("Renamed a view"),
    "view.restore": _n("Restored a view"),
    "view.right": _n("Moved a view"),
    "view.save": _n("Changed a view"),
    "view.share": _n("Shared a view"),
    "view.unshare": _n("Stopped sharing a view"),
}
TARGET = {
    "bulk": _n("Bulk edit"),
    "contact": _n("Contact"),
    "import": _n("Import"),
    "invitation": _n("Invitation"),
    "property": _n("Property"),
    "property_group": _n("Group"),
    "request": _n("Request"),
    "segment": _n("Segment"),
    "store": _n("Shop"),
    "token": _n("Token"),
    "user": _n("Member"),
    "view": _n("View"),
}
DETAIL = {
    "records": _n("records"),
    "messages": _n("messages"),
    "after": _n("now"),
    "again": _n("with a new link"),
    "before": _n("before"),
    "browsers": _n("browsers"),
    "channel": _n("channel"),
    "columns": _n("columns"),
    "contacts": _n("contacts"),
    "count": _n("people"),
    "currency": _n("currency"),
    "do": _n("act"),
    "dry_run": _n("only checked"),
    "gone": _n("merged"),
    "kind": _n("kind"),
    "mode": _n("mode"),
    "note": _n("note"),
    "other": _n("other contact"),
    "property": _n("property"),
    "purpose": _n("purpose"),
    "required": _n("required"),
    "role": _n("role"),
    "scopes": _n("may"),
    "shared": _n("shared"),
    "type": _n("type"),
    "what": _n("what"),
}


def act(action: str) -> str:
    """An act as words."""
    return say(ACTS, action)


def target(text: str) -> str:
    """What an act was done to, ``contact:42,contact:43``, as words."""
    parts = (one.partition(":") for one in text.split(",") if one)
    return ", ".join(f"{say(TARGET, kind)} {name}".strip() for kind, _colon, name in parts)


def detail(told: Mapping[str, Any]) -> list[str]:
    """The particulars of an act as words; what says no is left out."""
    return [
        _particular(key, value)
        for key, value in told.items()
        if value is not None and value is not False and value != ""
    ]


def _particular(key: str, value: Any) -> str:
    label = say({**DETAIL, **PRIVACY}, key)
    if value is True:
        return label
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if value in Role.values:
        value = Role(value).label
    if key == "type":
        return f"{label}: {TYPE_NAMES.get(value, value)}"
    return f"{label}: {say({**CHANNEL, **CONSENT, **IMPORT_KIND}, str(value))}"
