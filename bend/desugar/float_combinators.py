"""Closed subterms become definitions of their own, so that they stay folded until they are needed (spec 02, 3.16).

    g = λx (h λy (+ y 1) x)   =>   g = λx (h g__C0 x)      g__C0 = λy (+ y 1)

What is floated decides which programs end (spec 09, R1), so matches are treated as they will be encoded:
`match x { A: a; B f: b }` is `(x λt switch t { 0: a; _: λ* λf b })`. Its arms, as functions of their fields, are
children that may be floated, and so is the function that tests the tags; the latter is left to `bend.hvm.encode`.

    match x { A: (h 1); B f: (h f) }   =>   match x { A: f__C0; B: f__C1 }      f__C1 = λf (h f)
    switch x { 0: 1; _ p: (h p p) }    =>   switch x { 0: 1; _ p: (f__C0 p) }

The last of several arms takes the rest of the tag before its fields. Where it is floated with that parameter, its body
is the application to an eraser: `B: (f__C1 *)`, where f__C1 = λ* λf (h f).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
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
from bend.desugar.measures import Measures, is_lambda_pattern, own_size, tag_functions, unfloated_size
from bend.desugar.terms import arm_function, children, lam
from bend.records import replace

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
        floater = _Floater(definition, safety, context.options.encoding == 'num-scott')
        defs[name] = definition.with_body(floater.visit(definition.body))
        floated.update(floater.floated)
    return book.with_defs({**defs, **floated})


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
            case Tup() | Sup() | App() | Op():
                return all(map(self.is_safe, children(term)))
            case Switch(argument, (zero, successor), predecessor):
                return all(map(self.is_safe, (argument, zero, lam([predecessor], successor))))
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
                case Let(PTup() | PDup() as pattern, Var(name), body) if name in names and is_lambda_pattern(term):
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
    """Floats the subterms of one definition.

    A safe child is floated where the term around it is too large. What counts is the size of that term if it is
    closed, else the size that the whole definition has by then.
    """

    def __init__(self, parent: Def, safety: _Safety, has_tags: bool) -> None:
        self.has_tags = has_tags
        self.parent = parent
        self.safety = safety
        self.floated: dict[str, Def] = {}
        self.predecessors = count()
        self.measures = Measures()
        self.total = unfloated_size(parent.body)

    def visit(self, term: Term, around: Term | None = None) -> Term:
        """The term with subterms floated, inner ones first. `around` is the term with the lambdas around it."""
        around = around or term
        match term:
            case Ref() | Var() | Num():
                return term
            case Lam():
                return Lam(term.pattern, self.visit(term.body, around), span=term.span)
            case App() | Match():
                return self._spine(term, around)
            case Let() if is_lambda_pattern(term):
                return Let(term.pattern, term.value, self.visit(term.body, around), span=term.span)
            case Let():
                value, body = self._children(term, [term.value, term.body], around)
                return Let(term.pattern, value, body, span=term.span)
            case Op():
                left, right = self._children(term, [term.left, term.right], around)
                return Op(term.operator, left, right, span=term.span)
            case Tup() | Sup():
                return replace(term, elements=tuple(self._children(term, term.elements, around)))
            case Switch():
                return self._switch(term, around)
            case _:
                return term

    def _children(self, term: Term, parts: Sequence[Term], around: Term) -> list[Term]:
        """The parts of a term, in the order in which they are to be floated, after floating."""
        visited = [self.visit(part) for part in parts]
        total = own_size(term) + sum(map(self.measures.size, visited))
        result = []
        for part in visited:
            new, total = self._maybe_float(part, total, around)
            result.append(new)
        return result

    def _maybe_float(self, term: Term, total: int, *around: Term) -> tuple[Term, int]:
        """The child, floated if it is to be, and the size of the term around it that then is left."""
        own = self.measures.size(term)
        if isinstance(term, Ref) or own == 0 or not self.measures.is_closed(term):
            return term, total
        if self.safety.is_safe(term) and not self._is_too_large(total, around):
            return term, total
        self.total -= own
        return self._float(term), total - own

    def _is_too_large(self, total: int, around: tuple[Term, ...]) -> bool:
        """Whether even safe children are floated from a term of a size."""
        if self.total <= MAX_SIZE or total > MAX_SIZE:
            return total > MAX_SIZE
        return not all(map(self.measures.is_closed, around))

    def _float(self, term: Term) -> Ref:
        name = f'{self.parent.name}__C{len(self.floated)}'
        definition = Def(name, (Rule((), term),), None, self.parent.checked, self.parent.builtin,
                         self.parent.user_name, span=term.span)
        self.floated[name] = definition
        self.safety.floated[name] = definition
        return Ref(name, span=term.span)

    def _switch(self, term: Switch, around: Term) -> Switch:
        zero, successor = term.arms
        function = lam([term.predecessor], successor)
        argument, zero, function = self._children(term, [term.argument, zero, function], around)
        if isinstance(function, Ref):
            name = term.predecessor or f'%predecessor{next(self.predecessors)}'
            applied = App(function, Var(name, span=function.span), span=function.span)
            return Switch(argument, (zero, applied), name, span=term.span)
        assert isinstance(function, Lam)
        return Switch(argument, (zero, function.body), term.predecessor, span=term.span)

    def _spine(self, term: Term, around: Term) -> Term:
        """A chain of applications, in which a match counts as the application of its scrutinee to the tag test."""
        links: list[App | Match] = []
        while isinstance(term, App | Match):
            links.append(term)
            term = term.function if isinstance(term, App) else term.argument
        visited = [self.visit(link.argument) if isinstance(link, App) else self._arms(link.arms) for link in links]
        head = self.visit(term)
        measures = self.measures
        total = measures.size(head) + sum([1 + (measures.tag_test_size(part) if isinstance(part, tuple)
                                                else measures.size(part)) for part in visited])
        done: list[Term | tuple[Arm, ...]] = []
        for part in visited:
            if not isinstance(part, tuple):
                part, total = self._maybe_float(part, total, around)
            done.append(part)
        term, _ = self._maybe_float(head, total, around)
        for link, part in zip(reversed(links), reversed(done), strict=True):
            term = (Match(term, part, span=link.span) if isinstance(part, tuple)
                    else App(term, part, span=link.span))
        return term

    def _arms(self, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
        """The arms of a match after floating: from the last, as each is a child of the test of its tag."""
        taken = tag_functions(arms) if self.has_tags else map(arm_function, arms)
        functions = [self.visit(function) for function in taken]
        result: list[Term] = []
        rest = 0
        closed = True
        for index in reversed(range(len(arms))):
            function = functions[index]
            if index == len(arms) - 1 and index > 0:
                # The last arm is a child of the test before it, which decides about it below.
                result.append(function)
                rest = self.measures.size(function)
                closed = self.measures.is_closed(function)
                continue
            total = 3 + self.measures.size(function) + rest
            around = (function, *result)
            function, total = self._maybe_float(function, total, *around)
            if index == len(arms) - 2:
                result[0], total = self._maybe_float(result[0], total, *around)
            result.append(function)
            rest = total
            closed = closed and self.measures.is_closed(function)
            if closed:
                # It becomes a definition when it is encoded.
                self.total -= total
                rest = 0
        result.reverse()
        *others, last = result
        make_last = _last_arm if others and self.has_tags else _arm
        return (*map(_arm, arms, others), make_last(arms[-1], last))


def _last_arm(arm: Arm, function: Term) -> Arm:
    """The last of several arms, whose function takes the rest of the tag first."""
    if isinstance(function, Ref):
        body = App(function, Era(span=function.span), span=function.span)
        return replace(arm, fields=(), body=body, takes_tag=True)
    assert isinstance(function, Lam)
    return _arm(arm, function.body)


def _arm(arm: Arm, function: Term) -> Arm:
    """An arm from its function: with its fields, or without if it was floated."""
    if isinstance(function, Ref):
        return replace(arm, fields=(), body=function)
    for _ in arm.fields:
        assert isinstance(function, Lam)
        function = function.body
    return replace(arm, body=function)
