"""Which definitions may come to be copied by references to them, folded or in what is copied.

Nets evaluate some references before they copy them (`bend.hvm.safety`), and results then show a value where there would
have been a name. Whether that can have happened is told by `bend.desugar.flow`: a reference is copied where it comes to
a duplication, or stands in data or functions that do. Functions that are copied have been evaluated inside on nets, so
that all code which they can reach counts as theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

from bend.desugar import core
from bend.desugar.clones import Inside, inside_key, inside_parts
from bend.desugar.flow import ANYTHING, ANYWHERE, Flow, Folded, Region


def copied_references(book: core.Book, names: Iterable[str]) -> frozenset[str]:
    """Those of some definitions of a final book to which references may be copied. Variables must be linear."""
    flow = Flow(book)
    marks = {name: flow.mark(flow.level(name, 0)) for name in names}
    flow.solve()
    copied = 0
    seen: set[int] = set()
    todo: list[Inside] = [copy.source for copy in flow.copies]
    while todo:
        item = todo.pop()
        # A reference to a function stays folded.
        if isinstance(item, Folded) or inside_key(item) in seen:
            continue
        seen.add(inside_key(item))
        if isinstance(item, int):
            copied |= flow.values[item]
            if flow.values[item] & ANYTHING:
                todo.append(ANYWHERE)
        elif isinstance(item, Region):
            for name in item.mentions:
                copied |= marks.get(name, 0)
        todo += inside_parts(flow, item)
    return frozenset(name for name, mark in marks.items() if copied & mark)
