"""Bends become functions that call themselves (spec 02, section 3.8).

    bend i = 0 { when (< i k): (+ k (fork (+ i 1))) else: k }
    =>  (f__bend0 k 0)
        f__bend0 = λk λi switch (< i k) { 0: k; _: use fork = (f__bend0 k); (+ k (fork (+ i 1))) }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Bend, Book, Def, Ref, Rule, Switch, Term, Use
from bend.desugar.terms import FORK, app, free_unscoped, free_vars, lam, map_children
from bend.diagnostics import error

if TYPE_CHECKING:
    from bend.desugar.context import Context


def lift_bend(book: Book, context: Context) -> Book:
    """The book without `Bend`; inner bends are lifted first. Reports unscoped variables that cross a bend."""
    defs: dict[str, Def] = {}
    for name, definition in book.defs.items():
        defs[name] = definition
        if context.kinds.has(definition.body, Bend):
            lifter = _Lifter(definition, context)
            defs[name] = definition.with_body(lifter.lift(definition.body))
            defs.update(lifter.lifted)
    return context.settled(book.with_defs(defs))


class _Lifter:
    """Lifts the bends of one definition."""

    def __init__(self, parent: Def, context: Context) -> None:
        self.parent = parent
        self.context = context
        self.lifted: dict[str, Def] = {}

    def lift(self, term: Term) -> Term:
        term = map_children(term, self.lift)
        return self._function(term) if isinstance(term, Bend) else term

    def _function(self, bend: Bend) -> Term:
        crossing = [name for part in (bend.step, bend.base, bend.condition) for name in free_unscoped(part)]
        if crossing:
            self.context.report.add(error(
                'unscoped-crossing', f"The unscoped variable '${crossing[0]}' goes in or out of a 'bend'.",
                bend.span, hint="A 'bend' is a function of its own: pass the value as a state.",
                definition=self.parent.user_name))
        name = f'{self.parent.name}__bend{len(self.lifted)}'
        states = [state for state, _ in bend.states]
        own = {*states, FORK}
        found = {**free_vars(bend.step), **free_vars(bend.base), **free_vars(bend.condition)}
        free = [variable for variable in found if variable not in own]
        # With their places, because a name that is not defined shows here as well.
        again = app(Ref(name, span=bend.span), *(found[variable] for variable in free))
        step = Use(FORK, again, bend.step, span=bend.span)
        body = lam([*free, *states], Switch(bend.condition, (bend.base, step), None, span=bend.span))
        self.lifted[name] = Def(name, (Rule((), body),), None, self.parent.checked, self.parent.builtin,
                                self.parent.user_name, span=bend.span)
        return app(again, *(value for _, value in bend.states))
