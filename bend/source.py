"""Source text and places in it: what every node and diagnostic points at."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from functools import cached_property

from bend.records import dataclass


@dataclass(frozen=True)
class Source:
    """One file (or piece) of source text.

    `name` is how users know it (the path as given on the command line, or `<prelude>`).
    """

    name: str
    text: str = field(repr=False, compare=False)
    builtin: bool = False

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets at which the lines start."""
        starts = [0]
        position = self.text.find('\n')
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find('\n', position + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1) of a character offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its line break."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip('\r\n')


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source: characters `start` up to, not including, `end`."""

    source: Source
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.source, self.start, max(self.end, other.end))

    @property
    def position(self) -> tuple[int, int]:
        """Line and column (both from 1) of the first character."""
        return self.source.position(self.start)

    def __str__(self) -> str:
        line, column = self.position
        return f'{self.source.name}:{line}:{column}'
