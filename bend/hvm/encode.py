"""Core to nets (spec 02, sections 3.1 and 4; spec 05, section 8).

A term is encoded at a *place*: a principal port that waits for a partner, an auxiliary port to be filled, or a wire
whose first end is not known yet. Linking two principal ports makes an active pair; order of pairs and letters of
wires follow from the order of the walk, which is that of the reference. The walk keeps its own stack, so terms may be
as deep as they like.

Constructors become functions that hand their tag and fields to a continuation, matches become tests of the tag. The
function that tests is floated into a definition of its own where it is closed (spec 02, section 3.16): it then stays
folded until a constructor meets it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Literal

from bend.desugar import core
from bend.desugar.places import operation_place
from bend.diagnostics import BendError, error
from bend.hvm import net
from bend.hvm import numbers as num
from bend.hvm.adt import (
    TagSwitch,
    constructor_definitions,
    has_free_variables,
    open_constructors,
    scott_arm,
    successor_function,
    switch_parts,
)
from bend.hvm.names import letters
from bend.hvm.walk import references
from bend.records import dataclass

AdtEncoding = Literal['num-scott', 'scott']

MAIN_NAMES = ('main', 'Main')
"""An entry with one of these names is called `main` in the net book; any other keeps its name."""

OPERATOR_CODES: dict[str, int] = {
    '+': num.ADD, '-': num.SUB, '*': num.MUL, '/': num.DIV, '%': num.REM, '==': num.EQ, '!=': num.NE,
    '<': num.LT, '>': num.GT, '&': num.AND, '|': num.OR, '^': num.XOR, '**': num.XOR, '<<': num.SHL, '>>': num.SHR,
    # There is no code for these two: they are the opposite test compared with zero.
    '<=': num.GT, '>=': num.LT,
}
"""Codes of spec 06, section 1. Power is xor on floats."""


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How constructors are encoded, whether definitions that the entry does not reach are kept, whether the functions
    that test tags become definitions of their own, whether constructors in what the entry returns are opened, and the
    patterns of duplications whose labels are to be fresh in each expansion, by identity. `tag_tests` is told the names
    of the definitions that the tests of matches have become, if those were floated as a whole, by the match's identity.
    """

    adt: AdtEncoding = 'num-scott'
    keep_all: bool = False
    float_matches: bool = True
    opens_entry: bool = True
    fresh: frozenset[int] = frozenset()
    tag_tests: dict[int, str] | None = None


class _Node:
    """A node under construction; its auxiliary ports are filled in time. The place is that of an operation."""

    __slots__ = ('kind', 'label', 'place', 'ports')

    def __init__(self, kind: type[net.Binary], place: net.Place | None = None) -> None:
        self.kind = kind
        self.place = place
        self.label = 0
        self.ports: list[_Node | net.Tree | None] = [None, None]


class _Wire:
    """A connection whose first end, once known, waits here for the second."""

    __slots__ = ('end',)

    def __init__(self) -> None:
        self.end: _Place | None = None


@dataclass(frozen=True, slots=True)
class _Hole:
    """An auxiliary port."""

    node: _Node
    port: int


_Growing = _Node | net.Tree
_Place = _Node | net.Tree | _Hole | _Wire
_EncodedTerm = core.Term | TagSwitch


@dataclass(frozen=True, slots=True)
class _Encode:
    term: _EncodedTerm
    place: _Place


@dataclass(frozen=True, slots=True)
class _Bind:
    pattern: core.Pattern
    place: _Place


@dataclass(frozen=True, slots=True)
class _Link:
    left: _Place
    right: _Place


_Step = _Encode | _Bind | _Link


