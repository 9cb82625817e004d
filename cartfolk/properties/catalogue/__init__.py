"""The catalogue: every group and property Cartfolk knows, the single source of columns, pages and documents."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cartfolk.properties.catalogue import (
    activity,
    address,
    analytics,
    campaign,
    cart,
    contact,
    customer,
    email,
    order,
    product,
    rfm,
    sales,
    social,
    subscription,
)
from cartfolk.properties.catalogue.left_out import LEFT_OUT
from cartfolk.properties.catalogue.model import Group, Option, Property

__all__ = ["BLOCKS", "COMPUTED", "GROUPS", "LEFT_OUT", "OWN", "PROPERTIES", "SETTABLE", "Group", "Option", "Property"]

_GROUPS = (
    Group("order", "Order Information", "Bestellung", shop_group=True),
    Group("last_products_bought", "Products Bought", "Gekaufte Produkte", shop_group=True),
    Group("shopping_cart_fields", "Shopping Cart Information", "Adressen aus dem Shop", shop_group=True),
    Group("customer_group", "Customer Group", "Kundenkonto", shop_group=True),
    Group("categories_bought", "Categories Bought", "Gekaufte Kategorien", shop_group=True),
    Group("rfm_fields", "RFM Information", "Kaufverhalten (RFM)", shop_group=True),
    Group("skus_bought", "SKUs Bought", "Gekaufte Artikelnummern", shop_group=True),
    Group("abandoned_cart", "Abandoned Cart Details", "Abgebrochener Warenkorb", shop_group=True),
    Group("contactinformation", "Contact information", "Kontaktinformationen"),
    Group("contact_activity", "Contact activity", "Kontaktaktivität"),
    Group("conversioninformation", "Conversion information", "Conversion-Informationen"),
    Group("emailinformation", "Email information", "E-Mail-Informationen"),
    Group("socialmediainformation", "Social media information", "Soziale Medien"),
    Group("analyticsinformation", "Web analytics history", "Webanalyse-Verlauf"),
    Group("deal_information", "Deal information", "Abschlüsse"),
    Group("sales_properties", "Sales properties", "Vertrieb"),
    Group("subscriptions_details", "Subscriptions Details", "Abonnements"),
    Group("roi_tracking", "ROI Tracking", "Erfolg von Kampagnen"),
)

GROUPS: Mapping[str, Group] = MappingProxyType({group.name: group for group in _GROUPS})
"""The groups by internal name, in the order pages show them."""

_BLOCKS = (
    Group("last_purchase", "Last purchase", "Letzter Kauf"),
    Group("lifetime", "Lifetime", "Gesamter Zeitraum"),
    Group("abandoned_cart", "Abandoned cart", "Abgebrochener Warenkorb"),
    Group("rfm", "Ratings (RFM)", "Bewertungen (RFM)"),
    Group("products", "Products", "Produkte"),
    Group("customer", "Customer account", "Kundenkonto"),
    Group("address", "Addresses", "Adressen"),
)

BLOCKS: Mapping[str, Group] = MappingProxyType({block.name: block for block in _BLOCKS})
"""The parts of the one group that carries the platform's name, in the order pages show them."""

PROPERTIES: Mapping[str, Property] = MappingProxyType(
    {
        item.name: item
        for module in (
            order,
            product,
            address,
            customer,
            rfm,
            cart,
            contact,
            activity,
            email,
            social,
            analytics,
            sales,
            subscription,
            campaign,
        )
        for item in module.PROPERTIES
    }
)
"""Every property by name."""

COMPUTED: tuple[str, ...] = tuple(p.name for p in PROPERTIES.values() if p.computed and p.stored)
"""The columns of contact_property, in the order statements name them."""

SETTABLE: tuple[str, ...] = tuple(p.name for p in PROPERTIES.values() if not p.computed)
"""The columns of contact_custom that the catalogue brings along."""

OWN: tuple[str, ...] = tuple(p.name for p in PROPERTIES.values() if p.own)
"""Computed ones that people may overrule: contact_custom holds their word, contact_property what counts."""
