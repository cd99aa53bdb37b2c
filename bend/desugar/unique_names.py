"""Every binder of a definition gets a name of its own (spec 02, section 3.11).

Names are counted in traversal order: a ... z, ab, bb, ..., zb, ac: digits of base 26, the lowest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from bend.desugar.core import (
    App,
    Arm,
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

Hidden = list[tuple[str, str | None]]
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
    return _Renamer().rename(term)


class _Renamer:
    """Renames one definition. `names` are the new names of the variables around the current term."""

    def __init__(self) -> None:
        self.numbers = count()
        self.names: dict[str, str] = {}

    def rename(self, term: Term) -> Term:
        if type(term) is Var:
            new = self.names.get(term.name, term.name)
            return term if new == term.name else Var(new, span=term.span)
        match term:
            case App():
                function, argument = self.rename(term.function), self.rename(term.argument)
                same = function is term.function and argument is term.argument
                return term if same else App(function, argument, span=term.span)
            case Lam():
                hidden = self._bind(pattern_vars(term.pattern))
                pattern = self._pattern(term.pattern)
                body = self.rename(term.body)
                self._leave(hidden)
                return Lam(pattern, body, span=term.span)
            case Let() | Ask():
                value = self.rename(term.value)
                hidden = self._bind(pattern_vars(term.pattern))
                pattern = self._pattern(term.pattern)
                body = self.rename(term.body)
                self._leave(hidden)
                return type(term)(pattern, value, body, span=term.span)
            case Use():
                value = self.rename(term.value)
                hidden = self._bind((term.name,))
                new = self.names[term.name]
                body = self.rename(term.body)
                self._leave(hidden)
                return Use(new, value, body, span=term.span)
            case Match() | Fold() | Switch():
                return self._rename_cases(term)
            case _:
                return map_children(term, self.rename)

    def _rename_cases(self, term: Match | Fold | Switch) -> Term:
        argument = self.rename(term.argument)
        values = [self.rename(value) for _, value in term.with_]
        hidden = self._bind([*_given(term.bound), *(name for name, _ in term.with_)])
        with_ = tuple([(self.names[name], value) for (name, _), value in zip(term.with_, values, strict=True)])
        bound = None if term.bound is None else self.names[term.bound]
        result: Term
        if isinstance(term, Switch):
            arms = [self.rename(arm) for arm in term.arms[:-1]]
            hidden_in_last = self._bind(_given(term.predecessor))
            predecessor = None if term.predecessor is None else self.names[term.predecessor]
            arms.append(self.rename(term.arms[-1]))
            self._leave(hidden_in_last)
            result = Switch(argument, tuple(arms), predecessor, bound, with_, span=term.span)
        else:
            cases = tuple([self._rename_arm(arm) for arm in term.arms])
            result = type(term)(argument, cases, bound, with_, span=term.span)
        self._leave(hidden)
        return result

    def _rename_arm(self, arm: Arm) -> Arm:
        hidden = self._bind([field for field in arm.fields if field is not None])
        fields = tuple([None if field is None else self.names[field] for field in arm.fields])
        body = self.rename(arm.body)
        self._leave(hidden)
        return Arm(arm.constructor, fields, body, arm.takes_tag, span=arm.span)

    def _pattern(self, pattern: Pattern) -> Pattern:
        """The pattern with new names. Of several variables with one name it binds the first (spec 01)."""
        if isinstance(pattern, PVar):
            return pattern if pattern.name is None else PVar(self.names[pattern.name], span=pattern.span)
        bound: set[str] = set()

        def leaf(part: Pattern) -> Pattern:
            if not isinstance(part, PVar) or part.name is None:
                return part
            name = None if part.name in bound else self.names[part.name]
            bound.add(part.name)
            return PVar(name, span=part.span)

        return map_pattern(pattern, leaf)

    def _bind(self, names: Sequence[str]) -> Hidden:
        """Gives new names to some variables; what they were called outside is to be handed to `_leave`."""
        hidden = []
        for name in dict.fromkeys(names):
            hidden.append((name, self.names.get(name)))
            self.names[name] = generated_name(next(self.numbers))
        return hidden

    def _leave(self, hidden: Hidden) -> None:
        """Ends the scope of variables."""
        for name, outside in reversed(hidden):
            if outside is None:
                del self.names[name]
            else:
                self.names[name] = outside


def _given(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
