"""What every endpoint shares: the token and its scope, JSON in and out, refusals as HubSpot words them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from django.core.exceptions import RequestDataTooBig
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation

from cartfolk.core.sql import Connection
from cartfolk.stores.database import database
from cartfolk.web import tokens
from cartfolk.web.tokens import Scope

from .problems import Invalid, MissingScopes, NotFound, NotSupported, Problem, Unauthorised, Unavailable

log = logging.getLogger(__name__)

Json = dict[str, Any]
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


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
            except (psycopg.OperationalError, OperationalError) as error:
                # Away, restarting, or a table stays locked: programs try again what is answered 503.
                log.warning("%s of the API: %s", request.method, type(error).__name__)
                away = Unavailable("The database does not answer just now. Send the request again.")
                return JsonResponse(away.body(), status=away.status, headers={"Retry-After": "5"})
        if answer.body is None:
            return HttpResponse(status=answer.status)
        return JsonResponse(answer.body, status=answer.status, json_dumps_params={"ensure_ascii": False})

    view.csrf_exempt = True  # type: ignore[attr-defined]  # a token, not a cookie, says who asks
    view.actions = actions  # type: ignore[attr-defined]  # what the tests walk
    return view


def nowhere(request: HttpRequest) -> HttpResponse:
    """What is no address here, refused in the words of the others: programs read JSON, not a page."""
    problem = NotFound(f"There is nothing at {request.path[:200]} here: of HubSpot's addresses those of contacts and "
                       "their properties are answered.")  # fmt: skip
    return JsonResponse(problem.body(), status=problem.status)


nowhere.csrf_exempt = True  # type: ignore[attr-defined]


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
        found = json.loads(request.body or b"{}")
        sound = storable(found)
    except RequestDataTooBig:
        raise Invalid("The body is too long; send fewer inputs at once.") from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The body must be a JSON object.")
    if not sound:
        raise Invalid("The body holds a character that no text can hold: NUL, or half of a surrogate pair.")
    return cast(Json, found)


def storable(value: object) -> bool:
    """Whether PostgreSQL can take every text in it. The values of contacts are looked at one by one, later: a bad one
    refuses its own contact."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, dict):
        return all(name == "properties" or (storable(name) and storable(item)) for name, item in value.items())
    return all(map(storable, value)) if isinstance(value, list) else True
