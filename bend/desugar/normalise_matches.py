"""Matches get one arm for each constructor, in the order of declaration (spec 02 §3.6).

Before: `match xs { List/Cons: a; other: b }`. After: `match xs { List/Nil: use other = List/Nil; b; List/Cons xs.head
xs.tail: use xs = (List/Cons xs.head xs.tail); a }`. The same for folds; the arms of a switch get its scrutinee's
name bound to their number. `bound` is None afterwards.
"""

from __future__ import annotations

from bend.desugar.context import Context
from bend.desugar.convert_terms import u24
from bend.desugar.core import Arm, Book, Constructor, Era, Fold, Let, Match, Op, PVar, Ref, Switch, Term, Use, Var
from bend.desugar.names import field_variable
from bend.desugar.terms import app, map_children, subterms
from bend.diagnostics import error, warning
from bend.records import replace
from bend.suggest import closest, looks_like_constructor


def normalise_matches(book: Book, context: Context) -> Book:
    """Normalises all matches, folds and switches, inner ones first.

    Warns of redundant, unreachable and irrefutable arms. Reports where constructors are missing or belong
    to another type.
    """
    normalised = {}
    for name, definition in book.defs.items():
        normaliser = _Normaliser(book, context, definition.user_name)
        normalised[name] = definition.with_body(normaliser.term(definition.body))
    return context.settled(book.with_defs(normalised))


class _Normaliser:
    """Normalises the matches of one function."""

    def __init__(self, book: Book, context: Context, user_name: str) -> None:
        self.book = book
        self.context = context
        self.user_name = user_name

    def term(self, term: Term) -> Term:
        """Normalises a term, from the inside out."""
        term = map_children(term, self.term)
        match term:
            case Match() | Fold():
                return self.match(term)
            case Switch():
                return _switch(term)
            case _:
                return term

    def match(self, term: Match | Fold) -> Term:
        """A match or fold: its first arm decides about the type."""
        first = self.constructor(term.arms[0])
        if first is None:
            return self.irrefutable(term)
        chosen, catch_all = self.choose_arms(term, first.type_name)
        arms: list[Arm] = []
        missing: list[str] = []
        for name in self.book.adts[first.type_name].constructors:
            arm = chosen.get(name, catch_all)
            if arm is None:
                missing.append(name)
                arm = Arm(None, (), Era(span=term.span), span=term.span)
            arms.append(_arm(arm, self.book.constructors[name], term.bound))
        if missing and not self.is_mixed(term, first.type_name):
            listed = ', '.join(f"'{name}'" for name in missing)
            what = 'fold' if isinstance(term, Fold) else 'match'
            self.context.report.add(error(
                'non-exhaustive', f"This {what} on the type '{first.type_name}' does not cover {listed}.", term.span,
                hint="Add the missing cases, or a last case '_' ('*' in the other notation).",
                definition=self.user_name))
        return replace(term, arms=tuple(arms), bound=None)

    def is_mixed(self, term: Match | Fold, type_name: str) -> bool:
        """Whether a constructor of another type is among the cases, which is an error of its own."""
        found = map(self.constructor, term.arms)
        return any(constructor is not None and constructor.type_name != type_name for constructor in found)

    def choose_arms(self, term: Match | Fold, type_name: str) -> tuple[dict[str, Arm], Arm | None]:
        """The arm of each constructor that has its own, and the arm for all others."""
        chosen: dict[str, Arm] = {}
        for index, arm in enumerate(term.arms):
            constructor = self.constructor(arm)
            if constructor is None:
                for unreachable in term.arms[index + 1:]:
                    self.warn('unreachable-match', 'This case is never reached: the one before it catches everything.',
                              unreachable, 'Put the case that catches everything last.')
                self.check_name(arm, type_name)
                return chosen, arm
            if constructor.type_name != type_name:
                self.context.report.add(error(
                    'wrong-constructor', f"The constructor '{constructor.name}' belongs to the type "
                    f"'{constructor.type_name}', but the first case is of type '{type_name}'.", arm.span,
                    hint='All cases of a match are constructors of one type.', definition=self.user_name))
            elif constructor.name in chosen:
                self.warn('redundant-match', f"There is a case for '{constructor.name}' already; this one is ignored.",
                          arm, 'Remove one of the two.')
            else:
                chosen[constructor.name] = arm
        return chosen, None

    def check_name(self, arm: Arm, type_name: str) -> None:
        """Warns of a case that catches everything under a name that is most likely meant to be a constructor's."""
        name = arm.constructor
        if name is None or any(isinstance(part, Var) and part.name == name for part in subterms(arm.body)):
            return
        near = closest(name, self.book.adts[type_name].constructors)
        if near or looks_like_constructor(name):
            self.warn(
                'misspelt-constructor', f"'{name}' is not a constructor of '{type_name}', so this case catches every "
                'value that is left.', arm, f"Did you mean '{near[0]}'?" if near else
                "Name a constructor of the type, or write '_' ('*' in the other notation) to catch everything.")

    def irrefutable(self, term: Match | Fold) -> Term:
        """A match whose first arm catches everything is that arm."""
        arm = term.arms[0]
        what = 'a wildcard' if arm.constructor is None else f"'{arm.constructor}', which is not a constructor"
        hint = 'Put it last, after the cases of constructors.' if arm.constructor is None else (
            self.context.did_you_mean(arm.constructor, self.book.constructors, arm.span)
            or 'It is a variable, which catches every value.')
        self.warn('irrefutable-match', f'The first case is {what}, so it always matches.', arm, hint)
        body = arm.body
        value = term.argument
        if arm.constructor is not None:
            body = Use(arm.constructor, value if term.bound is None else Var(term.bound), body, span=arm.span)
        for name, with_value in reversed(term.with_):
            body = Let(PVar(name, span=term.span), with_value, body, span=term.span)
        if term.bound is not None:
            body = Use(term.bound, value, body, span=arm.span)
        return body

    def constructor(self, arm: Arm) -> Constructor | None:
        """The constructor of an arm; None for one that catches everything."""
        return None if arm.constructor is None else self.book.constructors.get(arm.constructor)

    def warn(self, kind: str, message: str, arm: Arm, hint: str) -> None:
        """Reports a warning about an arm."""
        self.context.report.add(warning(kind, message, arm.span, hint=hint, definition=self.user_name))


