"""Source files on disk: their text, and a record of what a compilation looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Literal

from bend.diagnostics import BendError, error
from bend.records import dataclass
from bend.runtime.cache import key_of
from bend.source import Source

SUFFIX = '.bend'


def load(path: str) -> Source:
    """The text of a file; raises `BendError` if it cannot be read."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise BendError(error('file-not-found', f"There is no file '{path}'.")) from None
    except IsADirectoryError:
        raise BendError(error('file-not-found', f"'{path}' is a directory, not a file.",
                              hint=_main_file_hint(path))) from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise BendError(error('unreadable-file', f"The file '{path}' cannot be read: {reason}.")) from None
    try:
        return Source(path, data.decode('utf-8').removeprefix('\ufeff'))
    except UnicodeDecodeError as problem:
        line = data.count(b'\n', 0, problem.start) + 1
        raise BendError(error('not-utf-8', f"The file '{path}' is not UTF-8 text (line {line}, byte {problem.start}).",
                              hint='Save the file as UTF-8.')) from None


def _main_file_hint(path: str) -> str:
    candidates = sorted(Path(path).glob(f'*{SUFFIX}'))
    return f"It holds '{candidates[0]}'." if candidates else ''


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a source file, or at which source files a folder holds. `path` leads from the main file's folder."""

    kind: Literal['file', 'folder']
    path: str


@dataclass
class Disk:
    """The source files around a main file, whose folder may be '' for the current one.

    `seen` records each look with what stands for its outcome: as long as looking again gives the same, the program
    is the same.
    """

    folder: str
    seen: dict[Look, str] = field(default_factory=dict)

    def name(self, place: str) -> str:
        """The path, as users know it, of what lies at a place relative to the folder."""
        return os.path.normpath(os.path.join(self.folder, place))

    def source(self, place: str) -> Source | None:
        """The text of a source file, whose suffix is implied; None if there is none. Raises `BendError` if it cannot
        be read."""
        path = self.name(place) + SUFFIX
        source = load(path) if os.path.isfile(path) else None
        self.seen[Look('file', place)] = '' if source is None else key_of(self.identity(place), source.text)
        return source

    def identity(self, place: str) -> str:
        """What is the same for all paths to one source file."""
        return os.path.realpath(self.name(place) + SUFFIX)

    def members(self, place: str) -> list[str]:
        """The names of the source files in a folder, without suffix, in alphabetical order; none if there is no such
        folder."""
        names = [entry.removesuffix(SUFFIX) for entry in self.entries(place) if entry.endswith(SUFFIX)]
        self.seen[Look('folder', place)] = key_of(*names)
        return names

    def entries(self, place: str) -> list[str]:
        """All names in a folder, in alphabetical order."""
        try:
            return sorted(os.listdir(self.name(place)))
        except OSError:
            return []

    def outcomes(self, looks: Iterable[Look]) -> tuple[str, ...]:
        """What looking gives now, in the terms of `seen`."""
        for look in looks:
            if look.kind == 'folder':
                self.members(look.path)
            else:
                self._look_at_file(look)
        return tuple(self.seen[look] for look in looks)

    def _look_at_file(self, look: Look) -> None:
        try:
            self.source(look.path)
        except BendError:
            # A program with such a file was never compiled.
            self.seen[look] = 'unreadable'
