"""`open T x; body` becomes a match with one arm (spec 02 §3.3a).

Before: `open Point p; (+ p.x p.y)`. After: `match p = p { Point/Point: (+ p.x p.y) }`.
"""

from __future__ import annotations

from bend.desugar.context import Context
from bend.desugar.core import Arm, Book, Match, Open, Rule, Term, Var
from bend.desugar.terms import map_children
from bend.diagnostics import error
from bend.records import replace


def open_terms(book: Book, context: Context) -> Book:
    """Replaces all `Open`. Reports unknown types and types without exactly one constructor."""

    def convert(term: Term, user_name: str) -> Term:
        term = map_children(term, lambda child: convert(child, user_name))
        if not isinstance(term, Open):
            return term
        adt = book.adts.get(term.type_name)
        if adt is None:
            hint = context.did_you_mean(term.type_name, book.adts, term.span)
            context.report.add(error('unknown-type', f"There is no type named '{term.type_name}'.", term.span,
                                     hint=hint, definition=user_name))
            return term.body
        if len(adt.constructors) != 1:
            context.report.add(error(
                'open', f"The type '{adt.name}' has {len(adt.constructors)} constructors, so it cannot be opened.",
                term.span, hint="Use 'match' for types with several constructors.", definition=user_name))
            return term.body
        arm = Arm(adt.constructors[0], (), term.body, span=term.span)
        return Match(Var(term.name, span=term.span), (arm,), term.name, span=term.span)

    defs = {}
    for name, definition in book.defs.items():
        user_name = definition.user_name
        rules = tuple(Rule(rule.patterns, convert(rule.body, user_name), span=rule.span) for rule in definition.rules)
        defs[name] = replace(definition, rules=rules)
    return context.settled(book.with_defs(defs))
