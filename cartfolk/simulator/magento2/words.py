"""How Magento calls things: order states, customer groups, the permissions its lists ask for."""

from __future__ import annotations

from ..records import AWAITING, CANCELLED, DRAFT, FAILED, FULFILLED, PAID, PICKUP, REFUNDED, TRASHED, UNPAID

# Drafts and trash do not exist in Magento: such orders are not shown at all.
STATE = {
    DRAFT: "draft",
    UNPAID: "new",
    AWAITING: "pending_payment",
    FAILED: "payment_review",
    CANCELLED: "canceled",
    PAID: "processing",
    FULFILLED: "complete",
    REFUNDED: "closed",
    TRASHED: "trash",
    PICKUP: "holded",
}
# What the merchant calls them; never to be relied on.
STATUS = {"new": "pending", "processing": "zu_versenden", "pending_payment": "pending_payment"}
GROUPS = {0: "NOT LOGGED IN", 1: "General", 2: "Wholesale", 3: "Retailer"}
GROUP_OF_ROLE = {"customer": 1, "subscriber": 3}  # every other role buys wholesale
METHODS = {
    "card": ("stripe_payments", "Kreditkarte"),
    "paypal": ("paypal_express", "PayPal Express"),
    "bank_transfer": ("banktransfer", "Vorkasse"),
    "invoice": ("purchaseorder", "Kauf auf Rechnung"),
}
RESOURCES = {
    "orders": "Magento_Sales::actions_view",
    "creditmemos": "Magento_Sales::sales_creditmemo",
    "invoices": "Magento_Sales::sales_invoice",
    "shipments": "Magento_Sales::shipment",
    "carts": "Magento_Cart::manage",
    "customers": "Magento_Customer::customer",
    "customerGroups": "Magento_Customer::group",
    "products": "Magento_Catalog::products",
    "attributes": "Magento_Catalog::attributes_attributes",
    "categories": "Magento_Catalog::categories",
    "store": "Magento_Backend::store",
}
