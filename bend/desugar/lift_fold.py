"""Folds become functions that call themselves on recursive fields (spec 02, section 3.9).

    fold t { Tree/Leaf: (+ t.value k); Tree/Node: (+ t.left t.right) }
    =>  (f__fold0 t k)
        f__fold0 = λx λk match x { Tree/Leaf t.value: (+ t.value k);
                                   Tree/Node t.left t.right: use t.left = (f__fold0 t.left k); ...; (+ t.left t.right) }
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bend.desugar.core import Arm, Book, Def, Fold, Match, Ref, Rule, Term, Use, Var
from bend.desugar.terms import app, free_unscoped, free_vars, lam, map_children
from bend.diagnostics import error
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context

SCRUTINEE = '%fold'


def lift_fold(book: Book, context: Context) -> Book:
    """The book without `Fold`; inner folds are lifted first. Reports unscoped variables that cross a fold."""
    defs: dict[str, Def] = {}
    for name, definition in book.defs.items():
        defs[name] = definition
        if context.kinds.has(definition.body, Fold):
            lifter = _Lifter(definition, book, context)
            defs[name] = definition.with_body(lifter.lift(definition.body))
            defs.update(lifter.lifted)
    return context.settled(book.with_defs(defs))


class _Lifter:
    """Lifts the folds of one definition."""

    def __init__(self, parent: Def, book: Book, context: Context) -> None:
        self.parent = parent
        self.book = book
        self.context = context
        self.lifted: dict[str, Def] = {}

    def lift(self, term: Term) -> Term:
        term = map_children(term, self.lift)
        return self._function(term) if isinstance(term, Fold) else term

    def _function(self, fold: Fold) -> Term:
        self._check_unscoped(fold)
        name = f'{self.parent.name}__fold{len(self.lifted)}'
        shared = {fold.bound, *(variable for variable, _ in fold.with_)}
        # The order is free (the reference has none); by name, so that equal programs compile alike.
        found = {variable: place for arm in fold.arms for variable, place in free_vars(arm.body).items()
                 if variable not in shared and variable not in arm.fields}
        free = sorted(found)
        arms = tuple(replace(arm, body=self._recursive(arm, name, free)) for arm in fold.arms)
        with_ = tuple((variable, Var(variable)) for variable, _ in fold.with_)
        match = Match(Var(SCRUTINEE), arms, fold.bound, with_, span=fold.span)
        body = lam([SCRUTINEE, *free, *(variable for variable, _ in fold.with_)], match)
        self.lifted[name] = Def(name, (Rule((), body),), None, self.parent.checked, self.parent.builtin,
                                self.parent.user_name, span=fold.span)
        # With their places, because a name that is not defined shows here as well.
        arguments = (fold.argument, *(found[variable] for variable in free), *(value for _, value in fold.with_))
        return app(Ref(name, span=fold.span), *arguments)

    def _recursive(self, arm: Arm, name: str, free: Sequence[str]) -> Term:
        """The arm's body, with the name of each recursive field standing for the fold of it.

        By `use`, because the value's variables could be captured if it were put in place before names are unique.
        """
        body = arm.body
        fields = self.book.constructors[arm.constructor].fields if arm.constructor is not None else ()
        for info, field in zip(fields, arm.fields, strict=False):
            if info.recursive and field is not None:
                call = app(Ref(name, span=body.span), Var(field), *(Var(variable) for variable in free))
                body = Use(field, call, body, span=body.span)
        return body

    def _check_unscoped(self, fold: Fold) -> None:
        crossing = [name for arm in fold.arms for name in free_unscoped(arm.body)]
        if crossing:
            self.context.report.add(error(
                'unscoped-crossing', f"The unscoped variable '${crossing[0]}' goes in or out of a 'fold'.",
                fold.span, hint="A 'fold' is a function of its own: pass the value in its 'with' clause.",
                definition=self.parent.user_name))
