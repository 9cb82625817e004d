"""Apps: what a shop system installs, so that it hands over its keys by itself instead of through a person.

A connector that offers one has a ``ShopApp`` as its ``app``. The file is downloaded by the owner and installed in the
shop; the shop then knocks twice. ``register``: "is this the place my app came from?", answered with a proof and a new
secret. ``confirm``: the keys, signed with that secret. Like `Connector.webhook` these are pure: request in, what is to
be kept out; the doors and the stores do the rest. Nothing is stored between the two steps, so a restart loses nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from .base import StoreConfig
from .errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Doors:
    """The public addresses of one store."""

    register: str
    confirm: str
    hooks: str


@dataclass(frozen=True, slots=True)
class AppFile:
    """What the shop installs. It carries a secret: for the store's owner only."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Knock:
    """A request of the shop as it came: ``query`` undecoded, header names in lower case, ``at`` in Unix seconds."""

    query: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Handover:
    """What the second step brought: ``credentials`` replace the store's; ``shop_id`` is who the shop says it is;
    ``again``: this shop had been confirmed before, so its secret and keys were replaced."""

    credentials: Mapping[str, str]
    shop_id: str
    again: bool


class ForeignShop(ConnectorError):
    """The app was installed in a shop at another address than the store's: ``address``."""

    def __init__(self, address: str, wanted: str) -> None:
        super().__init__(
            f"This app was made for {wanted}, but the shop says it is {address}. If the shop has moved, connect the "
            "store in Cartfolk under the new address first; for another shop make a store of its own there."
        )
        self.address = address


class HandshakeRefused(ConnectorError):
    """The request is not what this step needs; the text says what to do."""


class ShopApp(ABC):
    """One platform's app. Every text it raises is shown by the shop to the administrator who installs it."""

    steps: tuple[str, ...]
    """How the owner installs it, a sentence a step."""

    @abstractmethod
    def file(self, config: StoreConfig, doors: Doors) -> AppFile: ...

    @abstractmethod
    def register(self, config: StoreConfig, doors: Doors, knock: Knock) -> Mapping[str, str]:
        """The JSON to answer the first step with. Raises SignatureInvalid, ForeignShop, HandshakeRefused."""

    @abstractmethod
    def confirm(self, config: StoreConfig, knock: Knock) -> Handover:
        """What the second step brings. Raises SignatureInvalid, ForeignShop, HandshakeRefused."""
