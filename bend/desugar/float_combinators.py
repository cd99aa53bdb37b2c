"""Closed subterms become definitions of their own, so that they stay folded until they are needed (spec 02, 3.16).

    g = λx (h λy (+ y 1) x)   =>   g = λx (h g__C0 x)      g__C0 = λy (+ y 1)

What is floated decides which programs end (spec 09, R1), so matches are treated as they will be encoded:
`match x { A: a; B f: b }` is `(x λt switch t { 0: a; _: λ* λf b })`. Its arms, as functions of their fields, are
children that may be floated, and so is the function that tests the tags; the latter is left to `bend.hvm.encode`.

    match x { A: (h 1); B f: (h f) }   =>   match x { A: f__C0; B: f__C1 }      f__C1 = λf (h f)
    switch x { 0: 1; _ p: (h p p) }    =>   switch x { 0: 1; _ p: (f__C0 p) }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bend.desugar.core import (
    App,
    Arm,
    Book,
    Def,
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
    Rule,
    Sup,
    Switch,
    Term,
    Tup,
    Var,
)
from bend.desugar.terms import arm_function, children, free_unscoped, free_vars, lam

if TYPE_CHECKING:
    from bend.desugar.context import Context

MAX_SIZE = 64


def float_combinators(book: Book, context: Context) -> Book:
    """The book with closed subterms of all definitions but the entry floated. Switches must have two arms."""
    safety = _Safety(book)
    defs: dict[str, Def] = {}
    floated: dict[str, Def] = {}
    for name, definition in book.defs.items():
        if name == book.entry:
            defs[name] = definition
            continue
        floater = _Floater(definition, safety)
        defs[name] = definition.with_body(floater.visit(definition.body))
        floated.update(floater.floated)
    return book.with_defs({**defs, **floated})


# ---- size ------------------------------------------------------------------------------------


def size(term: Term) -> int:
    """How large the net of a term will be, roughly: what the limit is about."""
    if isinstance(term, Match):
        return 1 + size(term.argument) + _tag_test_size(term.arms)
    return _own_size(term) + sum(map(size, children(term)))


def _own_size(term: Term) -> int:
    """The size of a term that is not a match, without its children."""
    match term:
        case Lam() | App() | Op():
            return 1
        case Tup() | Sup():
            return len(term.elements) - 1
        case Let():
            return _pattern_size(term.pattern)
        case Switch():
            return 2 * (len(term.arms) - 1)
        case _:
            return 0


def _pattern_size(pattern: Pattern) -> int:
    if isinstance(pattern, PTup | PDup):
        return len(pattern.elements) - 1 + sum(_pattern_size(part) for part in pattern.elements)
    return 0


def _tag_test_size(arms: Sequence[Arm]) -> int:
    """The size of the function that tests the tags; none if it is closed, as it is floated then."""
    if all(is_closed(arm_function(arm)) for arm in arms):
        return 0
    return 3 * max(1, len(arms) - 1) + sum(size(arm_function(arm)) for arm in arms)


def is_closed(term: Term) -> bool:
    """Whether a term takes nothing from around it."""
    return not free_vars(term) and not free_unscoped(term)


# ---- safety ----------------------------------------------------------------------------------


class _Safety:
    """Which terms can be unfolded at any time without more than a fixed amount of work."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.floated: dict[str, Def] = {}
        self.known: dict[str, bool] = {}
        self.active: set[str] = set()

    def is_safe(self, term: Term) -> bool:
        match term:
            case Num() | Era():
                return True
            case Tup() | Sup() | App() | Op() | Switch():
                return all(map(self.is_safe, children(term)))
            case Lam():
                return self._is_safe_lambda(term)
            case Ref():
                return self._is_safe_reference(term.name)
            case _:
                return False

    def _is_safe_lambda(self, term: Term) -> bool:
        names: set[str | None] = set()
        while True:
            match term:
                case Lam(PVar(name), body):
                    names.add(name)
                    term = body
                case Let(PTup() | PDup() as pattern, Var(name), body) if name in names:
                    # A pattern that was the lambda's own.
                    names |= {part.name for part in pattern.elements if isinstance(part, PVar)}
                    term = body
                case Lam(_, body):
                    term = body
                case Var(name):
                    return name in names
                case Ref():
                    return True
                case _:
                    return self.is_safe(term)

    def _is_safe_reference(self, name: str) -> bool:
        if name in self.book.constructors:
            return True
        if name in self.known:
            return self.known[name]
        definition = self.book.defs.get(name) or self.floated.get(name)
        if definition is None or name in self.active:
            return False
        self.active.add(name)
        safe = self.is_safe(definition.body)
        self.active.remove(name)
        if safe or not self.active:
            # "Not safe" found inside a cycle may only mean that the cycle was entered here.
            self.known[name] = safe
        return safe


