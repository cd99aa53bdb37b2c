"""Net inlining (spec 02, section 4): a reference to a definition that is a single reference, number or eraser is
replaced by it."""

from __future__ import annotations

from collections.abc import Mapping

from bend.diagnostics import BendError, error
from bend.hvm import net
from bend.hvm.walk import map_leaves


def inline_nets(book: net.Book) -> net.Book:
    """The book with such references replaced everywhere; raises `BendError` where they form a cycle."""
    values = inlined_values(book)
    return net.Book({name: inline_net(definition, values) for name, definition in book.defs.items()})


def inline_net(inlined: net.Net, values: Mapping[str, net.Tree]) -> net.Net:
    """The net with references to some definitions replaced by what these are."""
    def replace(leaf: net.Tree) -> net.Tree:
        return values.get(leaf.name, leaf) if isinstance(leaf, net.Ref) else leaf

    return map_leaves(inlined, replace)


def inlined_values(book: net.Book) -> dict[str, net.Tree]:
    """What references are replaced by; raises `BendError` where they form a cycle."""
    short = {name: definition.root for name, definition in book.defs.items()
             if not definition.redexes and isinstance(definition.root, net.Ref | net.Num | net.Era)}
    return {name: _resolve(name, short) for name in short}


def _resolve(name: str, short: Mapping[str, net.Tree]) -> net.Tree:
    """What the name stands for in the end."""
    seen = {name}
    value = short[name]
    while isinstance(value, net.Ref) and value.name in short:
        if value.name in seen:
            raise BendError(error('inline-cycle', f"The definition of '{name}' is only a reference to itself.",
                                  hint='A definition needs a value to stand for.', definition=name))
        seen.add(value.name)
        value = short[value.name]
    return value
