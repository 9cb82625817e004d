"""Coarse jobs: forget carts that never got a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
from django.conf import settings
from procrastinate.contrib.django import app

from cartfolk.core.time import now

from .anonymous import forget

STEP = 1000  # carts forgotten by one statement


@app.periodic(cron="53 3 * * *")
@app.task(name="cartfolk.forget_anonymous_carts", queueing_lock="forget-anonymous-carts")
async def forget_anonymous_carts(timestamp: int) -> None:
    """Nightly, in small steps: carts nobody was named for, CARTFOLK_ANONYMOUS_DAYS after their last moment."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as conn:
        before = now() - timedelta(days=settings.ANONYMOUS_DAYS)
        while forget(conn, before, STEP) == STEP:
            await asyncio.sleep(0.05)
