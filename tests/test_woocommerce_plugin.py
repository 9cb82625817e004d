"""The WordPress plugin: PHP accepts it, and it signs what Cartfolk verifies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "integrations" / "woocommerce"
PHP = shutil.which("php")
needs_php = pytest.mark.skipif(PHP is None, reason="PHP is not installed")
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def run_php(program: str, *arguments: str) -> str:
    assert PHP is not None
    command = [PHP, "-r", f"require {json.dumps(str(FOLDER / 'signature.php'))}; {program}", "--", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


@needs_php
@pytest.mark.parametrize("name", ["cartfolk.php", "signature.php"])
def test_php_can_read_it(name: str) -> None:
    assert PHP is not None
    done = subprocess.run([PHP, "-l", FOLDER / name], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout


@needs_php
@pytest.mark.parametrize("body", ["{}", '{"name":"Käse & Brot \\"größer\\""}', '{"snow":"☃"}'])
def test_its_signature_is_the_standard_one(body: str) -> None:
    told = json.loads(
        run_php("echo json_encode(cartfolk_signed_headers($argv[1], $argv[2], 1764000000, $argv[3]));",
                SECRET, "evt_1", body)
    )  # fmt: skip
    digest = hmac.new(KEY, b"evt_1.1764000000." + body.encode(), hashlib.sha256).digest()
    assert told == {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1764000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@needs_php
@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", base64.b64encode(KEY).decode()])
def test_a_mistyped_secret_is_noticed_when_it_is_entered(secret: str) -> None:
    assert run_php("var_export(cartfolk_key($argv[1]));", secret) == "NULL"


def test_the_readme_and_the_plugin_tell_the_same_version() -> None:
    plugin = (FOLDER / "cartfolk.php").read_text(encoding="utf-8")
    readme = (FOLDER / "readme.txt").read_text(encoding="utf-8")
    [version] = re.findall(r"^ \* Version:\s+(\S+)", plugin, re.MULTILINE)
    assert f"Stable tag: {version}\n" in readme
