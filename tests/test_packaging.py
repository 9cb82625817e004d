"""What leaves the checkout: the wheel runs elsewhere, no index is named, the documents are complete."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Any way to name where packages come from: pip's options, index pages, wheels by address.
INDEX = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|index-url\s*=|PIP_INDEX_URL\s*="
    r"|https?://[^\s\"'<>)]+/simple\b|https?://[^\s\"'<>)]+\.whl\b|https?://[^\s\"'<>)]*pypi[^\s\"'<>)]*",
    re.IGNORECASE,
)


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_no_package_index_is_named_anywhere() -> None:
    named = []
    for path in tracked():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [f"{path.relative_to(ROOT)}: {match.group()}" for match in INDEX.finditer(text)]
    assert named == []


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[\w.]+", line), f"{name}: {line}"


COMMANDS = pytest.mark.parametrize("name", ["command-line.md", "de/kommandozeile.md"])


@COMMANDS
def test_every_command_is_documented(name: str) -> None:
    from cartfolk.cli import parser

    [subparsers] = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    documented = set(re.findall(r"^\| `cartfolk ([\w-]+)` \|", document(name), re.MULTILINE))
    assert documented == set(subparsers.choices)


@COMMANDS
def test_every_documented_verb_is_there_and_every_verb_is_documented(name: str) -> None:
    from cartfolk.cli import parser

    rows = dict(re.findall(r"^\| `cartfolk ([\w-]+)` \| (.*) \|$", document(name), re.MULTILINE))
    for command, one in verbs(parser()).items():
        if (known := verbs(one)) and command != "connect":  # its verbs are the platforms, each with a page
            told = set(re.findall(r"`(?:STORE )?([a-z0-9][a-z0-9-]*)(?=[ `])", rows[command]))
            assert told == set(known), command


def verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """What may stand next on the command line."""
    return next((act.choices for act in parser._actions if isinstance(act, argparse._SubParsersAction)), {})


def test_every_exit_code_is_documented() -> None:
    from cartfolk.commands.exits import Exit

    rows = re.findall(r"^\| (\d+) \| (\w+) \|", document("exit-codes.md"), re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(int(item), item.name) for item in Exit]


def test_every_setting_is_documented() -> None:
    source = (ROOT / "cartfolk" / "settings.py").read_text(encoding="utf-8")
    settings = set(re.findall(r"(?:text|flag|integer|words)\(\"([A-Z_]+)\"", source))
    assert settings - set(re.findall(r"^\| `([A-Z_]+)` \|", document("deploy.md"), re.MULTILINE)) == set()


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in (path for path in tracked() if path.suffix == ".md" and path.exists()):
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


@pytest.mark.slow
def test_the_wheel_runs_outside_the_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"  # as cloned: no left-overs of an earlier build come along
    for path in tracked():
        if path.is_file():
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(source)]
    built = subprocess.run(build, capture_output=True, text=True, timeout=200, cwd=tmp_path)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    [wheel] = tmp_path.glob("cartfolk-*.whl")

    place = tmp_path / "elsewhere"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    scheme = sysconfig.get_paths(vars={"base": str(place), "platbase": str(place)})
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", str(wheel)], check=True, timeout=100)
    # The packages it needs are those of this environment; the checkout itself (an editable install) is not.
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(scheme["purelib"], "needed.pth").write_text("".join(f"{path}\n" for path in sorted(packages)))

    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "DATABASE_URL"}}
    environment["CARTFOLK_DATA"] = str(tmp_path / "data")

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    where = run(python, "-c", "import cartfolk; print(cartfolk.__file__)")
    assert where.stdout.startswith(str(place)), where.stdout + where.stderr
    shown = run(place / "bin" / "cartfolk", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "connect" in shown.stdout
    # Needs the SQL, the templates and the migrations that the wheel must carry.
    status = run(place / "bin" / "cartfolk", "status", "--json")
    assert status.returncode == 0, status.stderr