# ---- floating --------------------------------------------------------------------------------


class _Floater:
    """Floats the subterms of one definition."""

    def __init__(self, parent: Def, safety: _Safety) -> None:
        self.parent = parent
        self.safety = safety
        self.floated: dict[str, Def] = {}

    def visit(self, term: Term) -> Term:
        """The term with subterms floated, inner ones first."""
        match term:
            case Lam():
                return replace(term, body=self.visit(term.body))
            case App() | Match():
                return self._spine(term)
            case Let():
                value, body = self._children(term, [term.value, term.body])
                return replace(term, value=value, body=body)
            case Op():
                left, right = self._children(term, [term.left, term.right])
                return replace(term, left=left, right=right)
            case Tup() | Sup():
                return replace(term, elements=tuple(self._children(term, term.elements)))
            case Switch():
                return self._switch(term)
            case _:
                return term

    def _children(self, term: Term, parts: Sequence[Term]) -> list[Term]:
        """The parts of a term, in the order in which they are to be floated, after floating."""
        visited = [self.visit(part) for part in parts]
        total = _own_size(term) + sum(map(size, visited))
        result = []
        for part in visited:
            new, total = self._maybe_float(part, total)
            result.append(new)
        return result

    def _maybe_float(self, term: Term, total: int) -> tuple[Term, int]:
        """The child, floated if it is to be, and the size of the term around it that then is left."""
        own = size(term)
        if isinstance(term, Ref) or own == 0 or (self.safety.is_safe(term) and total <= MAX_SIZE):
            return term, total
        if not is_closed(term):
            return term, total
        return self._float(term), total - own

    def _float(self, term: Term) -> Ref:
        name = f'{self.parent.name}__C{len(self.floated)}'
        definition = Def(name, (Rule((), term),), None, self.parent.checked, self.parent.builtin,
                         self.parent.user_name, span=term.span)
        self.floated[name] = definition
        self.safety.floated[name] = definition
        return Ref(name, span=term.span)

    def _switch(self, term: Switch) -> Switch:
        zero, successor = term.arms
        function = lam([term.predecessor], successor)
        argument, zero, function = self._children(term, [term.argument, zero, function])
        if isinstance(function, Ref):
            name = term.predecessor or '%predecessor'
            applied = App(function, Var(name, span=function.span), span=function.span)
            return replace(term, argument=argument, arms=(zero, applied), predecessor=name)
        assert isinstance(function, Lam)
        return replace(term, argument=argument, arms=(zero, function.body))

    def _spine(self, term: Term) -> Term:
        """A chain of applications, in which a match counts as the application of its scrutinee to the tag test."""
        links: list[App | Match] = []
        while isinstance(term, App | Match):
            links.append(term)
            term = term.function if isinstance(term, App) else term.argument
        visited = [replace(link, argument=self.visit(link.argument)) if isinstance(link, App)
                   else replace(link, arms=self._arms(link.arms)) for link in links]
        head = self.visit(term)
        total = size(head) + sum(1 + (size(link.argument) if isinstance(link, App) else _tag_test_size(link.arms))
                                 for link in visited)
        done: list[App | Match] = []
        for link in visited:
            if isinstance(link, App):
                argument, total = self._maybe_float(link.argument, total)
                link = replace(link, argument=argument)
            done.append(link)
        term, _ = self._maybe_float(head, total)
        for link in reversed(done):
            term = replace(link, function=term) if isinstance(link, App) else replace(link, argument=term)
        return term

    def _arms(self, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
        """The arms of a match after floating: from the last, as each is a child of the test of its tag."""
        functions = [self.visit(arm_function(arm)) for arm in arms]
        result: list[Term] = []
        rest = 0
        for index in reversed(range(len(arms))):
            function = functions[index]
            if index == len(arms) - 1 and index > 0:
                # The last arm is a child of the test before it, which decides about it below.
                result.append(function)
                rest = 1 + size(function)
                continue
            total = 3 + size(function) + rest
            function, total = self._maybe_float(function, total)
            if index == len(arms) - 2:
                result[0], total = self._maybe_float(result[0], total)
            result.append(function)
            rest = 0 if all(map(is_closed, result)) else total
        result.reverse()
        return tuple(_arm(arm, function) for arm, function in zip(arms, result, strict=True))


def _arm(arm: Arm, function: Term) -> Arm:
    """An arm from its function: with its fields, or without if it was floated."""
    if isinstance(function, Ref):
        return replace(arm, fields=(), body=function)
    for _ in arm.fields:
        assert isinstance(function, Lam)
        function = function.body
    return replace(arm, body=function)
