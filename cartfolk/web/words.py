"""Words of the shop's world in the reader's language: states, conversions, streams, sources."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _n

CONVERSIONS = (
    _n("Account created"),
    _n("Cart started"),
    _n("Checkout started"),
    _n("Abandoned Cart"),
    _n("Cart recovered"),
    _n("Order placed"),
    _n("Order complete"),
    _n("Last Order Summary"),
    _n("Newsletter subscribed"),
)
ORDER = {
    "pending": _n("Unpaid"),
    "completed": _n("Paid"),
    "refunded": _n("Refunded"),
    "cancelled": _n("Cancelled"),
    "failed": _n("Failed"),
    "ignored": _n("Ignored"),
}
CART = {
    "open": _n("Open"),
    "checkout": _n("In checkout"),
    "abandoned": _n("Abandoned"),
    "recovered": _n("Recovered"),
    "ordered": _n("Ordered"),
    "purchased": _n("Bought later"),
    "expired": _n("Expired"),
    "emptied": _n("Emptied"),
}
JOINS = {
    "sync": _n("Something new became known"),
    "import": _n("Import, or computed anew"),
    "clock": _n("Time passed"),
    "user": _n("By hand"),
    "api": _n("API"),
    "system": _n("Command line"),
    "merge": _n("Contacts were merged"),
    "unmerge": _n("A merge was undone"),
    "definition": _n("The segment was defined anew"),
    "segment": _n("Another segment changed"),
}
"""Why a contact joined or left a segment."""
TONE = {
    "completed": "good",
    "recovered": "good",
    "ordered": "good",
    "purchased": "good",
    "done": "good",
    "connected": "good",
    "abandoned": "warn",
    "pending": "warn",
    "paused": "warn",
    "failed": "bad",
    "stopped": "bad",
    "cancelled": "quiet",
    "refunded": "quiet",
    "expired": "quiet",
    "emptied": "quiet",
}
STREAMS = {
    "customers": _n("Customers"),
    "guests": _n("Guests"),
    "subscribers": _n("Newsletter subscribers"),
    "orders": _n("Orders"),
    "refunds": _n("Refunds"),
    "products": _n("Products"),
    "variations": _n("Variations"),
    "categories": _n("Categories"),
    "coupons": _n("Coupons"),
    "carts": _n("Carts"),
    "checkouts": _n("Checkouts"),
    "consents": _n("Consents"),
    "subscriptions": _n("Subscriptions"),
}
RECORD = {
    "customer": _n("Customer"),
    "order": _n("Order"),
    "refund": _n("Refund"),
    "cart": _n("Cart"),
    "product": _n("Product"),
    "coupon": _n("Coupon"),
    "category": _n("Category"),
    "consent": _n("Consent"),
}
RUN = {
    "running": _n("Running"),
    "paused": _n("Paused"),
    "cancelled": _n("Cancelled"),
    "done": _n("Finished"),
    "failed": _n("Failed"),
}
IMPORT_KIND = {"contacts": _n("Contacts"), "customers": _n("Customers"), "orders": _n("Orders")}
IMPORT_STATE = {
    "new": _n("Uploaded"),
    "checking": _n("Checking"),
    "checked": _n("Checked"),
    "running": _n("Running"),
    "done": _n("Finished"),
    "failed": _n("Failed"),
    "cancelled": _n("Stopped"),
    "undoing": _n("Being undone"),
    "undone": _n("Undone"),
}
RUN_KIND = {"backfill": _n("Import"), "poll": _n("Poll"), "reconcile": _n("Nightly comparison")}
SOURCES = {
    "import": _n("History import"),
    "sync": _n("Shop"),
    "webhook": _n("Shop, live"),
    "poll": _n("Shop, regular poll"),
    "ingest": _n("Ingest door"),
    "clock": _n("Time passed"),
    "user": _n("A person"),
    "api": _n("API"),
    "merge": _n("Contacts merged"),
    "restore": _n("Taken back"),
    "calculated": _n("Calculated"),
    "rules": _n("Settings changed"),
    "definition": _n("Definition"),
    "segment": _n("Another segment"),
    "recompute": _n("Computed again"),
    "link": _n("A link in a message"),
}
LIFECYCLE = {
    "subscriber": _n("Subscriber"),
    "lead": _n("Lead"),
    "marketingqualifiedlead": _n("Marketing qualified lead"),
    "salesqualifiedlead": _n("Sales qualified lead"),
    "opportunity": _n("Opportunity"),
    "customer": _n("Customer"),
    "evangelist": _n("Evangelist"),
    "other": _n("Other"),
}
STAGE = {
    "consent": _n("First consent"),
    "account": _n("Account created"),
    "cart": _n("First cart"),
    "checkout": _n("First checkout"),
    "order": _n("First order"),
    "counted": _n("First counted order"),
    "fifth": _n("Fifth counted order"),
    "hand": _n("Set by hand"),
}
CHANNEL = {"email": _n("E-mail"), "sms": _n("SMS"), "post": _n("Post"), "phone": _n("Phone")}
CONSENT = {
    "granted": _n("Agreed"),
    "withdrawn": _n("Withdrawn"),
    "pending": _n("Not confirmed"),
    "unknown": _n("Unknown"),
    "email": _n("E-mail"),
    "sms": _n("SMS"),
    "phone": _n("Phone"),
    "post": _n("Post"),
    "marketing": _n("Marketing"),
    "newsletter": _n("Newsletter"),
    "transactional": _n("Messages about orders"),
    "consent": _n("Consent of the person"),
    "existing_customer": _n("Existing customer"),
    "legitimate_interest": _n("Legitimate interest"),
    "contract": _n("Performance of a contract"),
    "user": _n("Entered here"),
    "import": _n("History import"),
    "sync": _n("Shop"),
    "checkout": _n("Checkout"),
    "registration": _n("Registration"),
    "double opt-in": _n("Double opt-in"),
    "unsubscribe link": _n("Unsubscribe link"),
    "unsubscribe page": _n("Unsubscribe page"),
    "text": _n("Evidence"),
    "legal_basis": _n("Legal basis"),
    "ip": _n("IP address"),
    "by": _n("By"),
    "one_click": _n("In the mail program"),
    "key": _n("Field of the shop"),
    "order": _n("Order"),
    "customer": _n("Shop account"),
}
PRIVACY = {
    "phone": _n("Phone numbers"),
    "email": _n("E-mail addresses"),
    "customer": _n("Shop accounts"),
    "order": _n("Orders"),
    "cart": _n("Carts"),
    "deliveries": _n("Raw deliveries"),
    "quarantine": _n("Quarantine"),
    "anonymous_carts": _n("Carts of nobody"),
    "audit": _n("Audit log"),
    "rows": _n("Rows"),
    "names": _n("Names"),
    "objects": _n("Objects cut out of deliveries"),
    "webhooks": _n("Webhooks dropped"),
    "carts": _n("Carts of nobody"),
    "links": _n("Links to carts"),
    "mentions": _n("Facts of others without the address now"),
    "imports": _n("Imports whose files are forgotten"),
    "log_lines": _n("Lines of log files"),
    "left": _n("Left for you to decide: the address stands here too"),
}
HELD = PRIVACY | {
    "contact": _n("Contact"),
    "reference": _n("Numbers in the shops"),
    "account": _n("Account numbers"),
    "order_line": _n("Lines of orders"),
    "order_event": _n("Order status"),
    "cart_line": _n("Lines of carts"),
    "cart_event": _n("What happened to carts"),
    "contact_segment": _n("Segments"),
    "segment_log": _n("Joined and left segments"),
    "contact_import_row": _n("Imports"),
    "contact_property": _n("Properties"),
    "contact_custom": _n("Entered here"),
    "property_history": _n("History"),
    "identity": _n("Names"),
    "orders": _n("Orders"),
    "refund": _n("Refunds"),
    "conversion": _n("Conversions"),
    "consent_event": _n("Consents"),
    "contact_merge": _n("Merges"),
    "note": _n("Notes"),
}
KEPT = {"quarantine": _n("Quarantine and held messages")}
IDENTITY = {"email": _n("E-mail"), "phone": _n("Phone")}


def conversion(name: str) -> str:
    return gettext(name) if name in CONVERSIONS else name


def lifecycle(name: str) -> str:
    return say(LIFECYCLE, name)


def say(words: Mapping[str, str], word: str) -> str:
    """The reader's word; an unknown one (a newer connector's) stays as it is."""
    return gettext(words[word]) if word in words else word


def source(name: str) -> str:
    return say(SOURCES, name)
