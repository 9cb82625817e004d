"""Translations of the pages, without GNU gettext: extract, update and compile, or ``--check`` that all is done.

python scripts/translations.py            extract messages, update every locale's .po, compile .mo
python scripts/translations.py --check    exit 1 when a message is untranslated or a .mo is stale
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cartfolk"
LOCALES = ("de",)
ROOMS = (
    "commands", "core", "inbox", "stores", "identity", "commerce", "properties", "segments", "contact_files", "api",
    "web",
)  # fmt: skip
PYTHON = [(f"{room}/**.py", "python") for room in (*ROOMS, "connectors")]
KEYWORDS = {
    "_": None, "_n": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
}  # fmt: skip


def template_messages() -> Iterator[tuple[str, int, str | tuple[str, str]]]:
    """Messages of Django templates (file, line, message), by Django's own translation of templates to source."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartfolk.settings")
    sys.path.insert(0, str(ROOT))
    from django.utils.translation.template import templatize

    for path in sorted(PACKAGE.glob("**/templates/**/*.html")):
        source = templatize(path.read_text(encoding="utf-8"))
        from babel.messages.extract import extract

        for line, message, _comments, _context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
            yield str(path.relative_to(ROOT)), line, message


def declared() -> Iterator[tuple[Path, Catalog]]:
    """What each connector declares as data (fields, guide, sentences), for the locale in its own folder."""
    sys.path.insert(0, str(ROOT))
    from cartfolk.connectors import registry

    for connector in registry.all():
        info, folder = connector.info, PACKAGE / "connectors" / connector.info.platform
        texts = [info.guide, *info.sentences, *([info.name] if info.name else [])]
        for field in info.fields:
            texts += [field.label, field.help, *(label for _value, label in field.options)]
        catalog = Catalog(project="Cartfolk", charset="utf-8", fuzzy=False)
        for text in filter(None, texts):
            catalog.add(text, locations=[(str(folder.relative_to(ROOT)), 1)])
        yield folder / "locale", catalog


def extracted() -> Catalog:
    catalog = Catalog(project="Cartfolk", charset="utf-8", fuzzy=False)
    for name, line, message, _comments, context in extract_from_dir(
        str(PACKAGE), PYTHON, keywords=KEYWORDS, comment_tags=()
    ):
        if "/tests/" not in name:
            catalog.add(message, locations=[(f"cartfolk/{name}", line)], context=context)
    for name, line, message in template_messages():
        catalog.add(message, locations=[(name, line)])
    return catalog


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def main(check: bool) -> int:
    everything = [(PACKAGE / "locale", extracted()), *declared()]
    problems = [
        problem for folder, wanted in everything for locale in LOCALES for problem in one(folder, locale, wanted, check)
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def one(base: Path, locale: str, wanted: Catalog, check: bool) -> list[str]:
    """Updates (or checks) one catalogue of one locale; returns what is missing."""
    folder = base / locale / "LC_MESSAGES"
    po, mo = folder / "django.po", folder / "django.mo"
    problems = []
    catalog = Catalog(locale=locale, charset="utf-8")
    if po.exists():
        with po.open("rb") as file:
            catalog = read_po(file, locale=locale)
    known = {(m.id, m.context): m.string for m in catalog if m.id and m.string and not m.fuzzy}
    for message in wanted:
        if message.id and (message.id, message.context) not in known:
            problems.append(f"{locale}: not translated: {message.id!r} ({message.locations[0][0]})")
        elif message.id:
            problems += marks(locale, message.id, known[message.id, message.context])
    if check:
        if not mo.exists() or mo.read_bytes() != compiled(catalog):
            problems.append(f"{locale}: {mo.relative_to(ROOT)} is stale; run scripts/translations.py")
        return problems
    catalog.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    folder.mkdir(parents=True, exist_ok=True)
    with po.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True, omit_header=False)
    with po.open("rb") as file:
        mo.write_bytes(compiled(read_po(file, locale=locale)))
    return problems


def marks(locale: str, source: object, target: object) -> list[str]:
    """A translation must keep the placeholders of its message."""
    sources = source if isinstance(source, tuple) else (source,)
    targets = target if isinstance(target, tuple) else (target,)
    wanted = set(re.findall(r"%\(\w+\)s", " ".join(map(str, sources))))
    given = set(re.findall(r"%\(\w+\)s", " ".join(map(str, targets))))
    return [] if wanted == given else [f"{locale}: placeholders differ: {source!r}"]


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
