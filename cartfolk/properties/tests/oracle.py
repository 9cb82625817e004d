"""What every computed property must be: the published definitions in plain Python over rows of facts.

Written from docs/properties.md, not from the statement, and one contact at a time. States of carts and conversions
are taken as facts: they are commerce's, with an oracle of their own.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from psycopg.rows import dict_row

Row = dict[str, Any]
TABLES = (
    "contact", "orders", "order_line", "order_event", "cart", "cart_line", "cart_event", "customer",
    "consent_event", "conversion", "contact_custom",
)  # fmt: skip
CENT = Decimal("0.01")
STAGES = ["other", "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer",
          "evangelist"]  # fmt: skip
STEPS = ["Account created", "Newsletter subscribed", "Cart started", "Checkout started", "Abandoned Cart",
         "Cart recovered", "Order placed", "Order complete", "Last Order Summary"]  # fmt: skip
SUBSCRIPTION = ("last_subscription_order_number", "last_subscription_parent_order_number",
                "last_subscription_order_status", "last_subscription_order_creation_date",
                "last_subscription_order_paid_date", "last_subscription_order_completed_date",
                "related_last_order_creation_date", "related_last_order_paid_date", "related_last_order_completed_date",
                "last_subscription_trial_end_date", "last_subscription_next_payment_date",
                "last_subscription_billing_period", "last_subscription_billing_interval",
                "last_subscription_products")  # fmt: skip
OWN = ("firstname", "lastname", "phone", "address", "city", "state", "zip", "country", "company", "hs_language",
       *SUBSCRIPTION)  # fmt: skip


class Facts:
    """The rows of facts of all contacts, or of the named ones, by table and contact. The account's home currency
    must have two decimals."""

    def __init__(self, conn, contacts=None):
        only = "" if contacts is None else " where contact_id = any(%(contacts)s)"
        asked = {"contacts": contacts}
        self.rows: dict[str, dict[int, list[Row]]] = {name: defaultdict(list) for name in TABLES}
        with conn.cursor(row_factory=dict_row) as cursor:
            for name in TABLES:
                for row in cursor.execute(f"select * from {name}{only}", asked).fetchall():
                    self.rows[name][row["contact_id"]].append(row)
            self.rules = {r["store_id"]: r for r in cursor.execute("select * from store_rule").fetchall()}
            self.products = {
                (p["store_id"], p["external_id"]): p for p in cursor.execute("select * from product").fetchall()
            }
            self.names = defaultdict(list)
            for row in cursor.execute(f"select * from identity{only}", asked).fetchall():
                self.names[row["contact_id"]].append(row)
        self.home = self.rules[min(self.rules)]["home_currency"]


def expected(facts: Facts, contact: int, at: datetime) -> Row:
    """Every computed property of the contact as of ``at``."""
    rows = {name: facts.rows[name][contact] for name in TABLES}
    own = rows["contact_custom"][0] if rows["contact_custom"] else {}
    orders = _orders(facts, rows)
    carts = sorted(rows["cart"], key=lambda c: (c["version"], *_tie(c)), reverse=True)
    accounts = sorted(
        (c for c in rows["customer"] if not c["deleted_at"]),
        key=lambda c: (c["registered"], c["version"], c["received_at"], *_tie(c)), reverse=True,
    )  # fmt: skip
    told: Row = {"hs_object_id": contact}
    told |= _newest(orders) | _money(orders, at) | _products(facts, rows, orders) | _left_cart(facts, rows)
    told |= _consent(rows["consent_event"]) | _steps(rows["conversion"]) | _origin(orders, carts)
    told |= _subscription(rows)
    told |= _person(facts, contact, orders, carts, accounts)
    made = _created(rows, orders, carts, accounts)
    told["createdate"] = made or rows["contact"][0]["first_seen"]
    told |= _stages(rows, orders, carts, accounts, own, told["createdate"])
    told["hs_analytics_revenue"] = told["total_revenue"] = told["total_value_of_orders"]
    told["recent_deal_amount"], told["recent_deal_close_date"] = told["last_order_value"], told["last_order_date"]
    told["closedate"] = told["first_order_date"]
    told["days_to_close"] = (told["closedate"] - told["createdate"]).days if told["closedate"] else None
    return told | {name: own[name] for name in OWN if own.get(name) is not None}


def _tie(row):
    return row["store_id"], len(row["external_id"]), row["external_id"]


def _first(items):
    return next((item for item in items if item not in (None, "")), None)


def _least(*items):
    return min((item for item in items if item is not None), default=None)


def _cents(value):
    return None if value is None else value.quantize(CENT, ROUND_HALF_UP)


def _web(value):
    return value if value and re.match("https?://", value, re.I) else None


def _words(items):
    return sorted({item for item in items if item is not None}) or None


def _orders(facts, rows):
    """From the newest, each with whether it counts, ever counted, its rate and its value."""
    found = []
    for order in rows["orders"]:
        if order["deleted_at"] or order["status"] == "ignored":
            continue
        rule = facts.rules[order["store_id"]]
        rate = order["rate"] if rule["home_currency"] == facts.home else None
        rate = Decimal(1) if order["currency"] == facts.home else rate
        statuses = {e["status"] for e in rows["order_event"] if e["order_id"] == order["order_id"]} | {order["status"]}
        found.append(order | {
            "counted": order["status"] in rule["counted"], "ever": bool(statuses & set(rule["counted"])), "rate": rate,
            "value": None if rate is None else (order["total"] - order["refunded"]) * rate,
        })  # fmt: skip
    return sorted(found, key=lambda o: (o["placed_at"], *_tie(o)), reverse=True)


def _newest(orders):
    order = orders[0] if orders else {}
    return {
        "last_order_status": order.get("status_raw"), "last_order_order_number": order.get("number"),
        "last_order_fulfillment_status": order.get("fulfilment_status"),
        "last_order_tracking_number": order.get("tracking_number"),
        "last_order_tracking_url": _web(order.get("tracking_url")),
        "last_order_shipment_carrier": order.get("tracking_carrier"),
        "last_order_shipment_date": order.get("shipped_at"),
        "total_number_of_current_orders": sum(o["status"] == "pending" for o in orders),
        "num_associated_deals": len(orders), "first_deal_created_date": orders[-1]["placed_at"] if orders else None,
    }  # fmt: skip


def _subscription(rows):
    """The newest one, the order it began with, and the newest order any of them led to."""
    there = sorted((o for o in rows["orders"] if not o["deleted_at"]), key=lambda o: (o["placed_at"], *_tie(o)))
    ours = [o for o in there if o["subscription"] is not None]
    if not ours:
        return dict.fromkeys(SUBSCRIPTION)
    newest, terms = ours[-1], ours[-1]["subscription"]
    orders = [o for o in there if o["status"] != "ignored"]
    began = next((o for o in orders if o["store_id"] == newest["store_id"]
                  and o["external_id"] == terms.get("parent_id")), {})  # fmt: skip
    renewal = next((o for o in reversed(orders) if o["renewal_of"] is not None), {})
    times = [terms.get(name) and datetime.fromisoformat(terms[name]) for name in ("trial_ends_at", "next_payment_at")]
    interval = terms.get("interval")
    lines = [one for one in rows["order_line"] if one["order_id"] == newest["order_id"]]
    values = (
        newest["number"], began.get("number") or terms.get("parent_id"), newest["status_raw"], newest["placed_at"],
        began.get("paid_at"), began.get("completed_at"), renewal.get("placed_at"), renewal.get("paid_at"),
        renewal.get("completed_at"), *times, terms.get("period"), None if interval is None else str(interval),
        sorted({one["name"] for one in lines if one["name"]}) or None,
    )  # fmt: skip
    return dict(zip(SUBSCRIPTION, values, strict=True))


def _money(orders, at):
    counted = [o for o in orders if o["counted"]]
    values = [o["value"] for o in counted if o["value"] is not None]
    total = _cents(sum(values)) if values else None
    first, last = (counted[-1], counted[0]) if counted else ({}, {})
    monetary = frequency = recency = gap = None
    if total is not None:
        monetary = "5" if total > 1000 else str(1 + sum(total >= edge for edge in (250, 500, 750)))
    if counted:
        frequency = "5" if len(counted) > 20 else str(1 + sum(len(counted) >= edge for edge in (2, 5, 10)))
        days = (at - last["placed_at"]) // timedelta(hours=24)
        recency = str(5 - sum(days > edge for edge in (30, 90, 180, 360)))
    if len(counted) > 1:
        micros = (last["placed_at"] - first["placed_at"]) // timedelta(microseconds=1)
        gap = _cents(Decimal(micros) / 1_000_000 / (len(counted) - 1) / 86400)
    return {
        "total_value_of_orders": total, "total_number_of_orders": len(counted),
        "average_order_value": _cents(sum(values) / len(values)) if values else None,
        "first_order_value": _cents(first.get("value")), "first_order_date": first.get("placed_at"),
        "last_order_value": _cents(last.get("value")), "last_order_date": last.get("placed_at"),
        "last_order_currency": last.get("currency"), "average_days_between_orders": gap,
        "monetary_rating": monetary, "order_frequency_rating": frequency, "order_recency_rating": recency,
    }  # fmt: skip


def _token(line, product):
    if line["product_id"] is not None:
        return f"{product.get('slug') or 'p'}-{line['product_id']}"
    return line["sku"]


def _sku(line, product):
    return _first([line["sku"], product.get("sku"), line["product_id"]])


def _plain(number):
    return format(number.normalize(), "f")


def _rounded(amount, currency):
    """ISO 4217: the yen has no hundredths, the dinar of Kuwait has thousandths."""
    step = {"JPY": Decimal(1), "KWD": Decimal("0.001")}.get(currency, CENT)
    return amount.quantize(step, ROUND_HALF_UP)


def _table(lines, currency, *, cart=False):
    """The lines as people see them in an e-mail; every text of the shop is escaped."""
    coin = f" {html.escape(currency)}" if currency else ""
    amounts = ("price", "total") if cart else ("price", "discount", "total")
    cells = []
    for line, product in lines:
        image, url = (_web(_known(line[key], product.get(key))) for key in ("image_url", "url"))
        name = html.escape(line["name"]).replace("&#x27;", "&#39;")
        row = [
            f'<img src="{html.escape(image)}" alt="" width="80">' if image else "",
            f'<a href="{html.escape(url)}">{name}</a>' if url else name,
            _plain(line["quantity"]),
            *("" if line[key] is None else f"{_rounded(line[key], currency)}{coin}" for key in amounts),
        ]
        cells.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>")
    return "<table>" + "".join(cells) + "</table>" if cells else None


def _known(one, other):
    return other if one is None else one


def _lines(facts, rows, table, key, owner):
    found = sorted((x for x in rows[table] if x[key] == owner[key]), key=lambda x: x["position"])
    return [(x, facts.products.get((owner["store_id"], x["product_id"]), {})) for x in found]


def _products(facts, rows, orders):
    counted = [o for o in orders if o["counted"]]
    bought = [(o, _lines(facts, rows, "order_line", "order_id", o)) for o in counted]
    every, last = [pair for _, lines in bought for pair in lines], bought[0][1] if bought else []
    told = {
        "last_product_bought": _token(*last[-1]) if last else None,
        "last_products_bought_html": _table(last, counted[0]["currency"]) if last else None,
        "last_total_number_of_products_bought": sum(x["quantity"] for x, _ in last) if last else None,
        "total_number_of_products_bought": sum(x["quantity"] for x, _ in every),
    }
    for prefix, lines in (("last_", last), ("", every)):
        told[f"{prefix}products_bought"] = _words(_token(*pair) for pair in lines)
        told[f"{prefix}product_types_bought"] = _words(p.get("type") for _, p in lines)
        told[f"{prefix}categories_bought"] = _words(c for _, p in lines for c in p.get("categories", ()))
        told[f"{prefix}skus_bought"] = _words(_sku(*pair) for pair in lines)
    recent = [(o, *pair) for o, lines in bought[:3] for pair in lines][:3]
    for n in (1, 2, 3):
        order, line, product = recent[n - 1] if len(recent) >= n else ({}, {}, {})
        price, rate = line.get("price"), order.get("rate")
        told |= {
            f"last_products_bought_product_{n}_{key}": value
            for key, value in (
                ("name", line.get("name")),
                ("price", _cents(price * rate) if None not in (price, rate) else None),
                ("url", _web(_known(line.get("url"), product.get("url")))),
                ("image_url", _web(_known(line.get("image_url"), product.get("image_url")))),
            )
        }
    return told


def _left_cart(facts, rows):
    left = [c for c in rows["cart"] if c["state"] == "abandoned"]
    cart = max(left, key=lambda c: (c["abandoned_at"] or c["version"], *_tie(c)), default={})
    lines = _lines(facts, rows, "cart_line", "cart_id", cart) if cart else []
    return {
        "current_abandoned_cart": "yes" if cart else "no", "abandoned_cart_date": cart.get("abandoned_at"),
        "abandoned_cart_counter": sum(x["quantity"] for x, _ in lines), "abandoned_cart_url": _web(cart.get("url")),
        "abandoned_cart_products_skus": _words(_sku(*pair) for pair in lines),
        "abandoned_cart_products_categories": _words(c for _, p in lines for c in p.get("categories", ())),
        "abandoned_cart_products": _words(_token(*pair) for pair in lines),
        "abandoned_cart_products_html": _table(lines, cart.get("currency"), cart=True) if cart else None,
        "abandoned_cart_tax_value": cart.get("tax"), "abandoned_cart_subtotal": cart.get("subtotal"),
        "abandoned_cart_total_value": cart.get("total"), "abandoned_cart_currency": cart.get("currency"),
    }  # fmt: skip


def _mail(events):
    return [e for e in events if (e["channel"], e["purpose"]) == ("email", "marketing")]


def _consent(events):
    events = _mail(events)
    withdrawn = max((e["at"] for e in events if e["status"] == "withdrawn"), default=None)
    later = [e for e in events if withdrawn is None or e["at"] > withdrawn]
    valid = [e for e in later if e["status"] == "granted"
             and (withdrawn is None or e["source"] not in ("import", "sync"))]  # fmt: skip
    confirmed = any(e["status"] == "granted" and e["source"] == "double opt-in" for e in later)
    asked = any(e["status"] == "pending" for e in later)
    return {
        "newsletter_subscription": "yes" if valid else "no" if withdrawn else None,
        "marketing_newsletter": _words(
            e["source"] if e["source"] in ("checkout", "registration") else "other" for e in valid
        ),
        "hs_marketable_status": "true" if valid else "false",
        "hs_email_optout": withdrawn is not None and not valid,
        "hs_emailconfirmationstatus": "CONFIRMED" if confirmed else "PENDING" if asked and not valid else None,
    }


def _steps(conversions):
    steps = sorted(conversions, key=lambda c: (c["at"], STEPS.index(c["name"])))
    first, last = (steps[0], steps[-1]) if steps else ({}, {})
    return {
        "first_conversion_event_name": first.get("name"), "first_conversion_date": first.get("at"),
        "recent_conversion_event_name": last.get("name"), "recent_conversion_date": last.get("at"),
        "num_conversion_events": len(steps), "num_unique_conversion_events": len({c["name"] for c in steps}),
    }  # fmt: skip


def _traffic(came):
    kind, source, medium = (str(came.get(key) or "").lower() for key in ("source_type", "source", "medium"))
    social = "facebook|instagram|twitter|linkedin|pinterest|tiktok"
    if kind in ("admin", "mobile_app"):
        return "OFFLINE"
    if kind in ("typein", "direct"):
        return "DIRECT_TRAFFIC"
    if kind == "organic":
        return "ORGANIC_SEARCH"
    if kind == "referral":
        known = re.search(rf"{social}|(^|\.)x\.com|(^|\.)t\.co$|youtube|reddit|mastodon", source)
        return "SOCIAL_MEDIA" if known else "REFERRALS"
    if re.search("e-?mail|newsletter", medium):
        return "EMAIL_MARKETING"
    if medium in ("cpc", "ppc", "cpm", "sem") or medium.startswith("paid"):
        return "PAID_SOCIAL" if "social" in medium or re.search(social, source) else "PAID_SEARCH"
    if "social" in medium:
        return "SOCIAL_MEDIA"
    if medium in ("organic", "referral"):
        return {"organic": "ORGANIC_SEARCH", "referral": "REFERRALS"}[medium]
    return "OTHER_CAMPAIGNS" if kind == "utm" or came.get("campaign") is not None else None


def _origin(orders, carts):
    """Where the person came from; at one moment an order speaks before a cart."""
    told_orders = [(o["placed_at"], o["attribution"]) for o in orders if o["attribution"] is not None]
    told_carts = sorted(((c["created_at"], -place, c["attribution"]) for place, c in enumerate(carts)
                         if c["attribution"] is not None), key=lambda x: x[:2], reverse=True)  # fmt: skip
    told_carts = [(when, came) for when, _, came in told_carts]
    ends = []
    for place, newer in ((-1, False), (0, True)):
        order = told_orders[place] if told_orders else None
        cart = told_carts[place] if told_carts else None
        if order and cart:
            ends.append(order if (order[0] >= cart[0] if newer else order[0] <= cart[0]) else cart)
        else:
            ends.append(order or cart or (None, {}))
    (first_at, first), (last_at, last) = ends
    pages = [int(o["attribution"]["pages"]) for o in orders if (o["attribution"] or {}).get("pages") is not None]
    seen = [int(c["attribution"]["pages"]) for c in carts if (c["attribution"] or {}).get("pages") is not None]
    visits = [int(x["attribution"]["visits"]) for x in (*orders, *carts)
              if (x["attribution"] or {}).get("visits") is not None]  # fmt: skip
    views, sessions = sum(pages) if pages else max(seen, default=None), max(visits, default=None)
    told = {}
    for came, source, end in ((first, "hs_analytics_source", "first"), (last, "hs_latest_source", "last")):
        told |= {
            source: _traffic(came) if came else None, f"{source}_data_1": came.get("source"),
            f"{source}_data_2": _known(came.get("campaign"), came.get("medium")),
            f"hs_analytics_{end}_url": _web(came.get("entry_url")),
            f"hs_analytics_{end}_referrer": _web(came.get("referrer")),
            f"hs_analytics_{end}_touch_converting_campaign": came.get("campaign"),
        }  # fmt: skip
    moments = [o["placed_at"] for o in orders]
    return told | {
        "hs_latest_source_timestamp": last_at, "hs_analytics_first_visit_timestamp": first_at,
        "hs_analytics_last_visit_timestamp": last_at,
        "hs_analytics_first_timestamp": min([*moments, *(c["created_at"] for c in carts)], default=None),
        "hs_analytics_last_timestamp": max([*moments, *(c["version"] for c in carts)], default=None),
        "hs_analytics_num_page_views": views, "hs_analytics_num_visits": sessions,
        "hs_analytics_average_page_views": None if None in (views, sessions) else _cents(Decimal(views) / sessions),
    }  # fmt: skip


def _person(facts, contact, orders, carts, accounts):
    names = sorted(facts.names[contact], key=lambda n: n["value"])
    names.sort(
        key=lambda n: (not (n["store_id"] == 0 and n["strength"] == 1), n["strength"], n["version"]), reverse=True
    )
    registered = [a for a in accounts if a["registered"]]
    newest = orders[0] if orders else {}
    billing_of_order, shipping_of_order = newest.get("billing") or {}, newest.get("shipping_address") or {}
    emails = [n for n in names if n["kind"] == "email"]
    mail = _first([
        *(n["original"] for n in emails if n["store_id"] == 0 and n["strength"] == 2),
        *(a["email"] for a in registered), *(o["email"] for o in orders), *(c["email"] for c in carts),
        *(n["original"] for n in emails),
    ])  # fmt: skip
    mail = mail.strip() if mail else None
    normal = unicodedata.normalize("NFC", mail).lower() if mail else None
    named = next((x for x in (*accounts, newest, billing_of_order, *carts)
                  if x.get("first_name") or x.get("last_name")), {})  # fmt: skip
    places = {}
    for kind, other in (("billing", billing_of_order), ("shipping", shipping_of_order)):
        of_accounts = (a[kind] for a in accounts if a[kind])
        places[kind] = next((x for x in of_accounts if any(x.get(k) for k in ("line1", "city", "postal_code"))), other)
    billing = places["billing"]
    groups = _words(g for a in registered for g in a["groups"])
    guest = not registered and any(o["customer_id"] is None for o in orders)
    home = _first([a["store_id"] for a in accounts[:1]] + [newest.get("store_id")] + [c["store_id"] for c in carts[:1]])
    told = {
        "customer_group": groups or (["guest"] if guest else None),
        "shopping_cart_customer_id": registered[0]["external_id"] if registered else None,
        "customer_source_store": facts.rules[home]["name"] if home else None,
        "account_creation_date": _least(*(a["created_at"] for a in registered)),
        "firstname": (named.get("first_name") or "").strip() or None,
        "lastname": (named.get("last_name") or "").strip() or None,
        "email": mail, "hs_email_domain": (mail or "").lower().partition("@")[2] or None,
        "hs_additional_emails": [n["value"] for n in emails if n["value"] != normal] or None,
        "phone": _first([
            *(a["phone"] for a in accounts), newest.get("phone"), billing_of_order.get("phone"),
            *(c["phone"] for c in carts), *(n["original"] for n in names if n["kind"] == "phone"),
        ]),
        "company": _first([*(a["company"] for a in accounts), billing.get("company")]),
        "hs_language": _first(a["language"] for a in accounts),
        "address": ", ".join(x for x in (billing.get("line1"), billing.get("line2")) if x) or None,
        "city": billing.get("city"), "state": billing.get("state"), "zip": billing.get("postal_code"),
        "country": billing.get("country"),
    }  # fmt: skip
    for kind, place in places.items():
        for key, name in (("line1", "address_line_1"), ("line2", "address_line_2"), ("city", "city"),
                          ("state", "state"), ("postal_code", "postal_code"), ("country", "country")):  # fmt: skip
            told[f"{kind}_{name}"] = place.get(key)
    return told


def _created(rows, orders, carts, accounts):
    return _least(
        *(a["created_at"] for a in accounts if a["registered"]), *(o["placed_at"] for o in orders),
        *(c["created_at"] for c in carts), *(e["at"] for e in _mail(rows["consent_event"])),
    )  # fmt: skip


def _stages(rows, orders, carts, accounts, own, created):
    """When each stage was first reached, and the furthest: by hand, or by what happened after that moment."""
    grants = [e["at"] for e in _mail(rows["consent_event"]) if e["status"] == "granted"]
    opened = [a["created_at"] for a in accounts if a["registered"] and a["created_at"]]
    leads = opened + [c["created_at"] for c in carts]
    checkouts = [c["checkout_at"] for c in carts if c["checkout_at"]]
    placed, counted = [o["placed_at"] for o in orders], sorted(o["placed_at"] for o in orders if o["ever"])
    reached = {"subscriber": grants, "lead": leads, "marketingqualifiedlead": checkouts, "opportunity": placed,
               "customer": counted, "evangelist": counted[4:]}  # fmt: skip
    since = own.get("lifecyclestage_set_at")
    facts = [s for s, moments in reached.items() if any(since is None or moment > since for moment in moments)]
    if since is None and any(a["registered"] for a in accounts):
        facts.append("lead")
    stage = max([*facts, own.get("lifecyclestage") or "other"], key=STAGES.index)
    told = {"lifecyclestage": stage}
    for name in STAGES:
        by_hand = own.get(f"hs_lifecyclestage_{name}_date")
        told[f"hs_lifecyclestage_{name}_date"] = _least(by_hand, *reached.get(name, ()))
    if stage == "other":
        told["hs_lifecyclestage_other_date"] = _known(own.get("hs_lifecyclestage_other_date"), created)
    return told
