"""Several questions to a shop at once: all are answered, or none goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Ask = Coroutine[Any, Any, A]


@overload
async def together(a: Ask[A], b: Ask[B], /) -> tuple[A, B]: ...
@overload
async def together(a: Ask[A], b: Ask[B], c: Ask[C], /) -> tuple[A, B, C]: ...
@overload
async def together(a: Ask[A], b: Ask[B], c: Ask[C], d: Ask[D], /) -> tuple[A, B, C, D]: ...
@overload
async def together(a: Ask[A], b: Ask[B], c: Ask[C], d: Ask[D], e: Ask[E], /) -> tuple[A, B, C, D, E]: ...
@overload
async def together(*asked: Ask[A]) -> tuple[A, ...]: ...
async def together(*asked: Ask[Any]) -> tuple[Any, ...]:
    """The answers, in the order of the questions. When one fails the others are given up and its error is raised as it
    is: whoever asks knows by its type what to do next."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asked]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return tuple(task.result() for task in tasks)
