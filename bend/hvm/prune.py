"""Net pruning (spec 02, section 4): only what the entry reaches stays."""

from __future__ import annotations

from bend.hvm import net
from bend.hvm.walk import references


def prune_nets(book: net.Book, entry: str = 'main') -> net.Book:
    """The book without definitions that `entry` does not reach; unchanged where there is no such entry."""
    if entry not in book.defs:
        return book
    reached = {entry}
    todo = [entry]
    while todo:
        for name in references(book.defs[todo.pop()]):
            if name in book.defs and name not in reached:
                reached.add(name)
                todo.append(name)
    return net.Book({name: definition for name, definition in book.defs.items() if name in reached})
