"""What floating must know of terms, computed once for each: how large they are, and whether they are closed.

Variables must be linear: bound once and used once. So whether a term is closed need not be found out by sets of names:
as many variables are used in it as are bound in it, and no unscoped one is only bound or only used.
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.desugar.core import (
    App,
    Arm,
    Era,
    Lam,
    Let,
    Match,
    Num,
    Op,
    Pattern,
    PDup,
    PTup,
    PVar,
    Ref,
    Sup,
    Switch,
    Term,
    Tup,
    Unscoped,
    Var,
)
from bend.desugar.terms import (
    arm_function,
    children,
    floated_last_arm,
    pattern_unscoped,
    pattern_vars,
)
from bend.records import dataclass


@dataclass(slots=True)
class _Measure:
    """Of a term (kept, so that its identity stays its own): its size; how many variables more are used than bound in
    it; and the unscoped variables of which it has only one end, as the sum of their bits."""

    term: Term
    size: int
    free: int
    unscoped: int


class Measures:
    """Measures of the terms of one definition, found by identity."""

    def __init__(self) -> None:
        self.known: dict[int, _Measure] = {}
        self.bits: dict[str, int] = {}

    def size(self, term: Term) -> int:
        """How large the net of a term will be, roughly: what the limit is about."""
        return self._of(term).size

    def is_closed(self, term: Term) -> bool:
        """Whether a term takes nothing from around it."""
        measure = self._of(term)
        return measure.free == 0 and measure.unscoped == 0

    def tag_test_size(self, arms: Sequence[Arm]) -> int:
        """The size of the function that tests the tags; none if it is closed, as it is floated then."""
        functions = tag_functions(arms)
        last = functions.pop()
        size = self.size(last)
        if not functions:
            return 3 + size
        closed = self.is_closed(last)
        for function in reversed(functions):
            closed = closed and self.is_closed(function)
            size = 0 if closed else size + 3 + self.size(function)
        return size

    def _of(self, term: Term) -> _Measure:
        found = self.known.get(id(term))
        if found is None:
            found = self.known[id(term)] = self._measure(term)
        return found

    def _measure(self, term: Term) -> _Measure:
        match term:
            case Var():
                return _Measure(term, 0, 1, 0)
            case App():
                return self._sum(term, 1)
            case Ref() | Num() | Era():
                return _Measure(term, 0, 0, 0)
            case Unscoped(name):
                return _Measure(term, 0, 0, self._bit(name))
            case Match():
                measure = self._sum(term, 0)
                measure.size = 1 + self.size(term.argument) + self.tag_test_size(term.arms)
                measure.free -= sum([field is not None for arm in term.arms for field in arm.fields])
                return measure
            case Switch():
                measure = self._sum(term, own_size(term) + _successor_lambda(term))
                measure.free -= term.predecessor is not None
                return measure
            case Lam() | Let():
                measure = self._sum(term, own_size(term))
                measure.free -= len(pattern_vars(term.pattern))
                for name in pattern_unscoped(term.pattern):
                    measure.unscoped ^= self._bit(name)
                return measure
            case _:
                return self._sum(term, own_size(term))

    def _sum(self, term: Term, size: int) -> _Measure:
        """The measure of a term with its own size, binders apart."""
        free, unscoped = 0, 0
        for child in children(term):
            below = self._of(child)
            size += below.size
            free += below.free
            unscoped ^= below.unscoped
        return _Measure(term, size, free, unscoped)

    def _bit(self, name: str) -> int:
        return 1 << self.bits.setdefault(name, len(self.bits))


def unfloated_size(term: Term) -> int:
    """The size of a term with the closed functions that test tags, which are not yet definitions of their own."""
    if isinstance(term, Match):
        functions = tag_functions(term.arms)
        tests = 3 * max(1, len(functions) - 1)
        return 1 + tests + unfloated_size(term.argument) + sum([unfloated_size(function) for function in functions])
    below = children(term)
    if not below:
        return 0
    return own_size(term) + _successor_lambda(term) + sum([unfloated_size(child) for child in below])


def is_lambda_pattern(term: Let) -> bool:
    """Whether a `let` takes a lambda's parameter apart by the pattern that the lambda was written with."""
    return isinstance(term.value, Var) and term.value.name.startswith('%pattern')


def own_size(term: Term) -> int:
    """The size of a term that is not a match, without its children. The pattern of a lambda does not count."""
    match term:
        case Lam() | App() | Op():
            return 1
        case Tup() | Sup():
            return len(term.elements) - 1
        case Let():
            return 0 if is_lambda_pattern(term) else _pattern_size(term.pattern)
        case Switch():
            return 2 * (len(term.arms) - 1)
        case _:
            return 0


def _successor_lambda(term: Term) -> int:
    """What the successor arm of a switch has besides its body: a lambda; a floated one is only a reference."""
    match term:
        case Switch(_, (_, App(Ref(), Var(name))), predecessor) if name == predecessor:
            return -1
        case Switch():
            return 1
        case _:
            return 0


def _pattern_size(pattern: Pattern) -> int:
    if isinstance(pattern, PTup | PDup):
        return len(pattern.elements) - 1 + sum([_pattern_size(part) for part in pattern.elements])
    return 0


def tag_functions(arms: Sequence[Arm]) -> list[Term]:
    """The arms as functions of their fields; the last of several takes the rest of the tag first."""
    *others, last = arms
    if not others:
        return [arm_function(last)]
    floated = floated_last_arm(last)
    return [*map(arm_function, others), floated if floated is not None else Lam(PVar(None), arm_function(last))]
