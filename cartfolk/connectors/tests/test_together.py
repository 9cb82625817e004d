"""Risk: one of several questions to a shop fails, and the others go on, or the caller cannot tell what to do."""

from __future__ import annotations

import asyncio

import pytest

from cartfolk.connectors.errors import PageUnreadable, RetryLater
from cartfolk.connectors.together import together


async def answer(value: str, done: list[str], after: asyncio.Event | None = None) -> str:
    try:
        if after is not None:
            await after.wait()
    except asyncio.CancelledError:
        done.append(f"{value} given up")
        raise
    done.append(value)
    return value


async def refuse(started: asyncio.Event) -> str:
    await started.wait()
    raise RetryLater("The shop is busy.", after=7)


def test_answers_come_in_the_order_of_the_questions() -> None:
    async def run() -> tuple[str, ...]:
        second = asyncio.Event()

        async def late() -> str:
            second.set()
            return "second"

        return await together(answer("first", [], second), late())

    assert asyncio.run(run()) == ("first", "second")


def test_one_that_fails_stops_the_others_and_keeps_its_type() -> None:
    done: list[str] = []

    async def run() -> None:
        never, now = asyncio.Event(), asyncio.Event()
        now.set()
        try:
            await together(answer("slow", done, never), refuse(now))
        finally:
            done.append("asked")

    with pytest.raises(RetryLater) as refused:
        asyncio.run(run())
    assert refused.value.after == 7
    assert done == ["slow given up", "asked"], "nobody asks on when the caller goes on"


def test_inside_one_another_the_error_stays_what_it_is() -> None:
    async def unreadable() -> str:
        raise PageUnreadable("The page is broken.")

    async def run() -> None:
        await together(together(unreadable(), answer("a", [])), answer("b", []))

    with pytest.raises(PageUnreadable):
        asyncio.run(run())
