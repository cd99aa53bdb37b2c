"""Functions with equal bodies become one (spec 02, section 3.18), called `A__M_B`; repeated until nothing changes.

Merging makes further bodies equal. The entry point, and what nets refer to by name, keep their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Def, Ref, Term
from bend.desugar.references import net_references
from bend.desugar.terms import map_children
from bend.desugar.unique_names import rename
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context


def merge(book: Book, context: Context) -> Book:
    """The book with equal functions merged; bodies are equal if they only differ in the names of variables."""
    fixed = {name for net in book.nets.values() for name in net_references(net.net)} | {book.entry}
    defs = dict(book.defs)
    while True:
        groups: dict[Term, list[Def]] = {}
        for definition in defs.values():
            if definition.name not in fixed:
                groups.setdefault(rename(definition.body), []).append(definition)
        equal = [group for group in groups.values() if len(group) > 1]
        if not equal:
            return book.with_defs(defs)
        defs = _merged(defs, equal)


def _merged(defs: dict[str, Def], groups: list[list[Def]]) -> dict[str, Def]:
    """The definitions with each group of equal ones replaced by one, at the place of its first."""
    names: dict[str, str] = {}
    firsts: dict[str, str] = {}
    for group in groups:
        name = '__M_'.join(definition.name for definition in group)
        firsts[group[0].name] = name
        names.update((definition.name, name) for definition in group)
    result: dict[str, Def] = {}
    for definition in defs.values():
        body = _refer(definition.body, names)
        if definition.name in firsts:
            name = firsts[definition.name]
            result[name] = replace(definition.with_body(body), name=name, origin=definition.user_name)
        elif definition.name not in names:
            result[definition.name] = definition.with_body(body)
    return result


def _refer(term: Term, names: dict[str, str]) -> Term:
    """The term with its references renamed."""
    if isinstance(term, Ref):
        return replace(term, name=names.get(term.name, term.name))
    return map_children(term, lambda child: _refer(child, names))
