"""What every endpoint shares: the token and its scope, JSON in and out, refusals as HubSpot words them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation

from cartfolk.core.sql import Connection
from cartfolk.stores.database import database
from cartfolk.web import tokens
from cartfolk.web.tokens import Scope

from .problems import Invalid, MissingScopes, NotSupported, Problem, Unauthorised

Json = dict[str, Any]
LONGEST = 3_000_000  # bytes of a body: a hundred contacts with long texts


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered. ``actor`` is ``token:7``; ``body`` the JSON object of its body."""

    request: HttpRequest
    conn: Connection
    actor: str
    scopes: frozenset[str]
    body: Json

    def names(self, parameter: str) -> list[str]:
        """A parameter that is repeated, or a list with commas; programs do either."""
        told = self.request.GET.getlist(parameter)
        return [name for text in told for name in map(str.strip, text.split(",")) if name]

    def archived(self) -> bool:
        """Whether what is put aside is asked for; the library writes Python's True."""
        return self.request.GET.get("archived", "").lower() == "true"

    def number(self, parameter: str, default: int, most: int) -> int:
        """Raises Invalid."""
        text = self.request.GET.get(parameter, str(default))
        return whole(text, parameter, most)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action answers: JSON, and the code a client of HubSpot's waits for."""

    body: Json | None
    status: int = 200


Action = Callable[..., Answer]


def endpoint(**actions: tuple[Scope, Action]) -> Callable[..., HttpResponse]:
    """A view of ``METHOD=(scope, action)``; the action takes the Call and what the route names."""

    def view(request: HttpRequest, **route: Any) -> HttpResponse:
        # Refusals are in English, whatever a page in this thread was shown in before.
        with translation.override("en"):
            try:
                answer = _answer(request, actions, route)
            except Problem as problem:
                return JsonResponse(problem.body(), status=problem.status)
        if answer.body is None:
            return HttpResponse(status=answer.status)
        return JsonResponse(answer.body, status=answer.status, json_dumps_params={"ensure_ascii": False})

    view.csrf_exempt = True  # type: ignore[attr-defined]  # a token, not a cookie, says who asks
    view.actions = actions  # type: ignore[attr-defined]  # what the tests walk
    return view


def whole(value: object, name: str, most: int) -> int:
    """A number from 0 to ``most`` (more is ``most``). Raises Invalid."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"{name} is {text[:40]!r}; it takes a whole number.")
    return min(int(text), most)


def inputs(body: Mapping[str, Any]) -> list[Json]:
    """The ``inputs`` of a batch. Raises Invalid."""
    found = body.get("inputs")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Invalid("inputs must be a list of objects.")
    if len(found) > 100:
        raise Invalid(f"A batch holds at most 100 inputs, this one has {len(found)}. Send several.")
    return found


def _answer(request: HttpRequest, actions: Mapping[str, tuple[Scope, Action]], route: Mapping[str, Any]) -> Answer:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    token = tokens.find(given.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise Unauthorised("Send Authorization: Bearer with a token from Settings, API tokens.")
    method = str(request.method)
    if method not in actions:
        raise NotSupported(f"{method} is not supported here; {', '.join(actions)} is.")
    scope, action = actions[method]
    if scope not in token.scopes:
        raise MissingScopes(scope.value)
    call = Call(request, database(), f"token:{token.pk}", frozenset(token.scopes), _body(request))
    return action(call, **route)


def _body(request: HttpRequest) -> Json:
    if request.method in ("GET", "DELETE"):
        return {}
    try:
        if int(request.headers.get("Content-Length") or 0) > LONGEST:
            raise Invalid("The body is too long; send fewer inputs at once.")
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The body must be a JSON object.")
    return cast(Json, found)
