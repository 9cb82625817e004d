"""WordPress' error objects."""

from __future__ import annotations

from typing import Any


class RestError(Exception):
    """An answer `{"code", "message", "data": {"status", ...}}` with that HTTP status."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


def no_route() -> RestError:
    return RestError(404, "rest_no_route", "No route was found matching the URL and request method.")


def invalid_param(name: str, reason: str, detail: str = "rest_invalid_param") -> RestError:
    """A parameter of the wrong form; `detail` is the inner code, e.g. rest_out_of_bounds."""
    return RestError(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: reason},
        details={name: {"code": detail, "message": reason, "data": None}},
    )
