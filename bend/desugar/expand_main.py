"""References in what `main` returns are opened (spec 02, section 3.19), so that results show values, not names.

    main = pair          pair = (1, two)        =>   main = (1, 2)
    main = (List/Cons x List/Nil)               =>   x opened, if it is a function
    main = λx (g main__C0 x)                    =>   floated functions back in place

Constructors stay references; that `main = List/Nil` shows it opened is seen to where constructors are encoded
(`bend.hvm.adt.open_constructors`).
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from bend.desugar.core import (
    App,
    Arm,
    Book,
    Lam,
    Let,
    Match,
    Num,
    PUnscoped,
    PVar,
    Ref,
    Sup,
    Switch,
    Term,
    Tup,
    Unscoped,
    Var,
)
from bend.desugar.references import constructor_tag
from bend.desugar.terms import map_children, map_pattern, subterms
from bend.hvm.numbers import Number
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context

FLOATED = re.compile(r'__C\d+$')


def expand_main(book: Book, context: Context) -> Book:
    """The book with its entry point opened. Names in it may repeat in other scopes afterwards."""
    entry = book.defs.get(book.entry) if book.entry is not None else None
    if entry is None:
        return book
    expander = _Expander(book)
    # What a function returns is opened only where nothing is applied to it.
    body = entry.body if context.is_applied else expander.expand(entry.body, frozenset())
    body = expander.restore(body, frozenset())
    return book.with_defs({**book.defs, entry.name: entry.with_body(body)})


class _Expander:
    """Opens references in one entry point."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.copies = count()

    def expand(self, term: Term, seen: frozenset[str]) -> Term:
        """The term with references in return position opened, each function at most once per path."""
        match term:
            case Ref(name) if name in self.book.defs and name not in seen:
                return self.expand(self._copy(name), seen | {name})
            case Ref(name) if (tag := constructor_tag(self.book, name)) is not None:
                return Num(Number('u24', tag), span=term.span)
            case Lam() | Let():
                return replace(term, body=self.expand(term.body, seen))
            case Tup() | Sup():
                return replace(term, elements=tuple(self.expand(element, seen) for element in term.elements))
            case App() | Match() if self._is_construction(term):
                return self._expand_arguments(term, seen)
            case _:
                return term

    def _is_construction(self, term: Term) -> bool:
        """Whether a constructor is applied: a match on one applies it to the function that tests tags."""
        while isinstance(term, App | Match):
            term = term.function if isinstance(term, App) else term.argument
        return isinstance(term, Ref) and term.name in self.book.constructors

    def _expand_arguments(self, term: Term, seen: frozenset[str]) -> Term:
        if isinstance(term, Match):
            return replace(term, argument=self._expand_arguments(term.argument, seen))
        if not isinstance(term, App):
            return term
        return replace(term, function=self._expand_arguments(term.function, seen),
                       argument=self.expand(term.argument, seen))

    def restore(self, term: Term, seen: frozenset[str]) -> Term:
        """The term with floated functions back in their places."""
        match term:
            case Ref(name) if self._is_floated(name) and name not in seen:
                return self.restore(self._copy(name), seen | {name})
            case Match():
                arms = tuple(self._restore_arm(arm, seen) for arm in term.arms)
                return replace(term, argument=self.restore(term.argument, seen), arms=arms)
            case Switch(_, (zero, App(Ref(name) as function, Var(argument))), predecessor) if argument == predecessor:
                restored = self.restore(function, seen)
                successor: Term = App(restored, Var(argument))
                if isinstance(restored, Lam) and isinstance(restored.pattern, PVar):
                    # A floated function is closed: its parameter can take the predecessor's place as it is.
                    predecessor, successor = restored.pattern.name, restored.body
                return replace(term, argument=self.restore(term.argument, seen),
                               arms=(self.restore(zero, seen), successor), predecessor=predecessor)
            case _:
                return map_children(term, lambda child: self.restore(child, seen))

    def _restore_arm(self, arm: Arm, seen: frozenset[str]) -> Arm:
        body = self.restore(arm.body, seen)
        takes_tag = arm.takes_tag
        if takes_tag and isinstance(body, App) and isinstance(body.function, Lam):
            # Back in place: without the parameter for the rest of the tag.
            body, takes_tag = body.function.body, False
        assert arm.constructor is not None
        fields = list(arm.fields)
        arity = len(self.book.constructors[arm.constructor].fields)
        while len(fields) < arity and isinstance(body, Lam) and isinstance(body.pattern, PVar):
            fields.append(body.pattern.name)
            body = body.body
        return replace(arm, fields=tuple(fields), body=body, takes_tag=takes_tag)

    def _is_floated(self, name: str) -> bool:
        definition = self.book.defs.get(name)
        return definition is not None and bool(definition.origin) and FLOATED.search(name) is not None

    def _copy(self, name: str) -> Term:
        """A function's body with unscoped variables of its own."""
        body = self.book.defs[name].body
        if not any(isinstance(part, Unscoped) for part in subterms(body)):
            return body
        return _rename_unscoped(body, f'%{next(self.copies)}')


def _rename_unscoped(term: Term, suffix: str) -> Term:
    if isinstance(term, Unscoped):
        return replace(term, name=term.name + suffix)
    if isinstance(term, Lam | Let):
        pattern = map_pattern(term.pattern, lambda leaf: replace(leaf, name=leaf.name + suffix)
                              if isinstance(leaf, PUnscoped) else leaf)
        term = replace(term, pattern=pattern)
    return map_children(term, lambda child: _rename_unscoped(child, suffix))
