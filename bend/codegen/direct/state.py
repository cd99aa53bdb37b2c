"""Who owns what while a block is lowered (docs/direct.md, Reference counts).

A variable is *owned* (this function has a reference of its own and must pass it on or drop it), or *part* of another
one that was looked at and is still there, or borrowed. When an owned value that was looked at is needed no more it is
*closed*: its parts become owned, and its cell can be used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from bend.codegen import lir
from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """A value whose cell has been looked at: its shape, its words, the header included, and the variables of its parts
    that are counted. `always` says that it is sure to be a cell."""

    shape: int
    words: int
    parts: tuple[str, ...]
    always: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """A local that holds the address of a cell of so many words that can be used again, or 0. Its header still says
    that it is of that shape and has one reference."""

    cell: lir.Local
    shape: int
    words: int


@dataclass
class State:
    """What is owned, opened and free at a point of a block."""

    owned: set[str] = field(default_factory=set)
    opened: dict[str, Opened] = field(default_factory=dict)
    wholes: dict[str, str] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)

    def copy(self) -> State:
        """The same state, for an arm of a branch."""
        return State(set(self.owned), dict(self.opened), dict(self.wholes), list(self.tokens))

    def open(self, name: str, opened: Opened) -> None:
        """A variable has been looked at."""
        self.opened[name] = opened
        self.wholes.update(dict.fromkeys(opened.parts, name))

    def forget(self, name: str) -> Opened:
        """An opened variable is one no more; its parts belong to nobody yet."""
        opened = self.opened.pop(name)
        for part in opened.parts:
            self.wholes.pop(part, None)
        return opened

    def is_needed(self, name: str, needed: Iterable[str]) -> bool:
        """Whether a variable or a part of it, or a part of that, is among the needed ones."""
        if name in needed:
            return True
        opened = self.opened.get(name)
        return opened is not None and any(self.is_needed(part, needed) for part in opened.parts)


def joined(ends: Sequence[State]) -> State:
    """The state after a branch, from those at the ends of its arms (one at least), where nothing is owned that is not
    needed any more. A variable that is no cell in some arm is not owned there, which does not matter in others; what an
    arm has looked at is known only there."""
    first, *others = ends
    owned = first.owned.union(*(state.owned for state in others))
    opened = {name: opened for name, opened in first.opened.items()
              if all(state.opened.get(name) == opened for state in others)}
    wholes = {part: name for name, found in opened.items() for part in found.parts}
    return State(owned, opened, wholes, first.tokens)
