"""Switches of many arms become nested switches of two (spec 02, section 3.14).

    switch n { 0: A; 1: B; _ p: C }  =>  switch n { 0: A; _ q: switch q { 0: B; _ p: C } }

`Match` stays; it is encoded on the way to nets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Switch, Term, Var
from bend.desugar.terms import map_children
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context

PREDECESSOR = '%predecessor'


def encode_switches(book: Book, context: Context) -> Book:
    """The book with switches of exactly two arms. Their names may repeat in nested scopes."""
    return book.with_defs({name: definition.with_body(_encode(definition.body))
                           for name, definition in book.defs.items()})


def _encode(term: Term) -> Term:
    term = map_children(term, _encode)
    if not isinstance(term, Switch) or len(term.arms) == 2:
        return term
    *numbers, default = term.arms
    predecessor = term.predecessor
    for arm in reversed(numbers[1:]):
        # The name is used at once, as the scrutinee, and never in the arms: shadowing does no harm.
        default = Switch(Var(PREDECESSOR), (arm, default), predecessor, span=term.span)
        predecessor = PREDECESSOR
    return replace(term, arms=(numbers[0], default), predecessor=predecessor)
