"""What is known of a wire while one definition is compiled, and what can be told of a definition before that.

    Leaf      a port in a register
    Static    a tree of the definition that has not been built
    Virtual   a CON node that has not been built, of two such values
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.hvm import net
from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """A port in a register (or a constant); `fresh` if it is a variable made here, so no number.

    `operator` is the code of the operator that a symbol has made of it, if it is a number at all.
    """

    port: lir.Expr
    fresh: bool = False
    operator: int = 0


@dataclass(frozen=True, slots=True)
class Static:
    """A tree of the definition, not built yet."""

    tree: net.Tree


@dataclass(frozen=True, slots=True)
class Virtual:
    """A CON node, not built yet."""

    first: Value
    second: Value


Value = Leaf | Static | Virtual


def joined(ports: Sequence[Value]) -> Value:
    """The application that has the given ports."""
    value = ports[-1]
    for item in reversed(ports[:-1]):
        value = Virtual(item, value)
    return value


def produced_wires(body: net.Net) -> frozenset[str]:
    """The wires that end as the result of a call or an operation of a definition."""
    found: set[str] = set()
    pending = [body.root]
    for redex in body.redexes:
        pending += [redex.left, redex.right]
        if isinstance(redex.left, net.Ref):
            last = redex.right
            while isinstance(last, net.Con):
                last = last.second
            if isinstance(last, net.Var):
                found.add(last.name)
    while pending:
        tree = pending.pop()
        if isinstance(tree, net.Opr) and isinstance(tree.second, net.Var):
            found.add(tree.second.name)
        if isinstance(tree, net.Con | net.Dup | net.Opr | net.Swi):
            pending += [tree.first, tree.second]
    return frozenset(found)


def order_of(tree: net.Tree) -> int:
    """In which order trees are joined with the ports."""
    return 0 if isinstance(tree, net.Var) else 1 if isinstance(tree, net.Dup | net.Con) else 2
