"""Variables that the arms of a match use are passed to them as arguments (spec 02, section 3.13).

    full   λa λb λc switch b { 0: (a c); _ p: (p c) }
           =>  λa λb λc (switch b { 0: λa λc (a c); _ p: λa λc (p c) } a c)
    alt    λa λb λc switch b { 0: (a c); _ p: (p c) }
           =>  λa λb switch b { 0: λc (a c); _ p: λc (p c) }
    off    only what a `with` clause lists is passed

Matches then share nothing between their arms, so that only the chosen arm runs, and arms can be floated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bend.desugar.core import Book, Lam, Let, Match, Switch, Term, Use, Var
from bend.desugar.terms import app, binders, free_vars, lam, map_children, pattern_unscoped, pattern_vars
from bend.options import LinearizeMatches
from bend.records import replace

if TYPE_CHECKING:
    from bend.desugar.context import Context

Cases = Match | Switch
Binder = Lam | Let | Use


def linearize_matches(book: Book, context: Context) -> Book:
    """The book with matches linearized as `context.options.linearize_matches` says, and without `with` clauses.

    Matches must be normalised: what `bound` named is bound by `use` in the arms.
    """
    strategy = STRATEGIES[context.options.linearize_matches]
    return book.with_defs({name: definition.with_body(_pass_with(strategy(definition.body)))
                           for name, definition in book.defs.items()})


# ---- full ------------------------------------------------------------------------------------


class _Full:
    """Linearizes the matches of one definition, inner ones first.

    `free` has a set for each term that has been visited and whose parent has not: the variables free in it. Sets are
    not copied but added to the largest of them, so that deeply nested terms cost little more than flat ones.
    """

    def __init__(self) -> None:
        self.free: list[set[str]] = []

    def visit(self, term: Term) -> Term:
        if isinstance(term, Var):
            self.free.append({term.name})
            return term
        start = len(self.free)
        term = map_children(term, self.visit)
        parts = self.free[start:]
        del self.free[start:]
        if isinstance(term, Match | Switch):
            return self._pass_used(term, parts)
        for part, names in zip(parts, binders(term) or (), strict=False):
            part.difference_update(names)
        self.free.append(_union(parts))
        return term

    def _pass_used(self, term: Cases, parts: list[set[str]]) -> Term:
        """The match with what its arms take from around it or from its `with` clause passed to them."""
        outside = 1 + len(term.with_)
        arms = parts[outside:]
        if isinstance(term, Match):
            for part, arm in zip(arms, term.arms, strict=True):
                part.difference_update(filter(None, arm.fields))
        elif term.predecessor is not None:
            arms[-1].discard(term.predecessor)
        used = _union(arms)
        given = dict(term.with_)
        rest = tuple([(name, value) for name, value in term.with_ if name not in used])
        names = sorted(used)
        self.free.append(_union([*parts[:outside], used - given.keys()]))
        return app(_wrap_arms(replace(term, with_=rest), names), *[given.get(name) or Var(name) for name in names])


def _union(parts: list[set[str]]) -> set[str]:
    """The union of some sets, which may be changed."""
    if not parts:
        return set()
    largest = max(parts, key=len)
    for part in parts:
        if part is not largest:
            largest |= part
    return largest


def _wrap_arms(term: Cases, names: list[str]) -> Cases:
    """The match with each arm a function of the names."""
    if isinstance(term, Match):
        return replace(term, arms=tuple(replace(arm, body=lam(names, arm.body)) for arm in term.arms))
    return replace(term, arms=tuple(lam(names, arm) for arm in term.arms))


# ---- alternative -----------------------------------------------------------------------------


def _alternative(term: Term) -> Term:
    """Moves the binders right before a match into its arms, as far as its scrutinee does not need them."""
    if not isinstance(term, Lam | Let | Use):
        return term
    binders: list[Binder] = []
    inner: Term = term
    while isinstance(inner, Lam | Let | Use):
        binders.append(inner)
        inner = inner.body
    if not isinstance(inner, Match | Switch):
        return term
    needed = set(free_vars(inner.argument)) | {name for _, value in inner.with_ for name in free_vars(value)}
    moved: list[Binder] = []
    kept: list[Binder] = []
    while binders:
        binder = binders.pop()
        if needed.isdisjoint(_bound_by(binder)) and not _binds_unscoped(binder):
            moved.append(binder)
            continue
        kept.append(binder)
        if isinstance(binder, Lam):
            # What comes before this parameter cannot move behind it: the order of arguments would change.
            kept.extend(reversed(binders))
            break
        needed |= free_vars(binder.value).keys()
    return _rebind(kept, _into_arms(inner, moved))


def _bound_by(binder: Binder) -> tuple[str, ...]:
    return (binder.name,) if isinstance(binder, Use) else pattern_vars(binder.pattern)


def _binds_unscoped(binder: Binder) -> bool:
    return not isinstance(binder, Use) and bool(pattern_unscoped(binder.pattern))


def _rebind(binders: list[Binder], body: Term) -> Term:
    """The body under binders, the innermost first in the list."""
    for binder in binders:
        body = replace(binder, body=body)
    return body


def _into_arms(term: Cases, moved: list[Binder]) -> Cases:
    if isinstance(term, Match):
        return replace(term, arms=tuple(replace(arm, body=_rebind(moved, arm.body)) for arm in term.arms))
    return replace(term, arms=tuple(_rebind(moved, arm) for arm in term.arms))


# ---- strategies ------------------------------------------------------------------------------


def _all_alternative(term: Term) -> Term:
    return _alternative(map_children(term, _all_alternative))


STRATEGIES: dict[LinearizeMatches, Callable[[Term], Term]] = {
    'on': lambda body: _Full().visit(body),
    'alt': _all_alternative,
    'off': lambda body: body,
}


# ---- with clauses ----------------------------------------------------------------------------


def _pass_with(term: Term) -> Term:
    """Passes what the `with` clauses that are left list."""
    term = map_children(term, _pass_with)
    if not isinstance(term, Match | Switch) or not term.with_:
        return term
    match = _wrap_arms(replace(term, with_=()), [name for name, _ in term.with_])
    return app(match, *(value for _, value in term.with_))
