"""Definitions that nothing needs are taken out, or reported (spec 02, section 3.17).

Definitions of the prelude go when nothing of the user's reaches them. A user's function that the entry point does
not reach stays, with a warning, unless the option `prune` takes it out silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Def, NetDef
from bend.desugar.references import reachable
from bend.diagnostics import warning
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context


def prune(book: Book, context: Context) -> Book:
    """The book without definitions that are not needed; reports unused functions of the user's.

    Without an entry point every function of the user's is needed. Types and constructors stay: matches and results
    are understood through them.
    """
    definitions: list[Def | NetDef] = [*book.defs.values(), *book.nets.values()]
    own = {definition.name for definition in definitions if not definition.builtin}
    used = own if book.entry is None else reachable(book, [book.entry])
    if context.options.prune and book.entry is not None:
        return kept(book, used)
    if book.entry is not None:
        for definition in definitions:
            if definition.name not in used and definition.name not in context.imported and _is_written(definition):
                context.report.add(warning(
                    'unused-definition', f"'{definition.name}' is never used.", definition.span,
                    hint=f"Nothing that '{book.entry}' calls refers to it.", definition=definition.name))
        context.report.stop_on_errors()
    return kept(book, used if own <= used else reachable(book, used | own))


def _is_written(definition: Def | NetDef) -> bool:
    """Whether the user wrote the definition."""
    return not definition.builtin and not (isinstance(definition, Def) and definition.user_name != definition.name)


def kept(book: Book, names: set[str]) -> Book:
    """The book with only those definitions."""
    return replace(book, defs={name: value for name, value in book.defs.items() if name in names},
                   nets={name: value for name, value in book.nets.items() if name in names})
