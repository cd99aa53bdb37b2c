"""How runs tell those who watch them how they get on, on any engine."""

from __future__ import annotations

from typing import Protocol

from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A look at a run under way: interactions (None on the direct engine, which has none), bytes in use, how many of
    its threads have something to do, and the tasks that threads took from each other (0 on the net engine, where they
    are given)."""

    interactions: int | None
    memory: int
    busy: int
    threads: int
    steals: int = 0


class Watcher(Protocol):
    """Somebody who wants to know how long runs get on."""

    def update(self, progress: Progress) -> None:
        """Called several times a second while workers are busy."""

    def hide(self) -> None:
        """Called when they are at rest, before the program may print something."""
