"""The shop's goods: categories, products with variations, coupons."""

from __future__ import annotations

from random import Random

from .names import COLOURS, SHELVES, SIZES, STYLES, TAGS
from .records import Category, Coupon, Product, Variation
from .world import World

_IMAGE = "https://shop.example.com/wp-content/uploads/{}.jpg"


def stock(world: World, rng: Random, opened: int, count: int = 140) -> None:
    """Fill the shelves of a shop that opened at `opened` (UTC seconds) with `count` products."""
    categories = _shelve(world)
    for _ in range(count):
        shelf = SHELVES[min(int(rng.random() ** 1.1 * len(SHELVES)), len(SHELVES) - 1)]
        category, _parent, tax, (low, high), nouns = shelf
        name = f"{rng.choice(STYLES)} {rng.choice(nouns)}"
        created = opened + rng.randrange(0, 200 * 86400)
        product_id = world.next_id(rng.randint(1, 3))
        slug = _slug(name) + f"-{product_id}"
        roll = rng.random()
        kind = "variable" if roll < 0.35 and category in ("Clothing", "Men", "Women", "Home") else "simple"
        if kind == "simple" and roll > 0.97:
            kind = "grouped" if roll > 0.985 else "external"
        price = rng.randrange(low, high, 100) + 90 if category != "Gift cards" else rng.choice((1000, 2500, 5000))
        product = Product(
            id=product_id,
            name=name,
            slug=slug,
            # One in twelve has no article number at all.
            sku="" if rng.random() < 0.08 else f"CF-{product_id:05d}",
            kind=kind,
            price=price,
            tax_percent=tax,
            categories=tuple(sorted({categories[category].id, categories[category].parent} - {0})),
            tags=tuple(sorted(rng.sample(sorted(world.tags), rng.randint(0, 2)))),
            image=_IMAGE.format(slug),
            created=created,
            modified=created + rng.randrange(0, 300 * 86400),
            description=f"<p>{name} &ndash; made to last.</p>",
            virtual=category == "Gift cards",
            status="draft" if rng.random() < 0.02 else "publish",
        )
        if kind == "variable":
            _vary(world, rng, product)
        world.products[product.id] = product
    for code, coupon_kind, amount in (
        ("welcome5", "fixed_cart", 500),
        ("spring10", "percent", 1000),
        ("VIP20", "percent", 2000),
        ("freeship", "free_shipping", 0),
        ("danke-15€", "fixed_cart", 1500),
    ):
        coupon_id = world.next_id()
        world.coupons[coupon_id] = Coupon(coupon_id, code, coupon_kind, amount, opened)


def _shelve(world: World) -> dict[str, Category]:
    term = 15  # WordPress terms have their own sequence; "Uncategorized" comes first
    world.categories[term] = Category(term, "Uncategorized", "uncategorized")
    by_name: dict[str, Category] = {}
    for name, parent, *_rest in SHELVES:
        term += 1
        by_name[name] = Category(term, name, _slug(name), by_name[parent].id if parent else 0)
        world.categories[term] = by_name[name]
    for name in TAGS:
        term += 1
        world.tags[term] = Category(term, name, name)
    return by_name


def _vary(world: World, rng: Random, product: Product) -> None:
    for colour in rng.sample(COLOURS, rng.randint(1, 3)):
        for size in rng.sample(SIZES, rng.randint(1, 3)):
            product.variations.append(
                Variation(
                    id=world.next_id(),
                    sku=f"{product.sku}-{colour[:2].upper()}-{size}" if product.sku else "",
                    price=product.price + 100 * rng.randrange(0, 5),
                    options=(("pa_color", colour), ("size", size)),
                    image=product.image.replace(".jpg", f"-{_slug(colour)}.jpg"),
                    created=product.created,
                )
            )


def _slug(text: str) -> str:
    plain = text.lower().replace("&amp;", "").replace("ü", "u").replace("ö", "o").replace("ä", "a")
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in plain).split()
    return "-".join(words)
