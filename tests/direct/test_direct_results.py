"""Words and cells as terms: memory images built by hand."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping

import pytest

from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.diagnostics import BendError, error
from bend.hvm import numbers as num
from bend.hvm import result
from bend.hvm.numbers import Number
from bend.hvm.readback import BookInfo, ConstructorInfo
from bend.hvm.show import show_main
from bend.options import Options, Readback
from bend.runtime.direct.program import (
    CONSTANT,
    ERASER,
    FUNCTION,
    HEADER_PAYLOAD_SHIFT,
    IMMEDIATE,
    INDEX_SHIFT,
    NUMBER,
    NUMBER_SHIFT,
    PAYLOAD_SHIFT,
    SHAPE_SHIFT,
    DirectProgram,
    Entry,
    Shape,
)
from bend.runtime.direct.readback import Memory, ResultReader

CELLS = 0x7F0000000000
PARTIAL, NIL, CONS, PAIR, NONE, SOME, FLOAT, WIDE, END, STRING = range(10)
SHAPES = (None, Shape('List/Nil', 0), Shape('List/Cons', 2, 0, num.U24), Shape(None, 2), Shape('Maybe/None', 0),
          Shape('Maybe/Some', 1), Shape('Box/Float', 1, 0, num.F24), Shape('Box/Wide', 4, 2, num.I24),
          Shape('String/Nil', 0), Shape('String/Cons', 2, 0, num.U24))
ADD, INC, MAYBE_SOME, LOCAL, ENTRY = range(5)
ENTRIES = (Entry('add', 1, 2), Entry('inc', 0, 1), Entry('Maybe/Some', 0, 1), Entry('main__L0', 1, 2),
           Entry('main', 0, 1))
CONSTANTS = ('main', 'seven', 'ones', 'broken', 'alias', 'main__C0')
MAIN, SEVEN, ONES, BROKEN, ALIAS, FLOATED = range(6)


def lam(names: str, body: core.Term) -> core.Term:
    """A curried function."""
    for name in reversed(names.split()):
        body = core.Lam(core.PVar(name), body)
    return body


def definition(name: str, body: core.Term) -> core.Def:
    """A definition without patterns."""
    return core.Def(name, (core.Rule((), body),))


def constructor(name: str, tag: int, *fields: str) -> core.Constructor:
    """A constructor whose type is in front of the slash."""
    return core.Constructor(name, name.split('/')[0], tag,
                            tuple(core.FieldInfo(field, None, False) for field in fields))


CONSTRUCTORS = [constructor('List/Nil', 0), constructor('List/Cons', 1, 'head', 'tail'), constructor('Maybe/None', 0),
                constructor('Maybe/Some', 1, 'value'), constructor('Box/Float', 0, 'x'),
                constructor('Box/Wide', 1, 'a', 'b', 'c', 'd'), constructor('String/Nil', 0),
                constructor('String/Cons', 1, 'head', 'tail')]
TYPES = ('List', 'Maybe', 'Box', 'String')
BOOK = core.Book(
    {made.name: made for made in (
        definition('main', core.App(core.Ref('go'), core.Num(Number('u24', 1)))),
        definition('go', lam('x', core.Var('x'))),
        definition('add', lam('a b', core.Op('+', core.Var('a'), core.Var('b')))),
        definition('inc', lam('a', core.Op('+', core.Var('a'), core.Num(Number('u24', 1))))),
        definition('seven', core.Num(Number('u24', 7))),
        definition('ones', core.App(core.App(core.Ref('List/Cons'), core.Num(Number('u24', 1))), core.Ref('ones'))),
        definition('alias', core.Ref('inc')),
        definition('broken', core.Op('/', core.Num(Number('u24', 1)), core.Num(Number('u24', 0)))),
        definition('main__C0', lam('y', core.Op('*', core.Var('y'), core.Num(Number('u24', 2))))),
        definition('main__L0', lam('x y', core.Tup((core.Var('x'), core.Var('y'))))),
    )},
    {name: core.Adt(name, (), tuple(made.name for made in CONSTRUCTORS if made.type_name == name)) for name in TYPES},
    {made.name: made for made in CONSTRUCTORS}, {}, 'main')
INFO = BookInfo({made.name: ConstructorInfo(made.tag, len(made.fields)) for made in CONSTRUCTORS}, {}, frozenset())
PROGRAM = DirectProgram(b'', SHAPES, ENTRIES, CONSTANTS, {}, b'', pickle.dumps(BOOK))


class Image:
    """Memory as it is filled by hand."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.next = CELLS
        self.evaluated: list[int] = []

    def cell(self, shape: int, *words: int, payload: int = 0, references: int = 1) -> int:
        """A new cell."""
        address = self.next
        self.next += 8 * (1 + len(words))
        header = references | shape << SHAPE_SHIFT | payload << HEADER_PAYLOAD_SHIFT
        self.words.update(zip(range(address, self.next, 8), (header, *words), strict=True))
        return address

    def list(self, *numbers: int, tail: int = NIL << INDEX_SHIFT | IMMEDIATE) -> int:
        """A list of numbers below 2^24."""
        for number in reversed(numbers):
            tail = self.cell(CONS, tail, payload=number)
        return tail

    def string(self, text: str) -> int:
        """A string."""
        tail = immediate(END)
        for character in reversed(text):
            tail = self.cell(STRING, tail, payload=ord(character))
        return tail

    def constants(self) -> Mapping[int, Callable[[], int]]:
        """What the definitions without parameters give."""
        return {SEVEN: lambda: u24(7), ONES: lambda: self.list(1, tail=constant(ONES)), ALIAS: lambda: function(INC),
                FLOATED: lambda: self.cell(PARTIAL, u24(5), payload=LOCAL), BROKEN: fail}

    def evaluate(self, number: int) -> int:
        """The value of a constant; notes that it was asked for."""
        self.evaluated.append(number)
        return self.constants()[number]()

    def text(self, word: int, form: Readback = 'default', *, linear: bool = False) -> str | None:
        """How a word is shown."""
        reader = ResultReader(Memory(PROGRAM, self.words.__getitem__, self.evaluate), Options())
        term, problems = with_deep_stack(lambda: reader.read(word, form, linear=linear))
        assert not problems
        return show_main(term, form, False, INFO)


