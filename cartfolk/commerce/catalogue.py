"""A shop's catalogue: products, categories, coupons; and whom a changed product concerns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cartfolk.connectors.canonical import Category, Coupon, Deleted, Product, Record
from cartfolk.core.sql import Connection, Statements

from .stage import as_json, clean

Q = Statements.beside(__file__, "catalogue.sql")

_DELETE = {"product": "delete_products", "category": "delete_categories", "coupon": "delete_coupons"}


def write_catalogue(
    conn: Connection, store_id: int, records: Sequence[Record], received_at: datetime, lane: int
) -> None:
    """Applies products, categories, coupons and their deletions (``bury`` those first). When what properties
    show of a product changed, everybody who has it in an order or a cart goes into the dirty queue of ``lane``.

    Raises ``TypeError`` for a record of another kind.
    """
    products: dict[str, Product] = {}
    categories: dict[str, Category] = {}
    coupons: dict[str, Coupon] = {}
    deleted: dict[str, dict[str, datetime]] = {}
    for record in records:
        if isinstance(record, Product):
            known = products.get(record.external_id)
            if known is None or record.updated_at >= known.updated_at:
                products[record.external_id] = record
        elif isinstance(record, Category):
            categories[record.external_id] = record
        elif isinstance(record, Coupon):
            former = coupons.get(record.external_id)
            if former is None or record.updated_at >= former.updated_at:
                coupons[record.external_id] = record
        elif isinstance(record, Deleted) and record.kind in _DELETE:
            times = deleted.setdefault(record.kind, {})
            times[record.external_id] = max(record.at, times.get(record.external_id, record.at))
        else:
            raise TypeError(f"{type(record).__name__} is no part of a catalogue.")
    same = {"store": store_id, "received_at": received_at}
    conn.execute(Q["hold_catalogue" if deleted else "share_catalogue"], {"store": store_id})
    if categories:
        conn.execute(Q["upsert_categories"], same | {"rows": as_json([_category(c) for c in categories.values()])})
        conn.execute(Q["bury_category"], _keys(store_id, categories))
    if coupons:
        conn.execute(Q["upsert_coupons"], same | {"rows": as_json([_coupon(c) for c in coupons.values()])})
        conn.execute(Q["confirm_coupon"], same | _keys(store_id, coupons) | {"versions": _versions(coupons)})
        conn.execute(Q["bury_coupon"], _keys(store_id, coupons))
    if products:
        _products(conn, same, products, lane)
    for kind, times in deleted.items():
        conn.execute(
            Q[_DELETE[kind]],
            {"store": store_id, "externals": list(times), "times": list(times.values())},
        )


def _keys(store_id: int, externals: Iterable[str]) -> dict[str, Any]:
    return {"store": store_id, "externals": [clean(one) for one in externals]}


def _versions(records: Mapping[str, Product] | Mapping[str, Coupon]) -> list[datetime]:
    return [record.updated_at for record in records.values()]


def _products(conn: Connection, same: dict[str, Any], products: Mapping[str, Product], lane: int) -> None:
    query = _keys(same["store"], products)
    before = {row[0]: row[1:] for row in conn.execute(Q["products_now"], query)}
    conn.execute(Q["upsert_products"], same | {"rows": as_json([_product(p) for p in products.values()])})
    conn.execute(Q["confirm_product"], same | query | {"versions": _versions(products)})
    conn.execute(Q["bury_product"], query)
    after = {row[0]: row[1:] for row in conn.execute(Q["products_now"], query)}
    changed = [product for product, shown in after.items() if before.get(product) != shown]
    if changed and _has_lines(conn, same["store"]):
        conn.execute(Q["mark_buyers"], {"store": same["store"], "products": changed, "lane": lane})


def _has_lines(conn: Connection, store_id: int) -> bool:
    row = conn.execute(Q["store_has_lines"], {"store": store_id}).fetchone()
    return bool(row and row[0])


def _product(product: Product) -> dict[str, Any]:
    return {
        "external_id": product.external_id, "version": product.updated_at.isoformat(), "name": product.name,
        "slug": product.slug, "sku": product.sku, "type": product.type, "categories": list(product.categories),
        "brand": product.brand, "tags": list(product.tags),
        "url": product.url, "image_url": product.image_url, "parent_id": product.parent_id,
        "price": None if product.price is None else str(product.price),
    }  # fmt: skip


def _category(category: Category) -> dict[str, Any]:
    return {
        "external_id": category.external_id,
        "name": category.name,
        "slug": category.slug,
        "parent_id": category.parent_id,
    }


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return {
        "external_id": coupon.external_id,
        "version": coupon.updated_at.isoformat(),
        "code": coupon.code,
        "kind": coupon.kind,
        "amount": None if coupon.amount is None else str(coupon.amount),
    }
