"""The Vendure plugin: Node accepts it, it signs what Cartfolk verifies, it gathers, tries again and gives up."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cartfolk.core import secrets

FOLDER = Path(__file__).parents[1] / "integrations" / "vendure"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
SECRET = secrets.new_webhook_secret()


def run_node(program: str, *arguments: str) -> Any:
    """What the program prints as JSON; it runs in the plugin's folder."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", program, "--", *arguments], cwd=FOLDER, check=True, capture_output=True, text=True, timeout=30
    )
    return json.loads(done.stdout)


@needs_node
@pytest.mark.parametrize("name", ["cartfolk.js", "hints.js", "signature.js", "store.js"])
def test_node_can_read_it(name: str) -> None:
    assert NODE is not None
    done = subprocess.run([NODE, "--check", FOLDER / name], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_every_file_says_its_licence_and_the_readme_the_version() -> None:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    assert package["license"] == "GPL-3.0-or-later"
    for path in FOLDER.glob("*.js"):
        assert path.read_text(encoding="utf-8").startswith("// SPDX-License-Identifier: GPL-3.0-or-later\n"), path.name
    readme = (FOLDER / "readme.md").read_text(encoding="utf-8")
    assert package["version"] in readme
    assert "GPL-3.0-or-later" in readme


@needs_node
@pytest.mark.parametrize("body", ["{}", '{"stream":"orders","ids":["1"]}', '{"name":"Käse & Brot ☃"}'])
def test_its_signature_is_the_one_we_verify(body: str) -> None:
    program = (
        "const { signedHeaders } = require('./signature');"
        "const [secret, body] = process.argv.slice(1);"
        "console.log(JSON.stringify(signedHeaders(secret, 'evt_1', 1764000000, body)))"
    )
    headers = run_node(program, SECRET, body)
    assert secrets.verify(SECRET, headers, body.encode(), 1764000000) == "evt_1"
    with pytest.raises(secrets.SignatureRefused):
        secrets.verify(SECRET, headers, body.encode() + b" ", 1764000000)


@needs_node
@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_not base64!", "whsec_abc", SECRET.removeprefix("whsec_")],
    ids=["empty", "prefix alone", "no base64", "too short", "no prefix"],
)
def test_a_mistyped_secret_is_noticed_when_it_is_entered(secret: str) -> None:
    program = "console.log(JSON.stringify(require('./signature').keyOf(process.argv[1]) === null))"
    assert run_node(program, secret) is True


SENDING = """
const { Hints } = require('./hints');
const [secret, statuses] = [process.argv[1], JSON.parse(process.argv[2])];
const sent = [], said = [];
const fetch = async (url, request) => {
    sent.push({ url, headers: request.headers, body: request.body });
    const status = statuses.shift() ?? 200;
    if (status === 0) throw new Error('nobody there');
    return { ok: status < 300, status, arrayBuffer: async () => {} };
};
const target = { address: 'https://cartfolk.example/', store: 'the key', secret, site: 'https://shop.example' };
const hints = new Hints(() => target, (text) => said.push(text), { fetch, pauses: [0, 0] });
hints.note('orders', [12]);
hints.note('orders', ['12', 15]);
hints.note('carts', [13]);
hints.flush().then(() => console.log(JSON.stringify({ sent, said })));
"""


@needs_node
def test_what_happens_together_is_one_message_a_stream_without_anybodys_data() -> None:
    told = run_node(SENDING, SECRET, "[]")
    bodies = [json.loads(each["body"]) for each in told["sent"]]
    sited = {"site": "https://shop.example"}
    assert bodies == [{"stream": "orders", "ids": ["12", "15"]} | sited, {"stream": "carts", "ids": ["13"]} | sited]
    assert {each["url"] for each in told["sent"]} == {"https://cartfolk.example/hooks/the%20key"}
    for each in told["sent"]:
        at = int(each["headers"]["webhook-timestamp"])
        secrets.verify(SECRET, each["headers"], each["body"].encode(), at)
    assert told["said"] == []


@needs_node
@pytest.mark.parametrize(
    ("statuses", "tries", "says"),
    [("[0, 503]", 4, ""), ("[401, 401]", 2, "check address"), ("[0, 0, 0, 0, 0, 0]", 6, "poll will find")],
    ids=["busy for a while", "refused", "never there"],
)
def test_it_tries_again_when_cartfolk_is_away_and_not_when_it_is_refused(statuses: str, tries: int, says: str) -> None:
    told = run_node(SENDING, SECRET, statuses)
    assert len(told["sent"]) == tries
    assert bool(told["said"]) == bool(says)
    assert all(says in sentence for sentence in told["said"])
