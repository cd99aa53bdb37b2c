"""Values of the evaluator of the direct engine (`bend.runtime.direct.evaluate`), open ones among them.

Numbers are their words (`bend.hvm.numbers`). A *neutral* value waits for a variable: what a function does with its
parameter is known by applying it to a variable and looking at the result.
"""

from __future__ import annotations

from typing import TypeAlias, final

from bend.desugar import core
from bend.records import dataclass
from bend.syntax.ast import Operator


class WrongShape(Exception):
    """A value of a shape that only nets know what to do with (spec 09, R5); `reason` says what was done to what."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class MaybeCopied(Exception):
    """The result holds a folded reference that nets evaluate if they copy it (spec 09, R1), and a direct engine cannot
    tell whether they would have: `name` is that of the definition."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Eraser:
    """`*`."""


ERASER = Eraser()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A folded reference of a definition or of a tag (spec 09, R1)."""

    name: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A constructor with all of its fields."""

    name: str
    fields: tuple[Value, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """A constructor, or an operation of the prelude that is written as a net, with fewer arguments than it takes."""

    name: str
    arguments: tuple[Value, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A tuple of two."""

    first: Value
    second: Value


@final
@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function and the values of the variables in it (others may be among them)."""

    function: core.Lam
    environment: Environment


@final
@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """The parameter of a function whose body is looked at."""

    name: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """An application of a neutral value."""

    function: Neutral
    argument: Value


@final
@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """An operation of the prelude, written as a net, that waits for an argument."""

    name: str
    arguments: tuple[Value, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation that waits for its left operand, or for the right one while the left one is a number. `holds_right`
    where the operator holds the right operand, a literal, and waits for the left one (spec 06, section 2.1)."""

    operator: Operator
    left: Value
    right: Value
    holds_right: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """A switch on a neutral value, with the values of the variables in its arms."""

    argument: Neutral
    term: core.Switch
    environment: Environment


@final
@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """A match on a neutral value, with the values of the variables in its arms."""

    argument: Neutral
    term: core.Match
    environment: Environment


@final
@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A neutral value that is taken apart."""

    argument: Neutral


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One of the two parts, 0 or 1, of what is taken apart."""

    whole: Split
    index: int


Neutral: TypeAlias = Variable | Application | Primitive | Operation | Switched | Matched | Part
Value: TypeAlias = int | Eraser | Reference | Data | Partial | Pair | Closure | Neutral
Environment: TypeAlias = dict[str, Value]

NEUTRAL = (Variable, Application, Primitive, Operation, Switched, Matched, Part)
"""The classes of neutral values."""
