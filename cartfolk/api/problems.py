"""What the API refuses, in HubSpot's error body.

Problem ── Invalid (400) · Unauthorised (401) · MissingScopes (403) · NotFound (404) · NotSupported (405) · Conflict (409)
        · Unavailable (503)
"""  # noqa: E501

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any


class Problem(Exception):
    """A refusal; its message says what to do next. ``errors`` tell of parts of the request."""

    status = 400
    category = "VALIDATION_ERROR"

    def __init__(
        self, message: str, errors: Sequence[dict[str, Any]] = (), context: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.errors, self.context = message, list(errors), context or {}

    def body(self) -> dict[str, Any]:
        """The answer's JSON; ``correlationId`` is new for each."""
        told: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
        }
        if self.errors:
            told["errors"] = self.errors
        if self.context:
            told["context"] = self.context
        return told

    def part(self) -> dict[str, Any]:
        """This problem as one of the ``errors`` of a batch answered 207."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": self.context,
            "links": {},
            "errors": self.errors,
        }


class Invalid(Problem):
    """The request cannot be understood or a value does not fit."""


class BadValues(Invalid):
    """Values that do not fit: ``wrong`` is (property, HubSpot's error code, sentence)."""

    def __init__(self, wrong: Sequence[tuple[str, str, str]]) -> None:
        listed = [
            {"isValid": False, "message": said, "error": code, "name": name, "localizedErrorMessage": said}
            for name, code, said in wrong
        ]
        errors = [{"message": said, "code": code, "context": {"propertyName": [name]}} for name, code, said in wrong]
        super().__init__(f"Property values were not valid: {json.dumps(listed, ensure_ascii=False)}", errors)


class Unauthorised(Problem):
    status, category = 401, "INVALID_AUTHENTICATION"


class MissingScopes(Problem):
    status, category = 403, "MISSING_SCOPES"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This token lacks the scope {scope}. Make one that has it under Settings, API tokens.",
            [{"message": f"The scope {scope} is required.", "context": {"requiredGranularScopes": [scope]}}],
        )


class NotFound(Problem):
    status, category = 404, "OBJECT_NOT_FOUND"


class NotSupported(Problem):
    status, category = 405, "METHOD_NOT_ALLOWED"


class Conflict(Problem):
    status, category = 409, "CONFLICT"


class Unavailable(Problem):
    status, category = 503, "SERVICE_UNAVAILABLE"
