"""How long the phases of a command take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from bend.records import dataclass

PHASES = {'front_end': 'front end', 'compile': 'compile', 'run': 'run', 'readback': 'readback'}
"""What the time of a command is divided into."""


@dataclass
class Phases:
    """How long the phases of a command took so far."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    cached: bool = False

    @contextmanager
    def measuring(self, name: str) -> Iterator[None]:
        """Adds the time that something takes to a phase."""
        start = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - start

    def move(self, seconds: float, source: str, target: str) -> None:
        """Counts some of the time of one phase as that of another one."""
        self.seconds[source] -= seconds
        self.seconds[target] += seconds
