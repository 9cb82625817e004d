"""Risk: a page that somebody cannot read, reach or hear: axe-core over every page in four looks.

Every address that answers an owner with a page is looked at, with its menus opened; a new one is found by itself.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from django.urls import URLPattern

from cartfolk import consent_links, erasure, merging
from cartfolk.connectors.canonical import BadRecord, Consent, ConsentStatus, Customer, OrderStatus, Refund
from cartfolk.contact_files import jobs, upload
from cartfolk.contact_files.columns import Chosen
from cartfolk.core.sql import Connection
from cartfolk.inbox import quarantine
from cartfolk.inbox.files import ledger
from cartfolk.properties import definitions, recompute
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.write import Mode, Write, write
from cartfolk.segments import build, stored
from cartfolk.web import members, tokens
from cartfolk.web.models import BulkEdit, Member
from cartfolk.web.roles import Role
from cartfolk.web.urls import urlpatterns

from .failures.scene import Scene

sync_api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe: Any = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install the package chromium"),
]
STANDARD = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ALSO = ["heading-order", "page-has-heading-one", "landmark-one-main", "region", "empty-table-header"]
# What a theme changes, and what a width does besides: sizes, what scrolls, what is there at all.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
SIZES = {"type": "rule", "values": [*COLOURS["values"], "target-size", "scrollable-region-focusable", "heading-order",
                                    "region"]}  # fmt: skip
LOOKS = [(1440, "light", STANDARD, ALSO), (1440, "dark", COLOURS, []), (390, "dark", SIZES, []),
         (390, "light", COLOURS, [])]  # fmt: skip
RUN = """async ([only, more]) => {
  const rules = Object.fromEntries(more.map(rule => [rule, { enabled: true }]));
  const options = { runOnly: only, resultTypes: ["violations"], rules };
  const found = await axe.run(document, options);
  return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 160) + " " +
    (node.any.concat(node.all, node.none)[0] || {}).message]));
}"""
OUTSIDE = """() => {  // what hangs out of the window: only what lies in a box that scrolls by itself may
  const found = [...document.body.querySelectorAll("*:not(.skip, .unseen, option)")].filter(one => {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || (box.left > -1 && box.right < innerWidth + 1)) return false;
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible" || up.matches(".unseen, svg")) return false;
    return true;
  });
  const name = one => one.cloneNode(false).outerHTML.slice(0, 160);
  const wide = document.scrollingElement.scrollWidth;
  return [...found.map(name), ...(wide > innerWidth && !found.length ? [`the page is ${wide} px wide`] : [])];
}"""
SIDEWAYS = """() => [...document.querySelectorAll(".table:has(> .stacked, > .compare)")]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.firstElementChild.className)"""
PAPER = """() => {  // what is handed over on paper is whole, light, and has nothing to press
  const long = document.createElement("pre"); // as raw deliveries are
  long.textContent = "x\\n".repeat(99);
  document.querySelector(".card").append(long);
  const shown = what => [...document.querySelectorAll(what)].filter(one => one.checkVisibility()).map(() => what);
  const cut = [...document.querySelectorAll("pre, .card")].filter(one => one.scrollHeight > one.clientHeight + 1 &&
    getComputedStyle(one).overflowY !== "visible").map(one => "cut " + one.tagName);
  const dark = getComputedStyle(document.body).backgroundColor;
  return [...shown("nav"), ...shown("button"), ...cut, ...(dark === "rgb(255, 255, 255)" ? [] : [dark])];
}"""
FEW = """() => {  // rows that look like those before them are not looked at again
  for (const many of document.querySelectorAll("tbody, ol, ul, dl, select, datalist, .scroll, .groups"))
    [...many.children].slice(many.matches("dl") ? 8 : 5).forEach(one => one.remove());
}"""
TRAPS = """<html lang=en><title>x</title><main><h1>x</h1><h3>y</h3><img src=x><p>Pale when it is dark, and too wide</p>
<style>p { width: 400px } @media (prefers-color-scheme: dark) { p { color: #ccc } }</style></main>"""
QUERIES = {  # what a page needs to be told
    "contacts-merge": "?ids={contact_id},{other}",
    "contacts-edit": "?ids={contact_id}&property=jobtitle",
    "contacts-list": "?ids={contact_id}",
    "contacts-erase": "?ids={contact_id}&ids={other}",
    "privacy-erase": "?who={contact_id}",
    "contacts": "?q=mia",
    "segment": "?contact={contact_id}",
}
NOT_PAGES = {"contacts-export", "contact-everything", "language", "sign-out"}


@pytest.fixture
def lived(conn: Connection, database: str) -> dict[str, str]:
    """An account in which every kind of thing is there; returns what stands in the addresses."""
    shop = Scene(conn, database)
    mia, ben = shop.email("mia"), shop.email("ben")
    refund = Refund("r1", Decimal("3.00"), shop.at, "Broken")
    shop.tell(
        Customer("1", mia, shop.ago(days=9), first_name="Mia", last_name="Koch", phone="+49 30 5550100"),
        shop.order(1, email=mia, customer_id="1", refunds=(refund,)),
        shop.order(2, email=mia, customer_id="1", status=OrderStatus.CANCELLED),
        shop.cart(shop.ago(hours=9), "open", email=mia),
        Consent(ConsentStatus.GRANTED, shop.ago(days=2), "checkout", email=mia, wording="Yes, write to me"),
        Customer("2", ben, shop.ago(days=9), first_name="Mia", last_name="Koch", phone="+49 30 5550100"),
        *(shop.order(n, email=shop.email(f"p{n}")) for n in range(10, 40)),
    )
    contact = shop.contact(mia)
    write(conn, [Write(contact, {"jobtitle": "Baker"})], mode=Mode.OVERWRITE, source="user", by="user:1")
    merging.merge(conn, contact, [shop.contact(shop.email("p10"))], "the same", "user:1")
    definitions.create_group(conn, "sizes", "Sizes", "Größen", by="user:1")
    definitions.create(
        conn,
        Property(
            name="shoe_size", label_en="Shoe size", label_de="Schuhgröße", group="sizes", type="enumeration",
            definition_en="Of feet", definition_de="Der Füße", computed=False, custom=True, multi=True,
            options=(Option("s", "Small", "Klein"), Option("l", "Large", "Groß")),
        ),
        by="user:1",
    )  # fmt: skip
    bad = BadRecord("order", "77", "total", "is no number: correct it in the shop, then retry", json.dumps({"id": 77}))
    quarantine.put(conn, [quarantine.Bad(shop.store, "orders", bad, shop.at)])
    buyers = {"type": "event", "event": "order", "measure": "count", "operator": "greater_equal", "value": 1}
    segment = stored.create(conn, "Buyers", {"version": 1, "root": buyers}, "user:1")
    build.build(conn, segment)
    entry = upload.keep("people.csv", [b"E-Mail;Vorname\nann@x.de;Ann\nwrong;Eve\n"])
    chosen = Chosen(columns={"E-Mail": "email", "Vorname": "firstname"}, decimal=",").written()
    proof = erasure.erase(conn, contacts=[shop.contact(shop.email("p11"))], by="user:1")
    edit = BulkEdit.objects.create(
        by="user:1", created_at=shop.at, property="jobtitle", mode="overwrite", value="Baker", state="done", total=3,
        done=3, changed=2, refused=1, reason="is too long",
    )  # fmt: skip
    told = {"site": "shop.example", "stranger": "copy.example"}
    conn.execute("update stores_store set learned = learned || %s", [json.dumps(told)])
    number = ledger.add(conn, "contacts", "user:1", [entry], chosen)
    assert ledger.start(conn, number, "checking", before=["new"])
    with psycopg.connect(database, autocommit=True) as mine, psycopg.connect(database, autocommit=True) as identity:
        work = jobs.open_work(mine, identity, number)
        while work.step():
            pass
    conn.execute("update computation set fingerprint = 'of the version before'")
    assert recompute.watch(conn)
    return {
        "contact_id": str(contact), "other": str(shop.contact(ben)), "store": shop.made.name, "platform": "woocommerce",
        "segment_id": str(segment), "import_id": str(number), "erasure_id": str(proof.erasure_id),
        "number": str(edit.pk), "unsubscribe": consent_links.unsubscribe_link(conn, contact).rpartition("/")[2],
    }  # fmt: skip


@pytest.fixture
def olga(lived: dict[str, str]) -> Client:
    """The owner, with a colleague, an invitation and an API token; signed in."""
    user = User.objects.create_superuser("olga@example.org", "olga@example.org", "a long pass phrase")
    other = User.objects.create_user("rita@example.org", "rita@example.org", "a long pass phrase")
    Member.objects.create(user=other, role=Role.READER)
    members.invite("user:1", "new@example.org", Role.MARKETER)
    tokens.create("user:1", user.pk, "Till", [tokens.Scope.CONTACTS_READ], None)
    client = Client()
    client.force_login(user)
    return client


def named(path: str, lived: dict[str, str]) -> str:
    """What ``<name>`` stands for in an address."""
    if "stores" in path:
        return lived["store"]
    if path.startswith("/contacts"):
        return "firstname"
    return "sizes" if "property-group" in path else "shoe_size"


def pages(client: Client, lived: dict[str, str]) -> list[str]:
    """The address of every page an owner can open; parts that htmx asks for are looked at where they land."""
    found = []
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name in NOT_PAGES:
            continue
        path = "/" + str(pattern.pattern)
        for name, value in {**lived, "name": named(path, lived)}.items():
            path = re.sub(rf"<\w+:{name}>", value, path)
        answer = client.get(path + QUERIES.get(str(pattern.name), "").format(**lived)) if "<" not in path else None
        if answer is not None and answer.status_code == 200 and "<html" in getattr(answer, "text", "")[:200]:
            found.append(answer.wsgi_request.get_full_path())
    return found


@pytest.fixture
def site(lived: dict[str, str]) -> Iterator[str]:
    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait(20)
    assert server.error is None
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.mark.timeout(600)
def test_every_page_can_be_read_reached_and_heard(olga: Client, site: str, lived: dict[str, str]) -> None:
    wanted = pages(olga, lived)
    assert len(wanted) > 30, wanted
    problems: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.set_content(TRAPS)
        wrong = {"image-alt", "heading-order", "outside", "color-contrast"}
        told = examined(page, "wrong")
        assert {what.split(":")[0] for what in told} >= wrong, told
        strangers = ["/sign-in", f"/u/{lived['unsubscribe']}", "/u/nothing"]
        for address in strangers:
            problems += look(page, site, address)
        context.add_cookies([{"name": "sessionid", "value": olga.cookies["sessionid"].value, "url": site}])
        for address in [*wanted, "/nowhere"]:
            problems += look(page, site, address)
        problems += look(page, site, "/contacts", opening_a_filter)
        problems += look(page, site, f"/contacts/{lived['contact_id']}/properties", opening_history_and_editor)
        german = browser.new_page(locale="de-DE", viewport={"width": 390, "height": 900}, reduced_motion="reduce")
        german.context.add_cookies(context.cookies())
        for address in [*strangers, *wanted]:  # its words are longer
            opened(german, site, address)
            problems += [f"outside: {node} ({address} at 390 in German)" for node in german.evaluate(OUTSIDE)]
            problems += [f"scrolls sideways: {table} ({address} at 390)" for table in german.evaluate(SIDEWAYS)]
        page.emulate_media(color_scheme="dark", media="print")
        page.goto(f"{site}/contacts/{lived['contact_id']}/everything")
        problems += [f"on paper: {what}" for what in page.evaluate(PAPER)]
        browser.close()
    assert not problems, "\n".join(problems)


def opening_a_filter(page: Any) -> None:
    page.click("#add-filter summary")
    page.fill("#add-filter input[type=search]", "lastname")
    page.click("#add-filter button[value=lastname]")
    page.wait_for_selector(".filter-form")
    page.check("#pick-all")


def opening_history_and_editor(page: Any) -> None:
    row = page.locator("#property-jobtitle")
    row.get_by_text("History", exact=True).click()
    page.wait_for_selector("#history header")
    row.get_by_text("Edit", exact=True).click()
    page.wait_for_selector("#value-jobtitle")


def look(page: Any, site: str, address: str, first: Callable[[Any], None] | None = None) -> list[str]:
    """What axe finds on a page: rule, what it concerns, where."""
    page.set_viewport_size({"width": LOOKS[0][0], "height": 900})
    page.emulate_media(color_scheme="light")
    opened(page, site, address, first)
    return examined(page, address)


def opened(page: Any, site: str, address: str, first: Callable[[Any], None] | None = None) -> None:
    """The page with its menus opened."""
    page.goto(site + address)
    if first:
        first(page)
    else:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.evaluate(FEW)


def examined(page: Any, address: str) -> list[str]:
    page.evaluate(axe.AXE_SCRIPT)
    found: dict[str, str] = {}
    for width, theme, only, more in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        outside = [("outside", node) for node in page.evaluate(OUTSIDE)]
        for rule, node in page.evaluate(RUN, [only, more]) + outside:
            found.setdefault(f"{rule}: {node}", f"{address} at {width} in {theme}")
    return [f"{what} ({where})" for what, where in found.items()]