class _Encoder:
    """Encodes one definition; `floated` are the definitions that it was split into, still to be encoded."""

    def __init__(self, book: core.Book, name: str, options: EncodeOptions, counts: Counter[str],
                 origin: str | None, labels: Iterator[int]) -> None:
        """`origin` is the definition after which floated parts are named, None where nothing is floated; `counts`
        how many it has. `labels` are those of duplications."""
        self.book = book
        self.name = name
        self.options = options
        self.counts = counts
        self.origin = origin
        self.labels = labels
        self.duplications: list[tuple[_Node, bool]] = []
        self.has_unscoped = False
        self.floated: list[tuple[str, TagSwitch]] = []
        self.created = 0
        self.wires = 0
        self.waiting: dict[tuple[bool, str], _Place] = {}
        self.redexes: list[tuple[_Growing, _Growing]] = []
        self.lets: list[tuple[core.Pattern, core.Term]] = []
        self.steps: list[_Step] = []

    def encode(self, term: _EncodedTerm) -> net.Net:
        """The net of a definition's body; raises `BendError` for a wire that closes on itself."""
        top = _Node(net.Con)
        self.steps.append(_Encode(term, _Hole(top, 0)))
        while self.steps:
            step = self.steps.pop()
            if isinstance(step, _Encode):
                self.steps.extend(reversed(list(self.encode_term(step.term, step.place))))
            elif isinstance(step, _Bind):
                self.bind(step.pattern, step.place)
            else:
                self.link(step.left, step.right)
        self.check_bound()
        self.set_labels()
        root = top.ports[0]
        pairs = [half for pair in self.redexes for half in pair]
        if root is None:
            raise self.vicious_cycle()
        frozen, count = _freeze([root, *pairs])
        if count != self.created:
            raise self.vicious_cycle()
        halves = frozen[1:]
        redexes = tuple(net.Redex(left, right) for left, right in zip(halves[::2], halves[1::2], strict=True))
        return net.Net(frozen[0], redexes)

    def set_labels(self) -> None:
        """Gives duplications their labels. Beside unscoped variables they keep 0, as nets written by hand do."""
        if self.has_unscoped:
            return
        fresh = 0
        for node, is_fresh in self.duplications:
            if is_fresh:
                fresh += 1
                node.label = -fresh
            else:
                node.label = next(self.labels)

    # ---- terms ---------------------------------------------------------------------------------

    def encode_term(self, term: _EncodedTerm, up: _Place) -> Iterable[_Step]:
        """Links what can be linked at once and gives what remains, in order."""
        match term:
            case core.Var(name):
                self.link_variable(False, name, up)
                return self.pending_let()
            case core.Unscoped(name):
                self.link_variable(True, name, up)
                return self.pending_let()
            case core.Ref(name):
                self.link(up, net.Ref(net_name(self.book, name)))
                return self.pending_let()
            case core.Num(value):
                self.link(up, net.Num(num.word_of(value)))
                return self.pending_let()
            case core.Era():
                self.link(up, net.Era())
                return self.pending_let()
            case core.Lam(pattern, body):
                node, first, second = self.new_node(net.Con)
                self.link(up, node)
                return (_Bind(pattern, first), _Encode(body, second))
            case core.App(function, argument):
                node, first, second = self.new_node(net.Con)
                return (_Encode(function, node), _Encode(argument, first), _Link(up, second))
            case core.Let(pattern, value, body):
                self.lets.append((pattern, value))
                return (_Encode(body, up),)
            case core.Tup(elements):
                return self.chain(net.Con, [_Encode(element, up) for element in elements], up)
            case core.Sup(elements):
                return self.chain(net.Dup, [_Encode(element, up) for element in elements], up)
            case core.Op():
                return self.operation(term, up)
            case core.Switch(argument, (zero, successor), predecessor):
                return self.switch(argument, zero, successor_function(predecessor, successor), up)
            case core.Match():
                return self.match(term, up)
            case TagSwitch():
                return self.tag_switch(term, up)
            case _:
                raise AssertionError(f'{type(term).__name__} is not a final term')

    def pending_let(self) -> Iterable[_Step]:
        """A `let` is encoded once the first leaf of its body is; inner ones come first."""
        if not self.lets:
            return ()
        pattern, value = self.lets.pop()
        wire = _Wire()
        return (_Encode(value, wire), _Bind(pattern, wire))

    def operation(self, term: core.Op, up: _Place) -> Iterable[_Step]:
        """A literal operand is held by the operator, the other one then fixes the type (spec 06, section 2.1)."""
        code = OPERATOR_CODES[term.operator]
        place = operation_place(self.book, self.name, term.span)
        node, first, second = self.new_node(net.Opr, place)
        result: _Place
        if isinstance(term.left, core.Num):
            self.link(net.Num(num.make_partial(code, term.left.value.bits)), node)
            steps: list[_Step] = [_Encode(term.right, first)]
            result = second
        elif isinstance(term.right, core.Num) and term.operator != '**':
            # Power shares its code with xor and has no flipped form, hence the exception.
            held = net.Num(num.make_partial(num.FLIPPED[code], term.right.value.bits))
            steps = [_Encode(term.left, node), _Link(held, first)]
            result = second
        else:
            inner, inner_first, result = self.new_node(net.Opr, place)
            steps = [
                _Encode(term.left, node), _Link(net.Num(num.make_symbol(code)), first),
                _Link(second, inner), _Encode(term.right, inner_first),
            ]
        if term.operator in ('<=', '>='):
            test, test_first, test_second = self.new_node(net.Opr, place)
            is_zero = net.Num(num.make_partial(num.EQ, 0))
            steps += [_Link(is_zero, test), _Link(result, test_first), _Link(up, test_second)]
        else:
            steps.append(_Link(up, result))
        return steps

    def switch(self, argument: _EncodedTerm | _Place, zero: _EncodedTerm, successor: _EncodedTerm,
               up: _Place) -> list[_Step]:
        """`argument ~ ?((zero successor) up)`; the successor is a function of the number less one."""
        node, arms_port, result = self.new_node(net.Swi)
        arms, zero_port, successor_port = self.new_node(net.Con)
        self.link(arms, arms_port)
        scrutinee: _Step
        if isinstance(argument, _Hole):
            scrutinee = _Link(argument, node)
        else:
            assert not isinstance(argument, _Node | _Wire | net.Tree)
            scrutinee = _Encode(argument, node)
        return [scrutinee, _Encode(zero, zero_port), _Encode(successor, successor_port), _Link(up, result)]

    def chain(self, kind: type[net.Binary], items: list[_Encode] | list[_Bind], up: _Place,
              pattern: core.Pattern | None = None) -> list[_Step]:
        """Right-nested nodes over the items; each item is given its place when the chain comes to it. Those of the
        pattern of a duplication have labels."""
        steps: list[_Step] = []
        for item in items[:-1]:
            node, first, second = self.new_node(kind)
            if isinstance(pattern, core.PDup):
                self.duplications.append((node, id(pattern) in self.options.fresh))
            steps += [_Link(up, node), _placed(item, first)]
            up = second
        return [*steps, _placed(items[-1], up)]

    # ---- matches -------------------------------------------------------------------------------

    def match(self, term: core.Match, up: _Place) -> Iterable[_Step]:
        """The scrutinee applied to the arms (scott) or to the function that tests its tag (num-scott)."""
        if self.options.adt == 'scott':
            applied: core.Term = term.argument
            for arm in term.arms:
                applied = core.App(applied, scott_arm(arm))
            return (_Encode(applied, up),)
        node, first, second = self.new_node(net.Con)
        function = self.maybe_float(TagSwitch(term.arms))
        if isinstance(function, core.Ref) and self.options.tag_tests is not None:
            self.options.tag_tests[id(term)] = function.name
        return (_Encode(term.argument, node), _Encode(function, first), _Link(up, second))

    def tag_switch(self, switch: TagSwitch, up: _Place) -> Iterable[_Step]:
        """`λt switch t { 0: arm0; _: ... }`."""
        zero, successor = switch_parts(switch)
        node, first, second = self.new_node(net.Con)
        self.link(up, node)
        return self.switch(first, zero, successor, second)

    def maybe_float(self, switch: TagSwitch) -> _EncodedTerm:
        """Floats a chain of tag tests, last test first, from the first test on whose remaining arms are closed."""
        if self.origin is None:
            return switch
        tests = max(1, len(switch.arms) - 1)
        rest: core.Ref | None = None
        for test in reversed(range(tests)):
            arms = switch.arms[test:] if rest is None else switch.arms[test:test + 1]
            if has_free_variables(arms):
                return TagSwitch(switch.arms[:test + 1], rest) if rest is not None else switch
            name = f'{self.origin}__M{self.counts[self.origin]}'
            self.counts[self.origin] += 1
            self.floated.append((name, TagSwitch(arms, rest)))
            rest = core.Ref(name)
        assert rest is not None
        return rest

    # ---- wires ---------------------------------------------------------------------------------

    def new_node(self, kind: type[net.Binary], place: net.Place | None = None) -> tuple[_Node, _Hole, _Hole]:
        """A fresh node and its auxiliary ports."""
        self.created += 1
        node = _Node(kind, place)
        return node, _Hole(node, 0), _Hole(node, 1)

    def bind(self, pattern: core.Pattern, place: _Place) -> None:
        """Connects what a pattern takes with its variables."""
        match pattern:
            case core.PVar(None):
                self.link(place, net.Era())
            case core.PVar(str(name)):
                self.link_variable(False, name, place)
            case core.PUnscoped(name):
                self.link_variable(True, name, place)
            case core.PTup(elements) | core.PDup(elements):
                kind = net.Con if isinstance(pattern, core.PTup) else net.Dup
                items = [_Bind(element, place) for element in elements]
                self.steps.extend(reversed(self.chain(kind, items, place, pattern)))
            case _:
                raise AssertionError(f'{type(pattern).__name__} is not a final pattern')

    def link_variable(self, unscoped: bool, name: str, place: _Place) -> None:
        """The first end of a variable waits for the second."""
        self.has_unscoped = self.has_unscoped or unscoped
        other = self.waiting.pop((unscoped, name), None)
        if other is None:
            self.waiting[unscoped, name] = place
        else:
            self.link(place, other)

    def link(self, left: _Place, right: _Place) -> None:
        """Connects two places."""
        while True:
            if isinstance(right, _Wire):
                left, right = right, left
            if not isinstance(left, _Wire):
                break
            if left.end is None:
                left.end = right
                return
            left = left.end
        if isinstance(left, _Hole) and isinstance(right, _Hole):
            wire = net.Var(letters(self.wires))
            self.wires += 1
            left.node.ports[left.port] = wire
            right.node.ports[right.port] = wire
        elif isinstance(left, _Hole):
            assert not isinstance(right, _Hole | _Wire)
            left.node.ports[left.port] = right
        elif isinstance(right, _Hole):
            right.node.ports[right.port] = left
        else:
            assert not isinstance(right, _Wire)
            self.redexes.append((right, left))

    # ---- errors --------------------------------------------------------------------------------

    def check_bound(self) -> None:
        """Every variable has two ends."""
        for unscoped, name in self.waiting:
            shown = f'${name}' if unscoped else name
            raise BendError(error(
                'unbound-variable', f"The variable '{shown}' is not bound and used exactly once.",
                hint='An unscoped variable must be bound and used within one function.', definition=self.name))

    def vicious_cycle(self) -> BendError:
        """The error for a term whose wires close on themselves."""
        return BendError(error(
            'vicious-cycle', 'A value of this function is defined by nothing but itself.',
            hint='Look at its unscoped variables and patterns: where one is used, its value must come from elsewhere.',
            definition=self.name))


