"""Plain data read straight from a net: numbers, constructors and tuples of such, without functions or copies.

Most results are plain, and some are long. In a tree of plain data no wire leads anywhere but to the end of its cell, so
that none has to be followed and `bend.hvm.readback` need not make a graph of the ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from bend.hvm import net, result
from bend.hvm import numbers as num
from bend.hvm.names import letters


class HasArity(Protocol):
    """What must be known of a constructor."""

    @property
    def arity(self) -> int:
        """How many fields it has."""


class _Build(NamedTuple):
    """Makes a constructor of the last terms; a pair where it has no name."""

    name: str
    binder: str
    fields: int


def read_plain(root: net.Tree, constructors: Mapping[str, HasArity]) -> result.Term | None:
    """The term of a tree in the encoding with tags; None if it is not plain, or mentions any name but those of
    constructors and tags. Binders have the names that the general way gives them."""
    done: list[result.Term] = []
    todo: list[net.Tree | _Build] = [root]
    named = 0
    while todo:
        item = todo.pop()
        if isinstance(item, net.Con):
            cell = _cell(item, constructors)
            if cell is not None:
                name, fields = cell
                todo.append(_Build(name, letters(named), len(fields)))
                todo += reversed(fields)
                named += 1
            elif isinstance(item.first, net.Var | net.Era):
                return None
            else:
                todo += (_Build('', '', 2), item.second, item.first)
        elif isinstance(item, _Build):
            parts = tuple(done[len(done) - item.fields:])
            del done[len(done) - item.fields:]
            done.append(result.Constructor(item.name, parts, item.binder) if item.name else result.Pair(*parts))
        elif isinstance(item, net.Num) and num.is_number(item.word):
            done.append(result.Number(item.word))
        elif isinstance(item, net.Ref) and item.name.removesuffix('/tag') in constructors:
            done.append(result.Reference(item.name))
        elif isinstance(item, net.Era):
            done.append(result.Eraser())
        else:
            return None
    return done[0]


def _cell(tree: net.Con, constructors: Mapping[str, HasArity]) -> tuple[str, list[net.Tree]] | None:
    """Name and fields of `((T/C/tag (f1 (... r))) r)`."""
    spine, end = tree.first, tree.second
    if not isinstance(end, net.Var) or not isinstance(spine, net.Con) or not isinstance(spine.first, net.Ref):
        return None
    name = spine.first.name.removesuffix('/tag')
    if name == spine.first.name or name not in constructors:
        return None
    fields: list[net.Tree] = []
    rest = spine.second
    while isinstance(rest, net.Con):
        fields.append(rest.first)
        rest = rest.second
    return (name, fields) if rest == end and len(fields) == constructors[name].arity else None
