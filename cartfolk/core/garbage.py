"""When Python looks for garbage in cycles."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Records and pages are many and hold few cycles: looking for garbage after every few hundred objects costs a
    drain process a fifth of its time, and looking through all that was loaded at the start a page 0.1 s now and
    then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)