def fail() -> int:
    """A constant without a value."""
    raise BendError(error('division-by-zero', 'An integer is divided by zero.'))


def number(word: int) -> int:
    """The word of a number word."""
    return word << NUMBER_SHIFT | NUMBER


def u24(value: int) -> int:
    """The word of a natural number."""
    return number(num.make_word(value, num.U24))


def immediate(shape: int, payload: int = 0) -> int:
    """The word of a constructor without a cell."""
    return shape << INDEX_SHIFT | payload << PAYLOAD_SHIFT | IMMEDIATE


def constant(index: int) -> int:
    """A folded reference of a definition without parameters."""
    return index << INDEX_SHIFT | CONSTANT


def function(entry: int) -> int:
    """A folded reference of a function."""
    return entry << INDEX_SHIFT | FUNCTION


@pytest.fixture
def image() -> Image:
    """Empty memory."""
    return Image()


@pytest.mark.parametrize(('word', 'expected'), [
    (u24(0xFFFFFF), '16777215'),
    (number(num.make_word(-3, num.I24)), '-3'),
    (number(num.make_word(0x3FC000, num.F24)), '1.500'),
    (ERASER, '*'),
    (immediate(NIL), '[]'),
    (immediate(END), '""'),
    (immediate(NONE), 'Maybe/None'),
    (immediate(FLOAT, 0x3FC000), 'Box/Float(1.500)'),
    (function(INC), 'inc'),
    (constant(SEVEN), '7'),
])
def test_words(word: int, expected: str, image: Image) -> None:
    assert image.text(word) == expected


def test_cells(image: Image) -> None:
    assert image.text(image.list(1, 2, 3)) == '[1, 2, 3]'
    assert image.text(image.string('hi\n')) == '"hi\\n"'
    assert image.text(image.cell(PAIR, u24(1), image.cell(PAIR, u24(2), ERASER))) == '(1, (2, *))'
    assert image.text(image.cell(PAIR, ERASER, u24(1))) == '(*, 1)'
    assert image.text(image.cell(SOME, image.cell(SOME, immediate(NONE)))) == 'Maybe/Some(Maybe/Some(Maybe/None))'