def _placed(item: _Encode | _Bind, place: _Place) -> _Step:
    """The item at another place."""
    return _Encode(item.term, place) if isinstance(item, _Encode) else _Bind(item.pattern, place)


def _freeze(roots: list[_Growing]) -> tuple[list[net.Tree], int]:
    """Immutable trees for grown ones, and the number of nodes in them."""
    done: list[net.Tree] = []
    # A tuple holds a node whose children are done.
    todo: list[_Growing | tuple[_Node]] = list(reversed(roots))
    count = 0
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            node = item[0]
            second = done.pop()
            done.append(_frozen_node(node, done.pop(), second))
        elif isinstance(item, _Node):
            count += 1
            first_port, second_port = item.ports
            assert first_port is not None and second_port is not None
            todo += [(item,), second_port, first_port]
        else:
            done.append(item)
    return done, count


def _frozen_node(node: _Node, first: net.Tree, second: net.Tree) -> net.Tree:
    if node.kind is net.Opr:
        return net.Opr(first, second, node.place)
    return net.Dup(first, second, node.label) if node.kind is net.Dup else node.kind(first, second)


# ---- books -----------------------------------------------------------------------------------


def encode_book(book: core.Book, options: EncodeOptions | None = None) -> net.Book:
    """The nets of a program: those that its entry reaches, or all of them (`keep_all`, or without an entry).

    Definitions come in byte order of their names. Raises `BendError` for a term with a vicious cycle.
    """
    options = options or EncodeOptions()
    constructors = constructor_definitions(book, options.adt)
    roots = [book.entry] if book.entry is not None and not options.keep_all else [*book.defs, *book.nets]
    nets: dict[str, net.Net] = {}
    for name, encoded in _encode_reached(book, constructors, roots, options):
        nets[net_name(book, name)] = encoded
    return net.Book({name: nets[name] for name in sorted(nets, key=str.encode)})


