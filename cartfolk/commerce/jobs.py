"""Coarse jobs: forget carts that never got a person, have orders follow their owner's exchange rates."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psycopg
from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.core.time import now
from cartfolk.inbox import retention

from . import rates
from .anonymous import forget

STEP = 1000  # carts forgotten by one statement


@app.periodic(cron="53 3 * * *")
@app.task(name="cartfolk.forget_anonymous_carts", queueing_lock="forget-anonymous-carts")
async def forget_anonymous_carts(timestamp: int) -> None:
    """Nightly, in small steps: carts nobody was named for, as many days after their last moment as the owner chose."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as conn:
        before = retention.before(conn, "anonymous_carts")
        while forget(conn, before, STEP) == STEP:
            await asyncio.sleep(0.05)


def start_rating(store_id: int) -> None:
    """Has the worker rate the store's orders again. Asking while that waits changes nothing."""
    with suppress(AlreadyEnqueued):
        rate_orders.configure(queueing_lock=f"rate-orders-{store_id}").defer(store_id=store_id)


@app.task(name="cartfolk.rate_orders")
def rate_orders(store_id: int) -> None:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as conn:
        while store_id in rates.waiting(conn):  # again, when a rate was changed meanwhile
            rates.follow(conn, store_id)


@app.periodic(cron="* * * * *")
@app.task(name="cartfolk.tend_rates", queueing_lock="tend-rates")
def tend_rates(timestamp: int) -> None:
    """Every minute: orders that should follow their rates and that nobody works on."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as conn:
        for store_id in rates.waiting(conn):
            start_rating(store_id)


@app.periodic(cron="29 3 * * *")
@app.task(name="cartfolk.rate_all_orders", queueing_lock="rate-all-orders")
def rate_all_orders(timestamp: int) -> None:
    """Nightly, for every store with rates of its owner's: an undone merge may have brought back what was."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as conn:
        conn.execute(rates.Q["wait_all"], {"at": now()})