def test_the_packed_field_stands_in_its_place(image: Image) -> None:
    wide = image.cell(WIDE, u24(1), u24(2), u24(4), payload=0xFFFFFD)
    assert image.text(wide) == 'Box/Wide(1, 2, -3, 4)'


def test_counts_of_references_do_not_matter(image: Image) -> None:
    assert image.text(image.cell(PAIR, u24(1), u24(2), references=0xFFFFFFFF)) == '(1, 2)'


def test_shared_cells_are_read_once(image: Image) -> None:
    word = immediate(NONE)
    for _ in range(60):
        word = image.cell(PAIR, word, word)
    reader = ResultReader(Memory(PROGRAM, image.words.__getitem__, image.evaluate), Options())
    term, _ = reader.read(word)
    assert isinstance(term, result.Pair)
    assert term.first is term.second


def test_references_are_evaluated_once_each(image: Image) -> None:
    pair = image.cell(PAIR, constant(SEVEN), constant(SEVEN))
    assert image.text(pair) == '(7, 7)'
    assert image.evaluated == [SEVEN]
    assert image.text(pair, 'lambda') == '(seven, seven)'
    assert image.evaluated == [SEVEN]


def test_a_value_that_holds_itself_is_named(image: Image) -> None:
    assert image.text(image.cell(PAIR, u24(2), constant(ONES))) == '(2, List/Cons(1, ones))'


def test_references_without_a_value_are_named(image: Image) -> None:
    assert image.text(image.cell(PAIR, constant(BROKEN), constant(ALIAS))) == '(broken, inc)'


def test_functions_are_looked_into(image: Image) -> None:
    add = image.cell(PARTIAL, u24(5), payload=ADD)
    assert image.text(add) == 'λa (+ 5 a)'
    assert image.text(image.cell(PAIR, image.list(1, 2), add)) == '([1, 2], λc (+ 5 c))'
    assert image.text(image.cell(PARTIAL, u24(5), payload=LOCAL), 'lambda') == 'λa (5, a)'
    assert image.text(function(MAYBE_SOME)) == 'Maybe/Some'


def test_floated_functions_are_shown_as_written(image: Image) -> None:
    assert image.text(image.cell(PAIR, u24(1), constant(FLOATED))) == '(1, λa (* a 2))'


def test_lambda_form(image: Image) -> None:
    assert image.text(image.cell(PAIR, ERASER, u24(1)), 'lambda') == 'λ* 1'
    assert image.text(image.cell(SOME, immediate(NONE)), 'lambda') == 'λa (a Maybe/Some/tag Maybe/None)'
    assert image.text(image.list(1, 2), 'lambda') == '[1, 2]'


@pytest.mark.parametrize('form', ['default', 'lambda'])
def test_deep_data(form: Readback, image: Image) -> None:
    right, left = immediate(NIL), immediate(NONE)
    for index in range(20_000):
        right = image.cell(CONS, right, payload=index)
        left = image.cell(PAIR, left, u24(index))
    numbers = ', '.join(map(str, reversed(range(20_000))))
    assert image.text(right, form) == f'[{numbers}]'
    text = image.text(left, form)
    assert text is not None
    assert text.startswith('(((((((((((((((((((((((') and text.endswith(', 19998), 19999)')


@pytest.mark.parametrize('form', ['default', 'lambda'])
def test_long_data_with_functions(form: Readback, image: Image) -> None:
    """Functions are looked into each on its own, and once; data around them may be deep."""
    add = image.cell(PARTIAL, u24(5), payload=ADD)
    pairs = image.cell(PAIR, function(INC), add)
    for _ in range(20_000):
        pairs = image.cell(PAIR, add, pairs)
    reader = ResultReader(Memory(PROGRAM, image.words.__getitem__, image.evaluate), Options())
    term, _ = with_deep_stack(lambda: reader.read(pairs, form))
    shown = set()
    for _ in range(20_000):
        assert isinstance(term, result.Pair)
        shown.add(id(term.first))
        term = term.second
    assert isinstance(term, result.Pair)
    assert term.first == result.Reference('inc')
    assert shown == {id(term.second)}


def test_nets_are_not_needed_for_data(image: Image) -> None:
    reader = ResultReader(Memory(PROGRAM, image.words.__getitem__, image.evaluate), Options())
    reader.read(image.cell(PAIR, function(INC), image.list(1)))
    assert reader.made is None
