"""Eta reduction of the final core: what `bend.hvm.eta` does with nets, for an engine that has none.

    λx (f x)                       =>   f
    let (a, b) = p; (g (a, b))     =>   let a = p; (g a)
    (x, *, *)                      =>   (x, *)

It changes which programs end and what wrong shapes give (spec 09, section 2), so that all engines must have it or none.
Variables must be linear, and names unique in each definition.
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.desugar import core
from bend.desugar.terms import map_children, subterms
from bend.records import replace


def eta_reduce(book: core.Book, *, functions: bool = True) -> core.Book:
    """The book without what is only taken apart and rebuilt; only tuples are looked at unless `functions` are as well,
    which straight code is better without."""
    return book.with_defs({name: definition.with_body(_Reducer(definition.body, functions).reduced())
                           for name, definition in book.defs.items()})


class _Reducer:
    """Reduces one definition."""

    def __init__(self, body: core.Term, functions: bool) -> None:
        self.body = body
        self.functions = functions
        self.patterns: list[core.Pattern] = []
        self.tuples: list[core.Tup] = []
        for term in subterms(body):
            if type(term) is core.Let:
                if type(term.pattern) is core.PTup:
                    self.patterns.append(term.pattern)
            elif type(term) is core.Tup:
                self.tuples.append(term)
        self.joined = _joined_pairs(self.patterns, self.tuples)

    def reduced(self) -> core.Term:
        """The reduced definition."""
        return self.visit(self.body) if self.functions or self.patterns or self.tuples else self.body

    def visit(self, term: core.Term) -> core.Term:
        """The reduced term."""
        return self.reduce(map_children(term, self.visit))

    def reduce(self, term: core.Term) -> core.Term:
        """A term whose parts are reduced."""
        match term:
            case core.Lam(core.PVar(name), body) if self.functions:
                return _without_parameter(name, body) or term
            case core.Let(core.PTup() as pattern, value, body):
                joined = self.pattern(pattern)
                return term if joined is pattern else core.Let(joined, value, body, span=term.span)
            case core.Tup(elements):
                return self.tuple(term, elements)
            case core.Match() if self.functions:
                return replace(term, arms=tuple(map(_arm, term.arms)))
            case _:
                return term

    def pattern(self, pattern: core.Pattern) -> core.Pattern:
        """A pattern without the pairs that are joined again."""
        if not isinstance(pattern, core.PTup):
            return pattern
        elements = [self.pattern(element) for element in pattern.elements]
        while len(elements) > 1:
            match elements[-2:]:
                case [core.PVar(None), core.PVar(None)]:
                    elements.pop()
                case [core.PVar(str(first)), core.PVar(str(second))] if (first, second) in self.joined:
                    elements.pop()
                case _:
                    break
        same = all(new is old for new, old in zip(elements, pattern.elements, strict=False))
        if same and len(elements) == len(pattern.elements):
            return pattern
        return elements[0] if len(elements) == 1 else replace(pattern, elements=tuple(elements))

    def tuple(self, term: core.Tup, elements: tuple[core.Term, ...]) -> core.Term:
        """A tuple without the pairs that were together before."""
        count = len(elements)
        while count > 1:
            match elements[count - 2:count]:
                case (core.Era(), core.Era()):
                    count -= 1
                case (core.Var(first), core.Var(second)) if (first, second) in self.joined:
                    count -= 1
                case _:
                    break
        if count == len(elements):
            return term
        return elements[0] if count == 1 else replace(term, elements=elements[:count])


def _without_parameter(name: str | None, body: core.Term) -> core.Term | None:
    """The function whose last argument is the parameter; None if the body is no such application. What is bound around
    it does not depend on the parameter, which is used once."""
    match body:
        case core.Era() if name is None:
            return body
        case core.App(function, core.Var(argument)) if argument == name:
            return function
        case core.Let(_, _, inner):
            rest = _without_parameter(name, inner) if name is not None else None
            return None if rest is None else replace(body, body=rest)
        case _:
            return None


def _arm(arm: core.Arm) -> core.Arm:
    """An arm, reduced as a function of its fields."""
    while arm.fields:
        body = _without_parameter(arm.fields[-1], arm.body)
        if body is None:
            break
        arm = replace(arm, fields=arm.fields[:-1], body=body)
    return arm


def _joined_pairs(pairs: Sequence[core.Pattern], trees: Sequence[core.Tup]) -> set[tuple[str, str]]:
    """The variables that some patterns take out of one pair, and some tuples put into one again, in this order. What a
    joined pair is called by is the name of its first part."""
    patterns: set[tuple[str, str]] = set()
    tuples: set[tuple[str, str]] = set()
    while trees:
        joined = patterns & tuples
        for pattern in pairs:
            _pattern_name(pattern, joined, patterns)
        for tree in trees:
            _tuple_name(tree, joined, tuples)
        if patterns & tuples == joined:
            return joined
    return set()


def _pattern_name(pattern: core.Pattern, joined: set[tuple[str, str]], found: set[tuple[str, str]]) -> str | None:
    """The variable that a pattern is, once pairs are joined; adds the pairs of variables in it."""
    match pattern:
        case core.PVar(name):
            return name
        case core.PTup(elements):
            names = [_pattern_name(element, joined, found) for element in elements]
            return _joined_name(names, joined, found)
        case _:
            return None


def _tuple_name(term: core.Term, joined: set[tuple[str, str]], found: set[tuple[str, str]]) -> str | None:
    """The variable that a term is, once pairs are joined; adds the pairs of variables in it."""
    match term:
        case core.Var(name):
            return name
        case core.Tup(elements):
            names = [_tuple_name(element, joined, found) for element in elements]
            return _joined_name(names, joined, found)
        case _:
            return None


def _joined_name(names: list[str | None], joined: set[tuple[str, str]], found: set[tuple[str, str]]) -> str | None:
    """The name of what a chain of pairs is, once pairs are joined."""
    last = names.pop()
    while names:
        first = names.pop()
        if first is None or last is None:
            return None
        found.add((first, last))
        last = first if (first, last) in joined else None
    return last
