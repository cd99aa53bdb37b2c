"""`use x = v; t` becomes t with v in place of x (spec 02, section 3.12).

Names must be unique: nothing can be captured then. An unused value vanishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Ref, Term, Use, Var
from bend.desugar.terms import map_children

if TYPE_CHECKING:
    from bend.desugar.context import Context


def inline_use(book: Book, context: Context) -> Book:
    """The book without `Use`."""
    return book.with_defs({name: definition.with_body(_Inliner().inline(definition.body))
                           for name, definition in book.defs.items()})


class _Inliner:
    """Inlines in one definition. `values` of the names seen so far only grows, which is sound as names are unique."""

    def __init__(self) -> None:
        self.values: dict[str, Term] = {}

    def inline(self, term: Term) -> Term:
        """The term with the `use`d names replaced."""
        if isinstance(term, Var):
            value = self.values.get(term.name, term)
            # A name in place of a name: errors point at the place where it is used.
            return type(value)(value.name, span=term.span) if isinstance(value, Var | Ref) and term.span else value
        if isinstance(term, Use):
            self.values[term.name] = self.inline(term.value)
            return self.inline(term.body)
        return map_children(term, self.inline)
