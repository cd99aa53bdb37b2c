"""Every binder of a definition gets a name of its own (spec 02, section 3.11).

Names are counted in traversal order: a ... z, ab, bb, ..., zb, ac: digits of base 26, the lowest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from bend.desugar.core import (
    Ask,
    Book,
    Fold,
    Lam,
    Let,
    Match,
    Pattern,
    PVar,
    Switch,
    Term,
    Use,
    Var,
)
from bend.desugar.terms import map_children, map_pattern, pattern_vars

if TYPE_CHECKING:
    from bend.desugar.context import Context

LETTERS = 'abcdefghijklmnopqrstuvwxyz'


def generated_name(number: int) -> str:
    """The name of a number."""
    name = ''
    while True:
        number, digit = divmod(number, len(LETTERS))
        name += LETTERS[digit]
        if not number:
            return name


def unique_names(book: Book, context: Context) -> Book:
    """The book with the variables of each definition renamed; free variables keep their names.

    `LocalDef`, `Bend`, `With` and `Open` must be gone.
    """
    return book.with_defs({name: definition.with_body(rename(definition.body))
                           for name, definition in book.defs.items()})


def rename(term: Term) -> Term:
    """The term with its binders named in traversal order: terms equal up to names become equal."""
    return _Renamer().rename(term, {})


class _Renamer:
    """Renames one definition."""

    def __init__(self) -> None:
        self.numbers = count()

    def rename(self, term: Term, scope: Mapping[str, str]) -> Term:
        match term:
            case Var():
                return replace(term, name=scope.get(term.name, term.name))
            case Lam():
                inner = self._bind(pattern_vars(term.pattern), scope)
                return replace(term, pattern=_renamed(term.pattern, inner), body=self.rename(term.body, inner))
            case Let() | Ask():
                value = self.rename(term.value, scope)
                inner = self._bind(pattern_vars(term.pattern), scope)
                pattern = _renamed(term.pattern, inner)
                return replace(term, pattern=pattern, value=value, body=self.rename(term.body, inner))
            case Use():
                value = self.rename(term.value, scope)
                inner = self._bind((term.name,), scope)
                return replace(term, name=inner[term.name], value=value, body=self.rename(term.body, inner))
            case Match() | Fold() | Switch():
                return self._rename_cases(term, scope)
            case _:
                return map_children(term, lambda child: self.rename(child, scope))

    def _rename_cases(self, term: Match | Fold | Switch, scope: Mapping[str, str]) -> Term:
        argument = self.rename(term.argument, scope)
        values = [self.rename(value, scope) for _, value in term.with_]
        shared = [name for name, _ in term.with_]
        if term.bound is not None:
            shared.insert(0, term.bound)
        inner = self._bind(shared, scope)
        with_ = tuple((inner[name], value) for (name, _), value in zip(term.with_, values, strict=True))
        bound = None if term.bound is None else inner[term.bound]
        if isinstance(term, Switch):
            *numbers, default = term.arms
            arms = [self.rename(arm, inner) for arm in numbers]
            last = self._bind([term.predecessor] if term.predecessor is not None else [], inner)
            predecessor = None if term.predecessor is None else last[term.predecessor]
            arms.append(self.rename(default, last))
            return replace(term, argument=argument, arms=tuple(arms), predecessor=predecessor, bound=bound,
                           with_=with_)
        cases = []
        for arm in term.arms:
            own = self._bind([field for field in arm.fields if field is not None], inner)
            fields = tuple(None if field is None else own[field] for field in arm.fields)
            cases.append(replace(arm, fields=fields, body=self.rename(arm.body, own)))
        return replace(term, argument=argument, arms=tuple(cases), bound=bound, with_=with_)

    def _bind(self, names: list[str] | tuple[str, ...], scope: Mapping[str, str]) -> Mapping[str, str]:
        if not names:
            return scope
        return {**scope, **{name: generated_name(next(self.numbers)) for name in names}}


def _renamed(pattern: Pattern, scope: Mapping[str, str]) -> Pattern:
    return map_pattern(pattern, lambda leaf: replace(leaf, name=scope[leaf.name])
                       if isinstance(leaf, PVar) and leaf.name is not None else leaf)
