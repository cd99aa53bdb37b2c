"""Every variable comes to be used exactly once (spec 02, section 3.15).

    λx t                 x not used           =>  λ* t
    let x = v; t         x used once          =>  t with v in place of x
    λx (x x)             x used k times       =>  λx let {x%0 x%1} = x; (x%0 x%1)
    let x = v; (x x)                          =>  let {x%0 x%1} = v; (x%0 x%1)
    λ(a, b) t                                 =>  λp let (a, b) = p; t

A `let` that is not used stays, and with it the evaluation of its value: `let * = v; t`.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from bend.desugar.core import (
    Arm,
    Book,
    Lam,
    Let,
    Match,
    Pattern,
    PDup,
    PUnscoped,
    PVar,
    Switch,
    Term,
    Var,
)
from bend.desugar.terms import map_children, map_pattern, pattern_vars, subterms

if TYPE_CHECKING:
    from bend.desugar.context import Context


def linear_vars(book: Book, context: Context) -> Book:
    """The book with linear variables. Names must be unique, and stay so; `Use` must be gone."""
    return book.with_defs({name: definition.with_body(_Linearizer(definition.body).linearized(definition.body))
                           for name, definition in book.defs.items()})


class _Linearizer:
    """Linearizes one definition. As names are unique, uses are counted in the whole of it at once.

    Copies are numbered in the order in which the reference meets the uses: those in the body of a `let` of a variable
    come before those in its value.
    """

    def __init__(self, body: Term) -> None:
        self.uses = Counter(term.name for term in subterms(body) if isinstance(term, Var))
        self.copies: dict[str, list[str]] = {}
        self.values: dict[str, Term] = {}
        self.lambdas = count()

    def linearized(self, body: Term) -> Term:
        """The body with linear variables."""
        return self._fill(self.visit(body))

    def _fill(self, term: Term) -> Term:
        """The term with the values of variables that are used once in place of these."""
        if isinstance(term, Var) and term.name in self.values:
            return self._fill(self.values.pop(term.name))
        return map_children(term, self._fill)

    def visit(self, term: Term) -> Term:
        match term:
            case Var():
                return self._use(term)
            case Lam():
                return self._lambda(term)
            case Let():
                return self._let(term)
            case Match():
                argument = self.visit(term.argument)
                arms = []
                for arm in term.arms:
                    body = self._duplicate(arm.fields, self.visit(arm.body))
                    arms.append(Arm(arm.constructor, tuple([self._binder(field) for field in arm.fields]), body,
                                    span=arm.span))
                return Match(argument, tuple(arms), span=term.span)
            case Switch():
                argument = self.visit(term.argument)
                *numbers, default = [self.visit(arm) for arm in term.arms]
                default = self._duplicate((term.predecessor,), default)
                return Switch(argument, (*numbers, default), self._binder(term.predecessor), span=term.span)
            case _:
                return map_children(term, self.visit)

    def _use(self, variable: Var) -> Term:
        name = variable.name
        if self.uses[name] < 2:
            return variable
        copies = self.copies.setdefault(name, [])
        copies.append(f'{name}%{len(copies)}')
        return Var(copies[-1], span=variable.span)

    def _lambda(self, term: Lam) -> Term:
        body = self._duplicate(pattern_vars(term.pattern), self.visit(term.body))
        pattern = self._pattern(term.pattern)
        if isinstance(pattern, PVar | PUnscoped):
            return Lam(pattern, body, span=term.span)
        whole = f'%pattern{next(self.lambdas)}'
        taken = Let(pattern, Var(whole, span=term.span), body, span=term.span)
        return Lam(PVar(whole, span=pattern.span), taken, span=term.span)

    def _let(self, term: Let) -> Term:
        pattern = term.pattern
        if isinstance(pattern, PVar) and pattern.name is not None:
            name = pattern.name
            body = self.visit(term.body)
            value = self.visit(term.value)
            if self.uses[name] == 1:
                self.values[name] = value
                return body
            pattern = self._copies(name) if self.uses[name] > 1 else PVar(None, span=pattern.span)
            return Let(pattern, value, body, span=term.span)
        value = self.visit(term.value)
        body = self._duplicate(pattern_vars(pattern), self.visit(term.body))
        return Let(self._pattern(pattern), value, body, span=term.span)

    def _binder(self, name: str | None) -> str | None:
        return name if name is not None and self.uses[name] else None

    def _pattern(self, pattern: Pattern) -> Pattern:
        return map_pattern(pattern, lambda leaf: PVar(self._binder(leaf.name), span=leaf.span)
                           if isinstance(leaf, PVar) else leaf)

    def _copies(self, name: str) -> PDup:
        return PDup(tuple(PVar(copy) for copy in self.copies[name]))

    def _duplicate(self, names: tuple[str | None, ...], body: Term) -> Term:
        """The body after duplications of those of the names, bound just outside it, that are used several times."""
        for name in reversed(names):
            if name is not None and self.uses[name] > 1:
                body = Let(self._copies(name), Var(name), body, span=body.span)
        return body
