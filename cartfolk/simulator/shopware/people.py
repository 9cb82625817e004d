"""People, goods and what belongs to the shop itself, as the Admin API shows them."""

from __future__ import annotations

from ..records import Category, Consent, Coupon, Customer, Order, Product, Variation
from ..world import World
from .documents import Json, address, float_of, named, stamp
from .words import HOME_CURRENCY, LIVE, STOREFRONT, uuid


def _times(world: World, created: int, modified: int, salt: int) -> Json:
    updated = modified if modified > created else None
    return {"createdAt": stamp(world, created, salt), "updatedAt": stamp(world, updated, salt)}


def customer(world: World, record: Customer) -> Json:
    """An account."""
    where = address(record.address, record.id)
    return {
        "id": uuid("customer", record.id),
        "customerNumber": str(10000 + record.id),
        "guest": False,
        "active": True,
        "email": record.email,
        "firstName": record.first_name,
        "lastName": record.last_name,
        "company": record.address.company or None,
        "group": named("group", len(record.role), record.role),
        "language": {"locale": {"code": "de-DE"}},
        "defaultBillingAddress": where,
        "defaultShippingAddress": where,
        **_times(world, record.created, record.modified, record.id),
    }


def customer_address(world: World, record: Customer) -> Json:
    times = _times(world, record.created, record.modified, record.id)
    return address(record.address, record.id) | {"customerId": uuid("customer", record.id)} | times


def guest(world: World, record: Order) -> Json:
    """The row a guest's order writes; each order another one."""
    where = address(record.billing, record.id)
    return {
        "id": uuid("guest", record.id),
        "customerNumber": f"G{record.id}",
        "guest": True,
        "active": True,
        "email": record.billing.email,
        "firstName": record.billing.first_name,
        "lastName": record.billing.last_name,
        "company": record.billing.company or None,
        "group": named("group", 1, "Standard-Kundengruppe"),
        "language": {"locale": {"code": "de-DE"}},
        "defaultBillingAddress": where,
        "defaultShippingAddress": where,
        **_times(world, record.created, record.created, record.id),
    }


def recipient(world: World, record: Customer, consent: Consent) -> Json:
    """A newsletter recipient: confirmed, or without confirmation, or gone again; some never answered."""
    fifth = record.id % 5
    status = ("direct" if fifth == 1 else "optIn") if consent.given else "notSet" if fifth == 2 else "optOut"
    registered = consent.at if status == "direct" else consent.at - 3600
    confirmed = consent.at if status == "optIn" else registered + 60 if fifth in (2, 3) else None
    return {
        "id": uuid("recipient", record.id),
        "email": record.email,
        "status": status,
        "confirmedAt": stamp(world, confirmed if status != "direct" else None),
        "salesChannelId": uuid("channel", 1),
        **_times(world, registered, consent.at, 0),
    }


def product(world: World, record: Product) -> Json:
    """A product; a variable one has its variations as products of their own."""
    return {
        "id": uuid("product", record.id),
        "versionId": LIVE,
        "parentId": None,
        "childCount": len(record.variations),
        "productNumber": record.sku or f"SW{record.id}",
        "name": record.name,
        "translated": {"name": record.name},
        "price": [_price(record.price, record.tax_percent)],
        "cover": {"media": {"url": record.image}},
        "categories": [category(world, world.categories[each]) for each in record.categories],
        "manufacturer": _manufacturer(record),
        "tags": [{"name": world.tags[each].name} for each in record.tags],
        **_times(world, record.created, record.modified, record.id),
    }


def variation(world: World, parent: Product, record: Variation, inherit: bool) -> Json:
    """What is not its own is null, unless inheritance was asked for."""
    name = parent.name if inherit else None
    return {
        "id": uuid("variation", record.id),
        "versionId": LIVE,
        "parentId": uuid("product", parent.id),
        "childCount": 0,
        "productNumber": record.sku or f"SW{record.id}",
        "name": name,
        "translated": {"name": name},
        "price": [_price(record.price, parent.tax_percent)],
        "cover": {"media": {"url": record.image}},
        "categories": [category(world, world.categories[each]) for each in parent.categories] if inherit else [],
        "manufacturer": _manufacturer(parent) if inherit else None,
        "tags": [{"name": world.tags[each].name} for each in parent.tags] if inherit else [],
        **_times(world, record.created, record.created, record.id),
    }


def _manufacturer(record: Product) -> Json:
    return {"name": record.brand, "translated": {"name": record.brand}}


def _price(cents: int, percent: int) -> Json:
    net = (cents * 200 + 100 + percent) // (2 * (100 + percent))
    return {"currencyId": HOME_CURRENCY, "gross": float_of(cents), "net": float_of(net), "linked": True}


def category(world: World, record: Category) -> Json:
    path, one = [record.name], record
    while one.parent:
        one = world.categories[one.parent]
        path.insert(0, one.name)
    return {
        "id": uuid("category", record.id),
        "versionId": LIVE,
        "parentId": uuid("category", record.parent) if record.parent else None,
        "name": record.name,
        "breadcrumb": ["Katalog #1", *path],
        "translated": {"name": record.name, "breadcrumb": ["Katalog #1", *path]},
        **_times(world, world.clock.start - 5 * 365 * 86400 + record.id, 0, record.id),
    }


def promotion(world: World, record: Coupon) -> Json:
    kind = {"percent": "percentage", "fixed_cart": "absolute"}.get(record.kind, record.kind)
    return {
        "id": uuid("coupon", record.id),
        "name": record.code,
        "code": record.code,
        "useCodes": True,
        "discounts": [{"scope": "cart", "type": kind, "value": float_of(record.amount)}],
        **_times(world, record.created, record.created, record.id),
    }


def currency(world: World) -> Json:
    return {"id": HOME_CURRENCY, "isoCode": world.home, "factor": 1, "createdAt": stamp(world, 0), "updatedAt": None}


def channels(world: World, base: str) -> list[Json]:
    """A channel without pages first: it is no address of the shop."""
    headless = {"id": uuid("channel", 2), "typeId": "f183ee5650cf4bdb8a774337575067a6", "name": "Headless"}
    pages = {"id": uuid("channel", 1), "typeId": STOREFRONT, "name": world.name}
    domains = [{"url": "default.headless0"}], [{"url": f"{base}/", "createdAt": stamp(world, 1)}]
    return [
        row | {"translated": {"name": row["name"]}, "domains": own, "createdAt": stamp(world, place), "updatedAt": None}
        for place, (row, own) in enumerate(zip((headless, pages), domains, strict=True))
    ]
