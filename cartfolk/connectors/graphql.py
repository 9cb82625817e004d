"""Asking a GraphQL API: a query is a read sent by POST, and what goes wrong comes with status 200.

What an error means differs from shop to shop (a throttled query, a missing permission, a field a version does not
have), so each connector gives ``refusal``: from the errors to what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ConnectorError, PageUnreadable, RetryLater
from .http import Answer, Transport
from .reading import JsonBroken, load, mapping, objects


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of ``errors``."""

    message: str
    code: str  # extensions.code, where shops agree to put it; else empty
    extensions: Mapping[str, Any]
    path: tuple[str, ...] = ()


Refusal = Callable[[Answer, Sequence[Problem]], ConnectorError | None]
"""An answer of status 400 or above, or with errors -> the error to raise; None = read the data all the same."""


class GraphQL:
    """One endpoint. ``headers`` go with every request; no secret is in an address."""

    def __init__(
        self, transport: Transport, url: str, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> None:
        self.transport = transport
        self.url = url
        self.headers = dict(headers or {})
        self._refusal = refusal

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The ``data`` of a query; numbers with a point are Decimal. Repeated while the shop is busy: a
        RetryLater of ``refusal`` is waited for like a 429. Raises what ``refusal`` says, PageUnreadable."""
        answer = await self.transport.read(
            "POST", self.url, body=_body(query, variables), headers=self.headers, judge=self._judge
        )
        return self._data(answer)

    async def change(self, query: str, **variables: Any) -> dict[str, Any]:
        """The ``data`` of a mutation, said once. Raises what ``refusal`` says, PageUnreadable."""
        answer = await self.transport.send("POST", self.url, body=_body(query, variables), headers=self.headers)
        return self._data(answer)

    def _judge(self, answer: Answer) -> None:
        if isinstance(error := self._refused(answer), RetryLater):
            raise error

    def _refused(self, answer: Answer) -> ConnectorError | None:
        found = problems(answer)
        return self._refusal(answer, found) if found or answer.status >= 400 else None

    def _data(self, answer: Answer) -> dict[str, Any]:
        if error := self._refused(answer):
            raise error
        try:
            data = mapping(load(answer.text())).get("data")
        except JsonBroken:
            data = None
        if not isinstance(data, dict):
            raise PageUnreadable(f"{self.transport.host} answered a question without data.")
        return data


def problems(answer: Answer) -> tuple[Problem, ...]:
    """The errors of an answer; none where it is no GraphQL answer at all."""
    try:
        told = mapping(load(answer.text())).get("errors")
        return tuple(
            Problem(
                str(each.get("message") or ""),
                str(mapping(each.get("extensions")).get("code") or ""),
                mapping(each.get("extensions")),
                tuple(map(str, each.get("path") or ())),
            )
            for each in (objects(told, "errors") if isinstance(told, list) else [])
        )
    except ValueError:  # no JSON, or an "errors" of another shape
        return ()


def _body(query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"query": query, "variables": dict(variables)} if variables else {"query": query}
