"""The reference reducer: reduces a book of nets by the rules of `bend.hvm.rules`, and counts interactions."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import field

from bend.diagnostics import BendError, error
from bend.hvm.net import Book, Con, Dup, Era, Net, Num, Opr, Place, Ref, Swi, Tree, Var
from bend.hvm.numbers import DivisionByZero
from bend.hvm.places import division_by_zero
from bend.hvm.rules import (
    ANNIHILATION,
    CON,
    DUP,
    NUM,
    OPR,
    PASSING,
    REF,
    ROOT,
    RULES,
    SWI,
    TAG_BITS,
    TAG_MASK,
    VAR,
    Graph,
    expand,
)
from bend.hvm.text import check_book
from bend.records import dataclass

_BINARY: dict[int, Callable[[Tree, Tree], Tree]] = {CON: Con, OPR: Opr, SWI: Swi}
_RULE_NAMES = ('void', 'erase', 'annihilate', 'commute', 'call', 'operate', 'switch')


@dataclass(frozen=True, slots=True)
class Result:
    """What a book reduces to: the tree at the output wire, how many interactions it took, in all and by rule, and the
    seconds of the reduction."""

    net: Net
    interactions: int
    by_rule: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class OutOfBudget(BendError):
    """A reduction went over its limit of interactions."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(error('out-of-budget', f'The net does not end within {limit} interactions.',
                               hint='Raise the limit, or look for a recursion that never stops.'))


def reduce(book: Book, limit: int | None = None, *, order: random.Random | None = None,
           perform: Callable[[Reduction], None] | None = None,
           overflows: Counter[Place | None] | None = None) -> Result:
    """Reduces `@main` until no active pair is left.

    The expansion of `@main` counts 1, and a result is not expanded further (spec 05, section 6). `order` picks
    active pairs at random instead of the last one first; result and count stay the same. `perform` is called with the
    reduction at rest, and may go on with it. `overflows` counts integers that did not fit into 24 bits.
    Raises OutOfBudget when more than `limit` interactions are needed, and BendError for a book that
    `check_book` refuses and for an integer division by zero.
    """
    check_book(book)
    reduction = Reduction(Graph(book, overflows), limit, order)
    reduction.expand(0, ROOT)
    reduction.run()
    if perform is not None:
        perform(reduction)
    return Result(Net(read_tree(reduction.graph, ROOT)), reduction.interactions, reduction.by_rule(),
                  reduction.seconds)


class Reduction:
    """A reduction under way. `interactions` and `seconds` are those so far."""

    def __init__(self, graph: Graph, limit: int | None, order: random.Random | None) -> None:
        self.graph = graph
        self.limit = limit
        self.order = order
        self.counts = [0] * len(RULES)
        self.expansions = 0
        self.interactions = 0
        self.seconds = 0.0

    def expand(self, definition: int, port: int) -> None:
        """Joins a port with a copy of a definition, which counts as a call."""
        if self.interactions == self.limit:
            raise OutOfBudget(self.limit)
        expand(self.graph, definition, port)
        self.expansions += 1
        self.interactions += 1

    def run(self) -> None:
        """Reduces until no active pair is left. Raises as `reduce` does."""
        start = time.perf_counter()
        limit = None if self.limit is None else self.limit - self.interactions
        try:
            self.interactions += _run(self.graph, self.counts, limit, self.order)
        except DivisionByZero as problem:
            raise BendError(division_by_zero(problem.place)) from problem
        except OutOfBudget:
            assert self.limit is not None
            raise OutOfBudget(self.limit) from None
        self.seconds += time.perf_counter() - start

    def by_rule(self) -> dict[str, int]:
        """The interactions so far by the names of their rules."""
        by_rule = dict.fromkeys(_RULE_NAMES, 0)
        for rule, count in zip(RULES, self.counts, strict=True):
            if count:
                by_rule[rule.__name__] += count
        copied = self.graph.copied_references
        by_rule['call'] += self.expansions - copied
        by_rule['erase'] += copied
        return by_rule


def _run(graph: Graph, counts: list[int], limit: int | None, order: random.Random | None) -> int:
    """Reduces until the bags are empty; gives the number of interactions, counted by place in `RULES` in `counts`."""
    budget = -1 if limit is None else limit
    done = 0
    while redex := graph.take_redex(order):
        if done == budget:
            raise OutOfBudget(budget)
        a, b = redex
        if a & TAG_MASK > b & TAG_MASK:
            a, b = b, a
        pair = (a & TAG_MASK) << TAG_BITS | b & TAG_MASK
        if pair == ANNIHILATION and graph.differ(a, b):
            pair = PASSING
        counts[pair] += 1
        done += 1
        RULES[pair](graph, a, b)
    return done


def read_tree(graph: Graph, port: int) -> Tree:
    """The tree that hangs on a port, through all bound variables; the others are named `v0`, `v1`, ... as they come."""
    names: dict[int, str] = {}
    built: list[Tree] = []
    # A port is entered; the complement of that of a node builds it from the last two trees.
    stack = [port]
    while stack:
        entry = stack.pop()
        if entry < 0:
            second = built.pop()
            first = built.pop()
            tag = ~entry & TAG_MASK
            built.append(Dup(first, second, graph.label(~entry)) if tag == DUP else _BINARY[tag](first, second))
            continue
        entry = graph.follow(entry)
        tag = entry & TAG_MASK
        value = entry >> TAG_BITS
        if tag >= CON:
            stack += (~entry, graph.heap[value + 1], graph.heap[value])
        elif tag == VAR:
            built.append(Var(names.setdefault(value, f'v{len(names)}')))
        elif tag == NUM:
            built.append(Num(value))
        else:
            built.append(Ref(graph.names[value]) if tag == REF else Era())
    return built[0]
