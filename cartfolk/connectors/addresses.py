"""The SSRF guard: no address a user typed leads into the network this server stands in.

A name is resolved here, every answer is checked, and the connection goes to the *checked number*: a name
that answers differently the second time gains nothing. Numbers wrapped in IPv6 (mapped, 6to4, NAT64,
Teredo) are unwrapped first.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore2

from .errors import AddressRefused, RetryLater

Number = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def unwrapped(number: Number) -> Number:
    """The IPv4 address an IPv6 address carries, else the address itself."""
    if isinstance(number, ipaddress.IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    if number.sixtofour is not None:
        return number.sixtofour
    if number.teredo is not None:
        return number.teredo[1]
    if number in _NAT64:
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return number


def allowed(number: Number, allow_private: bool) -> bool:
    """May a shop live at this address? Multicast and "no address" never; private ones only by setting."""
    number = unwrapped(number)
    if number.is_multicast or number.is_unspecified:
        return False
    return allow_private or (number.is_global and not number.is_reserved)


async def checked(host: str, port: int, allow_private: bool) -> list[str]:
    """The addresses of ``host`` we may connect to.

    Raises AddressRefused if there are only forbidden ones, RetryLater if the name is not found.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise RetryLater(
            f"No server is known under the name {host}. Check the spelling of the shop's address."
        ) from None
    numbers = [str(each[4][0]) for each in found]
    fit = [each for each in numbers if allowed(ipaddress.ip_address(each.partition("%")[0]), allow_private)]
    if not fit:
        raise AddressRefused(
            f"{host} is an address inside a private network. If the shop really is in your own network, "
            "allow private addresses for this store."
        )
    return list(dict.fromkeys(fit))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, inner: httpcore2.AsyncNetworkBackend, allow_private: bool) -> None:
        self._inner = inner
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception | None = None
        for number in await checked(host, port, self._allow_private):
            try:
                return await self._inner.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise AddressRefused("A shop cannot live at a local socket.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
