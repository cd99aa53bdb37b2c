"""Names become local variables or references (spec 02 §1, pass 8).

A `Var` that nothing around it binds and that names a function, constructor or native net becomes a `Ref`, and so does
the name of a constructor's tag (`List/Nil/tag`), which constructors have when they are encoded with tags. Arms that
name a constructor get their field variables (`xs.head`), switches the variable of their last arm (`n-1`). What stays
unbound is reported by `check_scopes`.
"""

from __future__ import annotations

from bend.desugar.context import Context
from bend.desugar.core import Arm, Book, Def, Fold, LocalDef, Match, Ref, Rule, Switch, Term, Var, With
from bend.desugar.names import WRAP, field_variable, predecessor_variable
from bend.desugar.references import constructor_tag
from bend.desugar.terms import map_children, pattern_vars, scoped_children
from bend.diagnostics import error
from bend.records import replace


def resolve_names(book: Book, context: Context) -> Book:
    """Resolves the names in all functions. Reports where the entry point is referenced."""
    known = {*book.defs, *book.constructors, *book.nets}
    resolved = {}
    for name, definition in book.defs.items():
        resolver = _Resolver(book, known, definition.user_name, context)
        resolved[name] = resolver.definition(definition)
    return context.settled(book.with_defs(resolved))


class _Resolver:
    """Resolves the names of one function; `bound` counts the binders around the current term."""

    def __init__(self, book: Book, known: set[str], user_name: str, context: Context) -> None:
        self.book = book
        self.known = known
        self.user_name = user_name
        self.context = context
        self.bound: dict[str, int] = {}

    def definition(self, definition: Def) -> Def:
        """Resolves all rules."""
        rules = []
        for rule in definition.rules:
            variables = tuple(name for pattern in rule.patterns for name in pattern_vars(pattern))
            rules.append(Rule(rule.patterns, self.inside(variables, rule.body), span=rule.span))
        return replace(definition, rules=tuple(rules))

    def inside(self, names: tuple[str, ...], term: Term) -> Term:
        """Resolves a term in which some more names are variables."""
        for name in names:
            self.bound[name] = self.bound.get(name, 0) + 1
        result = self.term(term)
        for name in names:
            self.bound[name] -= 1
        return result

    def term(self, term: Term) -> Term:
        """Resolves a term."""
        match term:
            case Var():
                return self.variable(term)
            case Match() | Fold():
                term = replace(term, arms=tuple(self.with_fields(arm, term.bound) for arm in term.arms))
                return self.match(term)
            case Switch():
                term = replace(term, predecessor=predecessor_variable(term.bound, len(term.arms) - 1))
            case With():
                return replace(term, body=self.inside((WRAP,), term.body))
            case LocalDef():
                name = term.definition.name
                self.bound[name] = self.bound.get(name, 0) + 1
                resolved = replace(term, definition=self.definition(term.definition), body=self.term(term.body))
                self.bound[name] -= 1
                return resolved
            case _:
                pass
        scopes = iter(scoped_children(term))
        return map_children(term, lambda child: self.inside(next(scopes)[0], child))

    def variable(self, term: Var) -> Term:
        """A local variable, a reference, or a name that means nothing here."""
        if self.bound.get(term.name) or not (term.name in self.known or self.is_tag(term.name)):
            return term
        if term.name == self.book.entry:
            self.context.report.add(error(
                'main-reference', f"The entry point '{term.name}' cannot be used inside the program.", term.span,
                hint='Move what it does to another function, and call that one.', definition=self.user_name))
        return Ref(term.name, span=term.span)

    def is_tag(self, name: str) -> bool:
        """Whether a name stands for the tag of a constructor."""
        return self.context.options.encoding == 'num-scott' and constructor_tag(self.book, name) is not None

    def with_fields(self, arm: Arm, bound: str | None) -> Arm:
        """An arm with the variables of its constructor's fields."""
        constructor = None if arm.constructor is None else self.book.constructors.get(arm.constructor)
        if constructor is None:
            return arm
        return replace(arm, fields=tuple(field_variable(bound, field.name) for field in constructor.fields))

    def match(self, term: Match | Fold) -> Term:
        """A match or fold: a name of an arm that is not a constructor's is a variable in that arm."""
        with_names = tuple(name for name, _ in term.with_)
        shared = with_names if term.bound is None else (term.bound, *with_names)
        arms = []
        argument = self.term(term.argument)
        with_ = tuple((name, self.term(value)) for name, value in term.with_)
        for arm in term.arms:
            own = tuple(name for name in arm.fields if name is not None)
            if arm.constructor is not None and arm.constructor not in self.book.constructors:
                own = (*own, arm.constructor)
            arms.append(replace(arm, body=self.inside((*shared, *own), arm.body)))
        return replace(term, argument=argument, with_=with_, arms=tuple(arms))
