"""Coarse jobs: forget carts that never got a person."""

from __future__ import annotations

import asyncio

import psycopg
from django.conf import settings
from procrastinate.contrib.django import app

from cartfolk.inbox import retention

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
