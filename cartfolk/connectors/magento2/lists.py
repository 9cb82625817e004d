"""The lists of the REST API that are read: where they are, and which parts of a row are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class List:
    """One searchable list. ``fields``: the parts of a row that are wanted; empty = all of it."""

    route: str
    what: str  # to the owner
    key: str = "id"  # where a row has its entity_id
    fields: str = ""
    id: str = "entity_id"  # what filters and sorting call it


_ADDRESS = "firstname,lastname,company,street,city,region,region_code,postcode,country_id,telephone,email"
_LINE = (
    "item_id,parent_item_id,product_id,product_type,sku,name,qty_ordered,qty_shipped,is_virtual,row_total,"
    "row_total_incl_tax,tax_amount,discount_amount,discount_tax_compensation_amount"
)
LISTS: Mapping[str, List] = {
    "categories": List("categories/list", "categories"),
    "products": List(
        "products",
        "products",
        fields="id,sku,name,price,type_id,created_at,updated_at,extension_attributes[category_links],custom_attributes",
    ),
    "customers": List("customers/search", "customers"),
    # Every line comes twice otherwise: once in the order, once in its shipping assignment.
    "orders": List(
        "orders",
        "orders",
        "entity_id",
        "entity_id,increment_id,quote_id,store_id,state,status,created_at,updated_at,customer_id,customer_is_guest,"
        "customer_email,customer_firstname,customer_lastname,order_currency_code,base_currency_code,base_to_order_rate,"
        "grand_total,base_grand_total,tax_amount,shipping_amount,shipping_tax_amount,shipping_incl_tax,discount_amount,total_refunded,total_paid,"
        f"coupon_code,items[{_LINE}],billing_address[{_ADDRESS}],payment[method],"
        f"extension_attributes[shipping_assignments[shipping[address[{_ADDRESS}]]],payment_additional_info]",
    ),
    "creditmemos": List(
        "creditmemos", "refunds", "entity_id", "entity_id,order_id,state,grand_total,created_at,comments[comment]"
    ),
    "invoices": List("invoices", "invoices", "entity_id", "entity_id,order_id,state,created_at"),
    "shipments": List(
        "shipments", "shipments", "entity_id", "entity_id,order_id,created_at,tracks[track_number,title,carrier_code]"
    ),
    "carts": List("carts/search", "carts"),
    "groups": List("customerGroups/search", "customer groups", id="customer_group_id"),
}


def _refunded(order: Raw) -> bool:
    return bool(order.get("total_refunded"))


def _paid(order: Raw) -> bool:
    return bool(order.get("total_paid"))


def _sent(order: Raw) -> bool:
    rows = order.get("items")
    return any(row.get("qty_shipped") for row in rows if isinstance(row, dict)) if isinstance(rows, list) else False


PAPERS: Mapping[str, Callable[[Raw], bool]] = {"creditmemos": _refunded, "invoices": _paid, "shipments": _sent}
"""What an order refers to and does not hold: the list it is in, and which orders have any."""