def encode_term(term: core.Term, book: core.Book, adt: AdtEncoding = 'num-scott') -> net.Net:
    """The net of a linear term that refers to definitions of a book, in one piece. Names are unique, and variables need
    not be used where they are bound. Raises `BendError` as `encode_book`."""
    return _Encoder(book, '', EncodeOptions(adt), Counter(), None, _labels()).encode(term)


def _labels() -> Iterator[int]:
    """The labels of duplications. Raises `BendError` after the last one."""
    yield from range(1, net.STATIC_LABELS)
    raise BendError(error('too-many-copies', f'The program has more than {net.STATIC_LABELS - 1} duplications.',
                          hint='A variable that is used n times counts n - 1. Take out what is not used.'))


def net_name(book: core.Book, name: str) -> str:
    """How a definition is called in the net book."""
    return 'main' if name == book.entry and name in MAIN_NAMES else name


def _encode_reached(book: core.Book, constructors: dict[str, core.Term], roots: list[str],
                    options: EncodeOptions) -> Iterator[tuple[str, net.Net]]:
    """Names and nets of the roots and of everything that they refer to."""
    seen = {net_name(book, root) for root in roots}
    todo: deque[str] = deque(roots)
    counts: Counter[str] = Counter()
    labels = _labels()
    floated: dict[str, tuple[str, TagSwitch]] = {}
    while todo:
        name = todo.popleft()
        if name in book.nets:
            encoded = book.nets[name].net
        else:
            term: _EncodedTerm
            origin: str | None = None
            if name in floated:
                origin, term = floated[name]
            elif name in book.defs:
                # The entry is never split: what it holds is evaluated at once (spec 02, section 3.19).
                origin, term = name, book.defs[name].body
                if not options.float_matches:
                    origin = None
                if name == book.entry:
                    origin = None
                    if options.opens_entry:
                        term = open_constructors(book, constructors, term)
            elif name in constructors:
                term = constructors[name]
            else:
                raise BendError(error('undefined-reference', f"There is no definition named '{name}'.",
                                      hint='Define it, or correct the name.'))
            encoder = _Encoder(book, name, options, counts, origin, labels)
            encoded = encoder.encode(term)
            floated.update((key, (origin or name, switch)) for key, switch in encoder.floated)
        yield name, encoded
        for found in references(encoded):
            if found not in seen:
                seen.add(found)
                todo.append(found)
