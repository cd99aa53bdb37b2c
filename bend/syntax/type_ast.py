"""Types as both notations write them."""

from __future__ import annotations

from bend.records import dataclass
from bend.syntax.node import Node


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """`u24`, `Any`, `None`, `_`, a type's name or a type variable."""

    name: str


@dataclass(frozen=True, slots=True)
class TypeApplication(Node):
    """`List(u24)` in imp, `(List u24)` in fun."""

    name: str
    arguments: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class TypeArrow(Node):
    """`A -> B`."""

    argument: Type
    result: Type


@dataclass(frozen=True, slots=True)
class TypeTuple(Node):
    """`(A, B, ...)`, at least two."""

    elements: tuple[Type, ...]


Type = TypeName | TypeApplication | TypeArrow | TypeTuple
