"""Who may ask: consumer keys by HTTP Basic or query string (TLS only) and OAuth 1.0a (plain HTTP).

Follows the order of WooCommerce's own checks: over TLS the query string first, then the header; whatever
that did not settle is tried as OAuth; a request that names no key at all gets the route's own 401.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from .errors import RestError

WINDOW = 15 * 60  # seconds a signed request is good for, and a nonce is remembered
_OAUTH_PARAMS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


@dataclass(slots=True)
class Key:
    """A consumer key; `permissions` is read, write or read_write. `privileged` = its user runs the shop."""

    consumer_key: str
    consumer_secret: str
    permissions: str
    privileged: bool = True
    nonces: dict[str, int] = field(default_factory=dict)


class Keyring:
    """All keys of the shop."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}

    def add(self, key: Key) -> Key:
        self.keys[key.consumer_key] = key
        return key

    def identify(self, method: str, url: str, params: dict[str, str], authorization: str, tls: bool) -> Key | None:
        """The key that signed the request; None if it names none.

        In: HTTP method, the URL without query as the shop knows itself, query parameters in PHP's form
        (`a[0]`), the Authorization header. Raises RestError 401 if a key is named and wrong.
        """
        if tls:
            key = self._by_basic(params, authorization)
            if key is not None:
                return key
        return self._by_oauth(method, url, params, authorization)

    def _by_basic(self, params: dict[str, str], authorization: str) -> Key | None:
        name, secret = params.get("consumer_key", ""), params.get("consumer_secret", "")
        if not (name and secret):
            name, secret = _basic_parts(authorization)
        if not (name and secret) or name not in self.keys:
            return None
        key = self.keys[name]
        if not hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
            raise _refused("Consumer secret is invalid.")
        return key

    def _by_oauth(self, method: str, url: str, params: dict[str, str], authorization: str) -> Key | None:
        params = params | _header_parts(authorization)
        missing = [name for name in _OAUTH_PARAMS if not params.get(name)]
        if len(missing) == len(_OAUTH_PARAMS):
            return None
        if missing:
            raise RestError(
                401,
                "woocommerce_rest_authentication_missing_parameter",
                f"Missing OAuth parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            )
        key = self.keys.get(params["oauth_consumer_key"])
        if key is None:
            raise _refused("Consumer key is invalid.")
        _check_signature(key, method, url, params)
        _check_replay(key, params["oauth_timestamp"], params["oauth_nonce"])
        return key


def check_permission(key: Key, method: str) -> None:
    """Raise RestError 401 if the key's scope does not cover the method."""
    scope = "read" if method in ("GET", "HEAD") else "write"
    if key.permissions not in (scope, "read_write"):
        raise _refused(f"The API key provided does not have {scope} permissions.")


def _refused(message: str) -> RestError:
    return RestError(401, "woocommerce_rest_authentication_error", message)


def _basic_parts(authorization: str) -> tuple[str, str]:
    scheme, _space, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _colon, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _header_parts(authorization: str) -> dict[str, str]:
    if not authorization.strip().startswith("OAuth "):
        return {}
    parts = {}
    for piece in authorization.strip()[6:].split(","):
        name, equals, value = piece.strip().partition("=")
        if equals and name != "realm":
            parts[name] = unquote(value.strip('"'))
    return parts


def _encode(text: str) -> str:
    return quote(text, safe="~")


def _check_signature(key: Key, method: str, url: str, params: dict[str, str]) -> None:
    algorithm = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}.get(params["oauth_signature_method"])
    if algorithm is None:
        raise _refused("Invalid signature - signature method is invalid.")
    pairs = sorted((_encode(name), _encode(value)) for name, value in params.items() if name != "oauth_signature")
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _encode(url), _encode(joined)))
    digest = hmac.new(f"{key.consumer_secret}&".encode(), base.encode(), algorithm).digest()
    # A client that does not encode the plus sign sends a blank.
    given = unquote(params["oauth_signature"].replace(" ", "+"))
    if not hmac.compare_digest(base64.b64encode(digest), given.encode()):
        raise _refused("Invalid signature - provided signature does not match.")


def _check_replay(key: Key, timestamp: str, nonce: str) -> None:
    now = int(time.time())
    if not timestamp.isdigit() or abs(int(timestamp) - now) > WINDOW:
        raise _refused("Invalid timestamp.")
    if nonce in key.nonces:
        raise _refused("Invalid nonce - nonce has already been used.")
    key.nonces[nonce] = int(timestamp)
    if len(key.nonces) > 5000:
        key.nonces = {name: at for name, at in key.nonces.items() if at >= now - WINDOW}
