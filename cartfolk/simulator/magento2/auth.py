"""Integrations: OAuth 1.0a with four keys, or the access token alone where the shop allows it.

A wrong signature is told; a bearer token that is unknown or not allowed makes an anonymous caller, who is told
that he may not see this, in the same words as an integration without the permission.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

WINDOW = 600  # seconds a signed request is good for
_METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


class MagentoError(Exception):
    """An answer with that HTTP status; parameters are left for the reader to put in."""

    def __init__(self, status: int, message: str, parameters: list[str] | dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if parameters:
            self.body["parameters"] = parameters


def tokens(key: str, secret: str) -> tuple[str, str]:
    """Access token and its secret that belong to a consumer of this simulator."""
    return tuple(hashlib.sha256(f"magento/{each}".encode()).hexdigest()[:32] for each in (key, secret))  # type: ignore[return-value]


@dataclass(slots=True)
class Integration:
    """``without``: resources it may not see. ``bearer``: its token is good alone. ``most``: rows on a page."""

    key: str
    secret: str
    without: frozenset[str] = frozenset()
    bearer: bool = False
    most: int | None = None
    nonces: set[str] = field(default_factory=set)

    @property
    def token(self) -> str:
        return tokens(self.key, self.secret)[0]

    @property
    def token_secret(self) -> str:
        return tokens(self.key, self.secret)[1]


class Integrations:
    """All integrations of the shop."""

    def __init__(self) -> None:
        self.by_key: dict[str, Integration] = {}

    def add(self, one: Integration) -> Integration:
        self.by_key[one.key] = one
        return one

    def identify(self, method: str, url: str, params: dict[str, str], authorization: str) -> Integration | None:
        """Who asks; None = nobody known. In: the address without query as the shop knows it. Raises MagentoError."""
        scheme, _space, rest = authorization.strip().partition(" ")
        if scheme == "Bearer":
            return next((one for one in self.by_key.values() if one.bearer and one.token == rest), None)
        if scheme != "OAuth":
            return None
        told = {}
        for piece in rest.split(","):
            name, equals, value = piece.strip().partition("=")
            if equals and name != "realm":
                told[name] = unquote(value.strip('"'))
        for name in ("consumer_key", "signature", "signature_method", "nonce", "timestamp", "token"):
            if f"oauth_{name}" not in told:
                raise MagentoError(
                    400, '"%fieldName" is required. Enter and try again.', {"fieldName": f"oauth_{name}"}
                )
        one = self.by_key.get(told["oauth_consumer_key"])
        if one is None:
            raise MagentoError(401, "A consumer having the specified key does not exist")
        self._check_nonce(one, told["oauth_nonce"], told["oauth_timestamp"])
        if told["oauth_token"] != one.token:
            raise MagentoError(401, "Specified token does not exist")
        given = told.pop("oauth_signature")
        if not hmac.compare_digest(_signature(one, method, url, params | told), given):
            raise MagentoError(401, "The signature is invalid. Verify and try again.")
        return one

    def _check_nonce(self, one: Integration, nonce: str, timestamp: str) -> None:
        if not timestamp.isdigit() or abs(int(timestamp) - time.time()) > WINDOW:
            raise MagentoError(401, "The timestamp value in the oauth_timestamp parameter is invalid.")
        if nonce in one.nonces:
            raise MagentoError(401, "The nonce is already being used by the consumer with ID %1.", ["3"])
        one.nonces.add(nonce)


def _escaped(text: str) -> str:
    return quote(text, safe="~")


def _signature(one: Integration, method: str, url: str, params: dict[str, str]) -> str:
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in params.items())
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escaped(url), _escaped(joined)))
    algorithm = _METHODS.get(params["oauth_signature_method"])
    if algorithm is None:
        raise MagentoError(400, "Signature method %1 is not supported", [params["oauth_signature_method"]])
    key = f"{one.secret}&{one.token_secret}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), algorithm).digest()).decode()
