"""Functions as basic blocks: statements, and how a block ends. Data only.

Only calls of functions that become states, returns, and what is around them are taken apart; any other statement, also
a branch or a loop, stays whole in the statements of a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, final

from bend.codegen import lir
from bend.records import dataclass


@final
@dataclass(frozen=True, slots=True)
class Jump:
    """Goes on with another block."""

    target: int


@final
@dataclass(frozen=True, slots=True)
class Branch:
    """Goes on with one of two blocks."""

    condition: lir.Expr
    then: int
    otherwise: int


@final
@dataclass(frozen=True, slots=True)
class Choose:
    """Goes on with the block that the value of an integer selects."""

    value: lir.Expr
    cases: tuple[tuple[tuple[int, ...], int], ...]
    default: int


@final
@dataclass(frozen=True, slots=True)
class Give:
    """The function gives a value."""

    value: lir.Expr


@final
@dataclass(frozen=True, slots=True)
class Become:
    """The function gives what a call gives."""

    call: lir.Call


@final
@dataclass(frozen=True, slots=True)
class Invoke:
    """Calls that do not need each other; then goes on with a block, in which they have given locals their values."""

    targets: tuple[lir.Local, ...]
    calls: tuple[lir.Call, ...]
    then: int


@final
@dataclass(frozen=True, slots=True)
class Never:
    """The end of the block is not reached."""


End: TypeAlias = Jump | Branch | Choose | Give | Become | Invoke | Never


@final
@dataclass(frozen=True, slots=True)
class BasicBlock:
    """Statements without calls of functions that become states, and an end."""

    statements: lir.Block
    end: End


@final
@dataclass(frozen=True, slots=True)
class Flat:
    """A function in blocks; it begins with the first one. The worker is none of its parameters."""

    name: str
    parameters: tuple[lir.Local, ...]
    result: lir.Type
    blocks: tuple[BasicBlock, ...]


def targets_of(end: End) -> Iterator[int]:
    """The blocks that may follow, one as often as it is named."""
    match end:
        case Jump(target):
            yield target
        case Branch(_, then, otherwise):
            yield from (then, otherwise)
        case Choose(_, cases, default):
            yield from (target for _, target in cases)
            yield default
        case Invoke(_, _, then):
            yield then
        case _:
            return


def operands_of(end: End) -> tuple[lir.Expr, ...]:
    """The expressions that an end evaluates."""
    match end:
        case Branch(condition):
            return (condition,)
        case Choose(value) | Give(value):
            return (value,)
        case Become(call):
            return call.arguments
        case Invoke(_, calls):
            return tuple(argument for call in calls for argument in call.arguments)
        case _:
            return ()
