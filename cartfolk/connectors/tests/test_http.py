"""The transport's suspicion: where it does not go, what it does not read as JSON."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket

import pytest

from cartfolk.connectors import registry
from cartfolk.connectors.addresses import allowed
from cartfolk.connectors.errors import AddressRefused, RetryLater
from cartfolk.connectors.http import Transport, retry_after
from cartfolk.connectors.reading import JsonBroken, json_text, text


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1",
        "100.64.0.1", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_private_numbers_are_refused_however_they_are_wrapped(number):
    assert not allowed(ipaddress.ip_address(number), False)


def test_public_numbers_are_allowed():
    assert allowed(ipaddress.ip_address("93.184.215.14"), False)
    assert allowed(ipaddress.ip_address("::ffff:93.184.215.14"), False)
    assert not allowed(ipaddress.ip_address("224.0.0.1"), True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://2130706433:9", "http://[::1]:9"])
def test_a_connection_into_the_own_network_is_never_opened(url):
    async def run():
        async with Transport(url, attempts=1) as transport:
            await transport.get(url)

    with pytest.raises(AddressRefused, match="private network"):
        asyncio.run(run())


def test_a_shop_that_does_not_answer_is_named_in_the_log_with_the_reason(caplog):
    with socket.socket() as nobody:  # bound, and not listening
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"

        async def run():
            async with Transport(url, attempts=2, patience=0.01, allow_private_address=True) as transport:
                await transport.get(url + "/customers?key=secret")

        with caplog.at_level("WARNING"), pytest.raises(RetryLater):
            asyncio.run(run())
    assert [re.sub(r"\d\.\d s", "S", line) for line in caplog.messages] == [
        "127.0.0.1 cannot be reached. Check the address, and that the shop is online. Asked again in S (try 2)."
    ]


def test_the_wait_a_shop_asks_for_is_found_in_its_header():
    quota = {"x-rate-limit-time-reset-ms": "1500", "x-rate-limit-requests-left": "0"}
    assert retry_after({"retry-after": "7"} | quota) == 7
    assert retry_after(quota) == 1.5
    assert retry_after(quota | {"x-rate-limit-requests-left": "12"}) is None, "an error while some quota is left"
    assert retry_after({}) is None


def test_json_is_cut_out_of_notices_and_truncation_is_seen():
    notice = b"<br />\n<b>Deprecated</b>: $x[0] in <b>a.php</b> {main}\n"
    assert json_text(notice + b'[{"id":1}]') == '[{"id":1}]'
    with pytest.raises(JsonBroken) as cut:
        json_text(b'[{"id":1},{"id":')
    assert cut.value.truncated


def test_text_is_decoded_once_composed_and_without_nul():
    assert text("Tom &amp;amp; J\u0065\u0301r\x00y ") == "Tom &amp; J\u00e9ry"


def test_an_unknown_platform_is_told_the_known_ones():
    with pytest.raises(registry.PlatformUnknown, match="woocommerce"):
        registry.get("unicorn")