def _arm(arm: Arm, constructor: Constructor, bound: str | None) -> Arm:
    """The arm of a constructor: names for the whole value stand for the constructor put together again."""
    given = arm.fields if arm.constructor == constructor.name else (None,) * len(constructor.fields)
    fields = tuple(name or field_variable(bound, field.name)
                   for name, field in zip(given, constructor.fields, strict=True))
    rebuilt = app(Ref(constructor.name, span=arm.span), *(Var(name, span=arm.span) for name in fields))
    body = arm.body
    if arm.constructor not in (None, constructor.name):
        body = Use(arm.constructor, rebuilt, body, span=arm.span)
    if bound is not None:
        body = Use(bound, rebuilt, body, span=arm.span)
    return Arm(constructor.name, fields, body, span=arm.span)


def _switch(term: Switch) -> Term:
    """A switch: in each arm the scrutinee's name is the number, in the last one the predecessor plus their count."""
    if term.bound is None:
        return term
    count = len(term.arms) - 1
    arms: list[Term] = [Use(term.bound, u24(index), arm, span=arm.span) for index, arm in enumerate(term.arms[:-1])]
    default = term.arms[-1]
    whole = Era(span=default.span) if term.predecessor is None else Op('+', Var(term.predecessor), u24(count))
    arms.append(Use(term.bound, whole, default, span=default.span))
    return replace(term, arms=tuple(arms), bound=None)
