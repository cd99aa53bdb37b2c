"""`--progress`: one line on a terminal that tells how a long run gets on, and goes away when it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.live import Live

    from bend.runtime.progress import Progress

DELAY = 0.3
"""Seconds that a run may take before the line appears."""


class ProgressLine:
    """A watcher that shows what it is told."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live: Live | None = None
        self.start: float | None = None
        self.last = (0.0, 0)
        self.elapsed = 0.0

    def update(self, progress: Progress) -> None:
        """See `bend.runtime.progress.Watcher`."""
        now = time.monotonic()
        if self.start is None:
            self.start = now
            self.last = (now, progress.interactions or 0)
            return
        before, interactions = self.last
        if now - self.start < DELAY or now - before < 0.1:
            return
        self.last = (now, progress.interactions or 0)
        speed = (self.last[1] - interactions) / (now - before)
        if self.live is None:
            self.live = self._begin()
        self.live.update(line(progress, self.elapsed + now - self.start, speed), refresh=True)

    def hide(self) -> None:
        """See `bend.runtime.progress.Watcher`."""
        if self.live is not None:
            self.live.stop()
            self.live = None
        if self.start is not None:
            self.elapsed += time.monotonic() - self.start
            self.start = None

    def _begin(self) -> Live:
        from rich.console import Console
        from rich.live import Live
        console = Console(file=self.stream, highlight=False)
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
        live.start()
        return live


def line(progress: Progress, seconds: float, speed: float) -> str:
    """The text: seconds, interactions and their speed if there are some, memory, threads, tasks that they took."""
    parts = [f'{seconds:.1f} s']
    if progress.interactions is not None:
        parts.append(f'{_count(progress.interactions)} interactions, {_count(int(speed))} a second')
    parts += [f'{progress.memory / (1 << 20):.0f} MB', f'{progress.busy} of {progress.threads} threads busy']
    if progress.steals:
        parts.append(f'{_count(progress.steals)} tasks taken from others')
    return '  '.join(parts)


def _count(number: int) -> str:
    for unit, name in ((10 ** 9, ' G'), (10 ** 6, ' M'), (10 ** 3, ' k')):
        if number >= unit:
            return f'{number / unit:.1f}{name}'
    return str(number)

