"""Risk: a file comes in on the page otherwise than it was shown, or from somebody who may not."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cartfolk.contact_files import jobs
from cartfolk.contact_files import upload as uploads
from cartfolk.core.sql import Connection
from cartfolk.inbox.files import ledger
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.tests.test_calculated import own
from cartfolk.web.models import Member
from cartfolk.web.roles import Role
from tests.people import drain_all

ORDERS = (
    "Bestellnummer;Bestelldatum;E-Mail;Status;Gesamtbetrag\n"
    "1;03.04.2026 10:00;ann@x.de;gepackt;12,50\n2;04.04.2026;bob@x.de;bezahlt;1.200,00\n"
    "3;irgendwann;cy@x.de;bezahlt;1\n"
)
LINES = "Bestellnummer;Artikel;Menge;Positionssumme\n1;Tee;2;12,50\n9;Tee;1;1,00\n"


def upload(owner: Client, **form: object) -> int:
    answer = owner.post("/contacts/import", form)
    assert answer.status_code == 302, re.findall(r"notice error.*?<", answer.text)
    return int(answer["Location"].rpartition("/")[2])


def work(conn: Connection, url: str, number: int) -> ledger.Import:
    """As the worker does."""
    with psycopg.connect(url, autocommit=True) as mine, psycopg.connect(url, autocommit=True) as other:
        doing = jobs.open_work(mine, other, number)
        while doing.step():
            pass
    return ledger.get(conn, number)


def test_orders_and_their_lines_of_a_shop(owner: Client, shop: int, conn: Connection, database: str) -> None:
    form = {"kind": "orders", "store": str(shop), "file": SimpleUploadedFile("o.csv", ORDERS.encode("cp1252"))}
    number = upload(owner, **form, lines=SimpleUploadedFile("l.csv", LINES.encode()))
    page = owner.get(f"/contacts/import/{number}").text
    fields = dict(re.findall(r'<select id="(column-\d-\d)".*?<option value="([\w.]+)" selected', page))
    matched = {"number", "placed_at", "email", "status", "total", "line.name", "line.quantity", "line.total"}
    assert set(fields.values()) == matched
    assert 'name="status-gepackt"' in page
    assert "bezahlt" not in re.findall(r'name="status-word" value="(\w+)"', page)
    owner.post(f"/contacts/import/{number}/columns", fields | {"status-word": "gepackt", "status-gepackt": "completed"})
    checked = work(conn, database, number)
    assert (checked.state, checked.created, checked.wrong) == ("checked", 2, 2)
    assert conn.execute("select count(*) from delivery").fetchone() == (0,)
    assert "o.csv has no such order" in owner.get(f"/contacts/import/{number}").text
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    assert work(conn, database, number).state == "done"
    drain_all(conn, database)
    rows = conn.execute("select external_id, status, total from orders order by 1").fetchall()
    assert [(r[0], r[1], float(r[2])) for r in rows] == [("1", "completed", 12.5), ("2", "completed", 1200)]
    assert "row" in owner.get(f"/contacts/import/{number}/errors").getvalue().decode("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"), (b"a,b,a\n1,2,3\n", "names a column twice: a"), (b"words", "is no table"),
        (b"PK\x03\x04" + bytes(range(256)) * 9, "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 999, "is an Excel workbook"),
        ("a,b\n1,2\n".encode("utf-16-le"), "is no table"),
        (b"List of 2026;;\nE-Mail;Ort;PLZ\na@x.de;Ulm;1\n", "is no table"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_a_sentence(owner: Client, content: bytes, told: str) -> None:
    answer = owner.post("/contacts/import", {"kind": "contacts", "file": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize(
    "content", ["E-Mail\na@x.de\nb@x.de\n", "email\r\n\r\na@x.de\r\nb@x.de", "Wer\na@x.de\nb@x.de"]
)
def test_a_list_of_addresses_alone_is_a_file_of_contacts(
    owner: Client, conn: Connection, database: str, content: str
) -> None:
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", content.encode()))
    page = owner.get(f"/contacts/import/{number}").text
    assert '<option value="email" selected' in page
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email"})
    assert (work(conn, database, number).created, ledger.get(conn, number).wrong) == (2, 0)


@pytest.mark.parametrize("wrong", ["mailto:a@x.de", "Ann Lee <a@x.de>", "a@x", "a@x.de, b@x.de"])
def test_what_only_looks_like_an_address_makes_nobody(
    owner: Client, conn: Connection, database: str, wrong: str
) -> None:
    content = f'E-Mail,Ort\n"{wrong}",Ulm\nok@x.de,"Ulm\nzwei@x.de,Bonn\n'
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", content.encode()))
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "city"})
    checked = work(conn, database, number)
    assert (checked.created, checked.wrong) == (0, 2)
    page = owner.get(f"/contacts/import/{number}").text
    assert "is no e-mail address" in page
    assert "a quotation mark that opens in it" in page, "a row does not swallow those after it"
    assert 'value="run"' not in page, "there is nothing to import"


def test_what_is_wrong_with_a_shops_rows_is_told_in_the_readers_language(
    owner: Client, shop: int, conn: Connection, database: str
) -> None:
    text = ORDERS + "4;05.04.2026;nobody;bezahlt;1\n5;05.04.2026;eve@x.de;bezahlt;viel\n"
    form = {"kind": "orders", "store": str(shop), "file": SimpleUploadedFile("o.csv", text.encode())}
    number = upload(owner, **form, lines=SimpleUploadedFile("l.csv", LINES.encode()))
    page = owner.get(f"/contacts/import/{number}").text
    fields = dict(re.findall(r'<select id="(column-\d-\d)".*?<option value="([\w.]+)" selected', page))
    owner.post(f"/contacts/import/{number}/columns", fields, headers={"accept-language": "de"})
    reasons = [one["reason"] for one in work(conn, database, number).preview["wrong"]]
    assert [reason for reason in reasons if re.search(r"\b(is|has|are|no|say)\b", reason)] == []
    assert "Bestelldatum ist 'irgendwann', keine Zeit wie 2026-04-03 10:30 oder 03.04.2026 10:30." in reasons
    assert "E-Mail ist 'nobody', keine E-Mail-Adresse." in reasons
    assert "Status ist 'gepackt'; bitte die Bedeutung unter „Was bedeuten diese Status?“ angeben." in reasons
    assert len(reasons) == 5


def test_a_matching_that_finds_nobody_is_explained(owner: Client, conn: Connection) -> None:
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", b"Vorname,Ort\nAnn,Ulm\n"))
    answer = owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "firstname", "match": "email"})
    assert answer.status_code == 422
    assert "No column is E-mail address" in answer.text
    assert ledger.get(conn, number).state == "new"
    assert '<option value="firstname" selected' in answer.text, "what was chosen stays chosen"


def test_a_step_that_is_over_is_not_done_twice(owner: Client, conn: Connection, database: str) -> None:
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", b"Email,Ort\na@x.de,Ulm\n"))
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    assert ledger.get(conn, number).state == "new", "nothing runs unchecked"
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "city"})
    assert work(conn, database, number).state == "checked"
    for _ in range(2):
        owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    assert work(conn, database, number).created == 1
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    assert ledger.get(conn, number).state == "done"
    owner.post(f"/contacts/import/{number}/do", {"do": "forget"})
    assert owner.get(f"/contacts/import/{number}").status_code == 200
    owner.post(f"/contacts/import/{number}/do", {"do": "undo"})
    assert work(conn, database, number).undone["removed"] == 1


def test_everything_wrong_with_a_row_is_said_at_once_in_the_files_order(
    owner: Client, conn: Connection, database: str
) -> None:
    for name, kind in (("long_shoe_size", "number"), ("born", "date")):
        definitions.create(conn, own(name, kind), by="user:1")
    file = b"Email,long_shoe_size,born\na@x.de,many,someday\nb@x.de,42,2000-01-01\n"
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", file))
    owner.post(
        f"/contacts/import/{number}/columns",
        {"column-0-0": "email", "column-0-1": "long_shoe_size", "column-0-2": "born"},
    )
    assert work(conn, database, number).state == "checked"
    told = owner.get(f"/contacts/import/{number}").text
    assert re.search("long_shoe_size: is no number[^<]*; born: is no date", told)


def test_a_property_archived_between_check_and_import_stops_it_with_a_sentence_and_goes_on_once_restored(
    owner: Client, conn: Connection, database: str
) -> None:
    definitions.create(conn, own("shoe"), by="user:1")
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", b"Email,shoe\na@x.de,42\n"))
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "shoe"})
    assert work(conn, database, number).state == "checked"
    definitions.archive(conn, "shoe", by="user:1")
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    asyncio.run(jobs.work_on_import(number))
    page = owner.get(f"/contacts/import/{number}").text
    assert "Column shoe: shoe is archived. Restore it" in page
    assert "Go on" in page
    definitions.restore(conn, "shoe", by="user:1")
    owner.post(f"/contacts/import/{number}/do", {"do": "go on"})
    assert work(conn, database, number).created == 1


def test_what_was_exported_comes_in_again_and_changes_nothing(owner: Client, conn: Connection, database: str) -> None:
    columns = {"E-Mail": "email", "Vorname": "firstname", "Web": "website", "Tel": "phone", "Rolle": "jobtitle"}
    text = 'E-Mail,Vorname,Web,Tel,Rolle\na@x.de,=1+1,https://a.example,+49 30 123,"Chef, sehr"\nb@x.de,Bö,,,-\n'
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", text.encode()))
    fields = {f"column-0-{at}": field for at, field in enumerate(columns.values())}
    owner.post(f"/contacts/import/{number}/columns", fields)
    work(conn, database, number)
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    work(conn, database, number)
    drain_all(conn, database)
    conn.execute("update contact_property set total_value_of_orders = 1234.50")
    for language, address in (
        ("en", "/contacts/export?columns=all"), ("de", "/contacts/export?columns=all"),
        ("en", "/contacts/export?columns=all&format=jsonl"),
    ):  # fmt: skip
        answer = owner.get(address, headers={"accept-language": language})
        content = b"".join(answer.streaming_content)
        if "jsonl" not in address:
            assert (b";1234,50;" if language == "de" else b",1234.50,") in content, "as Excel reads it there"
        assert b"=1+1" in content
        again = upload(owner, kind="contacts", file=SimpleUploadedFile("contacts", content))
        page = owner.get(f"/contacts/import/{again}").text
        guessed = dict(
            re.findall(r'<select id="(column-\d-\d+)"(?:(?!</select>).)*?<option value="([\w.]+)" selected', page)
        )
        assert {"contact_id", "email", "firstname", "website", "phone", "jobtitle"} <= set(guessed.values())
        owner.post(f"/contacts/import/{again}/columns", guessed | {"match": "contact_id"})
        done = work(conn, database, again)
        assert (done.created, done.changed, done.unchanged, done.wrong) == (0, 0, 2, 0), done.preview


@pytest.mark.parametrize(
    ("cells", "said", "cut"),
    [
        (["Red, dark;Blue", "Red, dark"], "", ";"), (["Blue,Green", "Blue"], "", ","), (["Blue | green"], "", "|"),
        (["Blue\ngreen", "blue"], "", "line"), (["Blue"], "", ";"), (["Blue|Green"], "|", "|"),
        (["Mauve,Blue"], "", ";"),
    ],
)  # fmt: skip
def test_options_are_cut_where_the_file_cuts_them(
    owner: Client, conn: Connection, database: str, cells: list[str], said: str, cut: str
) -> None:
    options = (Option("r", "Red, dark", "Rot, dunkel"), Option("b", "Blue", "Blau"), Option("g", "Green", "Grün"))
    definitions.create(
        conn,
        Property(name="colours", label_en="Colours", label_de="Farben", group="contactinformation", type="enumeration",
                 definition_en="Liked", definition_de="Beliebt", computed=False, custom=True, multi=True,
                 options=options),
        by="user:1",
    )  # fmt: skip
    rows = "".join(f'{at}@x.de\t"{cell}"\n' for at, cell in enumerate(cells))
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", f"Email\tColours\n{rows}".encode()))
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "colours", "mark": said})
    checked = work(conn, database, number)
    assert checked.settings["marks"] == {"Colours": cut}
    assert "Several options in one cell are cut at" in owner.get(f"/contacts/import/{number}").text
    owner.post(f"/contacts/import/{number}/do", {"do": "run"})
    done = work(conn, database, number)
    wrong = [cell for cell in cells if "Mauve" in cell]
    assert (done.created, done.wrong) == (len(cells) - len(wrong), len(wrong))
    if not wrong:
        (held,) = conn.execute("select colours from contact_custom order by contact_id limit 1").fetchone() or ([],)
        words = {option.label_en.lower(): option.value for option in options}
        assert held == [words[p.strip().lower()] for p in cells[0].split("\n" if cut == "line" else cut)]


def test_a_value_from_a_file_says_which_file_and_leads_to_it(owner: Client, conn: Connection, database: str) -> None:
    def bring(name: str, city: str) -> int:
        number = upload(owner, kind="contacts", file=SimpleUploadedFile(name, f"Email,Ort\na@x.de,{city}\n".encode()))
        owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "city"})
        work(conn, database, number)
        owner.post(f"/contacts/import/{number}/do", {"do": "run"})
        work(conn, database, number)
        return number

    bring("fair.csv", "Ulm")
    number = bring("second & last.csv", "Bonn")
    owner.post(f"/contacts/import/{number}/do", {"do": "undo"})
    assert work(conn, database, number).undone["restored"] == 1
    conn.execute("update contact_import set made_at = '2026-05-03 12:00+00'")
    ((contact,),) = conn.execute("select contact_id from identity where value = 'a@x.de'").fetchall()
    owner.cookies["timezone"] = "Europe/Berlin"
    link = f'<a href="/contacts/import/{number}">second &amp; last.csv of 3 May 2026</a>'
    for page in (f"/contacts/{contact}/properties/city", f"/contacts/{contact}"):
        shown = owner.get(page).text
        assert shown.count(f"File {link}") == 1, "what the file said"
        assert shown.count(f"Taken back {link}") == 1, "what its undo put back"
        assert "fair.csv of 3 May 2026" in shown
        assert "file:" not in shown
        assert "History import" not in shown, "that is a shop's"
    Member.objects.update_or_create(user=User.objects.get(), defaults={"role": Role.READER})
    reader = owner  # no owner any more
    shown = reader.get(f"/contacts/{contact}/properties/city").text
    assert "fair.csv of 3 May 2026" in shown
    assert "/contacts/import/" not in shown, "a page that is not for readers"


def test_a_file_that_is_gone_is_told_with_the_way_out_and_no_path(owner: Client, conn: Connection) -> None:
    """Its folder is on another machine than the worker, or was emptied by hand."""
    number = upload(owner, kind="contacts", file=SimpleUploadedFile("k.csv", b"E-Mail,Ort\na@x.de,Ulm\n"))
    owner.post(f"/contacts/import/{number}/columns", {"column-0-0": "email", "column-0-1": "city"})
    stored = ledger.get(conn, number).files[0]["stored"]
    (uploads.folder() / stored).unlink()
    asyncio.run(jobs.work_on_import(number))
    assert ledger.get(conn, number).state == "failed"
    page = owner.get(f"/contacts/import/{number}", headers={"accept-language": "de"}).text
    assert "Die hochgeladene Datei ist nicht da" in page
    assert stored not in page
