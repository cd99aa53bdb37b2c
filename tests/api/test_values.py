"""Values go into programs and come back the same, on all engines; what cannot be passed is told."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bend
from bend import F24, I24, NOTHING, U24, Constructor, Err, Nat, Ok, Some, Term

IDENTITY = 'def main(x): return x'
DEPTH = 8_000
ENGINES = ('direct', 'net', 'reference')


@cache
def program(text: str, engine: Any = 'direct', *options: str) -> bend.Program:
    return bend.compile(text, engine=engine, options=options)


LEAF = Constructor('Tree/Leaf', (1,))

SAME = [
    (0, '0'), (16777215, '16777215'), (I24(5), '+5'), (-8388608, '-8388608'), (1.5, '1.500'), (-0.25, '-0.250'),
    ('', '""'), ('héé\n😀', '"héé\\n😀"'), ([], '[]'), ([1, 2], '[1, 2]'), ([1.5], '[1.500]'),
    ([[1], [], [2, 3]], '[[1], [], [2, 3]]'), ((1, 2, 3), '(1, (2, 3))'), (((1, 2), 3), '((1, 2), 3)'),
    ([(1, 'a'), (2, 'b')], '[(1, "a"), (2, "b")]'), (None, '*'), (Nat(0), 'Nat/Zero'), (Nat(1), 'Nat/Succ(Nat/Zero)'),
    (Some(3), 'Maybe/Some(3)'), (NOTHING, 'Maybe/None'), (Ok('a'), 'Result/Ok("a")'), (Err([]), 'Result/Err([])'),
    (LEAF, 'Tree/Leaf(1)'), (Constructor('Tree/Node', (LEAF, LEAF)), 'Tree/Node(Tree/Leaf(1), Tree/Leaf(1))'),
    ({}, 'Map/Leaf'), ({0: 'a'}, 'Map/Node(Maybe/Some("a"), Map/Leaf, Map/Leaf)'),
]


@pytest.mark.parametrize('engine', ENGINES)
@pytest.mark.parametrize(('value', 'text'), SAME, ids=lambda value: str(value)[:20])
def test_values_come_back(value: object, text: str, engine: str) -> None:
    result = program(IDENTITY, engine).run(value)
    assert result.value == value
    assert type(result.value) in (type(value), I24)
    assert result.text == text


@pytest.mark.parametrize(('value', 'read'), [
    (True, 1), (U24(7), 7), (F24(2), 2.0), (b'ab', [97, 98]), (range(3), [0, 1, 2]), ([1, -2], [I24(1), I24(-2)]),
    ([[1], [-2]], [[1], [I24(-2)]]), ((1, (2, 3)), (1, 2, 3)), ({5: 1, 6: 2, 0: 3}, {0: 3, 5: 1, 6: 2}),
    (0.1, 0.10000038146972656),
    (bytearray(b'a'), [97]), ([True, 2], [1, 2]), ([1, 2.5], [1, 2.5]), (float('inf'), float('inf')),
])
def test_values_that_change(value: object, read: object) -> None:
    for engine in ENGINES:
        result = program(IDENTITY, engine)(value)
        assert result == read
        assert repr(result) == repr(read)


data = st.recursive(
    st.one_of(st.integers(0, 0xFFFFFF), st.integers(-0x800000, -1), st.text(max_size=4), st.none(),
              st.floats(width=16, allow_nan=False), st.integers(0, 4).map(Nat)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).filter(lambda items: not any(type(item) is int and item < 0 for item in items)),
        # A pair whose first part is `*` is also a function that does not use its argument.
        st.tuples(inner.filter(lambda item: item is not None), st.one_of(st.integers(0, 9), st.text(max_size=2))),
        st.dictionaries(st.integers(0, 0xFFFFFF), inner.filter(lambda item: type(item) is not int), max_size=3),
        inner.map(Some), inner.map(Ok)),
    max_leaves=8)


@settings(max_examples=60, deadline=None)
@given(data)
def test_random_data(value: object) -> None:
    for engine in ENGINES:
        assert program(IDENTITY, engine)(value) == value


@pytest.mark.parametrize('engine', ['direct', 'net'])
@pytest.mark.parametrize('options', [('adt-scott',), ('no-type-check',)])
def test_options(options: tuple[str, ...], engine: str) -> None:
    reverse = program('def main(xs): return List/reverse(xs)', engine, *options)
    assert reverse([1, 2, 3]) == [3, 2, 1]
    assert reverse([[1], [], 'ab'][:2]) == [[], [1]]


@pytest.mark.parametrize('engine', ENGINES)
def test_own_constructors(engine: str) -> None:
    swap = program('type Pair:\n  New { a, b }\n  Empty\n\ndef main(p):\n  match p:\n    case Pair/New:\n'
                   '      return Pair/New(p.b, p.a)\n    case Pair/Empty:\n      return p', engine)
    match swap(Constructor('Pair/New', (1, 'x'))):
        case Constructor('Pair/New', ('x', second)):
            assert second == 1
        case other:
            pytest.fail(repr(other))
    assert swap(Constructor('Pair/Empty')) == Constructor('Pair/Empty')


@pytest.mark.parametrize('engine', ENGINES)
def test_functions_are_terms(engine: str) -> None:
    value = program('def main(x): return (x, lambda y: y)', engine)(2)
    assert value == (2, Term('λa a'))
    assert str(value[1]) == 'λa a'


@pytest.mark.parametrize(('parameter', 'value', 'read'), [
    ('i24', 5, I24(5)), ('f24', 5, 5.0), ('Nat', 3, Nat(3)), ('List(i24)', [1, 2], [I24(1), I24(2)]),
    ('List(f24)', [1, 2], [1.0, 2.0]), ('Maybe(u24)', None, NOTHING), ('Maybe(i24)', Some(1), Some(I24(1))),
    ('(u24, f24, i24)', (1, (2, 3)), (1, 2.0, I24(3))), ('Map(f24)', {1: 2}, {1: 2.0}), ('Any', 5, 5), ('T', 'a', 'a'),
    ('(T, u24)', ([], 1), ([], 1)), ('(u24, T)', (1, 2, 3), (1, 2, 3)), ('Result(i24, String)', Ok(1), Ok(I24(1))),
    ('Tree(i24)', LEAF, Constructor('Tree/Leaf', (I24(1),))), ('None', None, None),
    ('List(List(i24))', [[1]], [[I24(1)]]),
])
def test_declared_types(parameter: str, value: object, read: object) -> None:
    for engine in ('direct', 'reference'):
        result = program(f'def main(x: {parameter}) -> {parameter}: return x', engine)(value)
        assert result == read
        assert repr(result) == repr(read)


WRONG = [
    ('u24', 'a', 'expected u24, got a str'), ('u24', 1.5, 'expected u24, got a float'), ('u24', I24(1), 'got an I24'),
    ('i24', U24(1), 'expected i24, got a U24'), ('f24', 'x', 'expected f24, got a str'),
    ('String', 1, 'expected String, got an int'), ('List(u24)', 'ab', 'expected List(u24), got a str'),
    ('List(u24)', (1, 2), 'expected List(u24), got a tuple'), ('List(u24)', [1, 'a'], 'expected u24, got a str'),
    ('(u24, u24)', (1, 2, 3), 'expected (u24, u24), got a tuple'), ('(u24, u24)', 1, 'got an int'),
    ('u24 -> u24', 1, 'functions cannot be passed'), ('Maybe(u24)', 1, 'expected Maybe(u24), got an int'),
    ('Maybe(u24)', Ok(1), "got the constructor 'Result/Ok'"), ('None', 0, 'expected None, got an int'),
    ('Any', object(), 'an object cannot be passed'), ('Any', Term('λa a'), 'a Term cannot be passed'),
    ('Any', {'a': 1}, 'keys of a map are u24'), ('Any', {1}, 'a set cannot be passed'), ('Any', 1j, 'complex'),
]


@pytest.mark.parametrize(('parameter', 'value', 'message'), WRONG)
def test_wrong_types(parameter: str, value: object, message: str) -> None:
    for engine in ('direct', 'reference'):
        with pytest.raises(TypeError) as caught:
            program(f'def main(x: {parameter}): return x', engine)(value)
        assert str(caught.value).startswith("argument 1 of 'main': ")
        assert message in str(caught.value)


@pytest.mark.parametrize(('value', 'message'), [
    (1 << 24, '16777216 is no u24: it must be from 0 to 16777215'), (-8388609, '-8388609 is no i24'),
    pytest.param(1 << 99999, 'an int of 100000 bits is no u24', id='large'),
    (1e40, '1e+40 is no f24: it is too large'), ([1, 1 << 24], 'no u24'), ((), 'at least two elements'),
    ((1,), 'at least two elements'), ({-1: 2}, '-1 is no u24'), ([-1, 9000000], '9000000 is no i24'),
    (Constructor('Tree/Lef', (1,)), "there is no constructor 'Tree/Lef' in the program. Did you mean 'Tree/Leaf'?"),
    (Constructor('Tree/Leaf', (1, 2)), "the constructor 'Tree/Leaf' has 1 field, not 2"),
])
def test_wrong_values(value: object, message: str) -> None:
    for engine in ENGINES:
        with pytest.raises(ValueError, match='argument 1') as caught:
            program(IDENTITY, engine)(value)
        assert message in str(caught.value)


def endless(kind: str) -> Any:
    """A value that holds itself."""
    value: Any = [1]
    inner: Any = {'list': value, 'map': {7: value}, 'tuple': (2, (3, value)), 'constructor': Some(value)}[kind]
    value.append(inner)
    return value


@pytest.mark.parametrize('kind', ['list', 'map', 'tuple', 'constructor'])
def test_values_that_hold_themselves(kind: str) -> None:
    with pytest.raises(ValueError, match='a list that holds itself has no end'):
        program(IDENTITY, 'direct')(endless(kind))


def test_one_value_may_be_in_several_places() -> None:
    part = [1, [2]]
    value = [part, (part, part), {1: part, 2: [part]}, Some(part)]
    assert program(IDENTITY, 'direct')(value) == value


def test_the_position_is_told() -> None:
    with pytest.raises(TypeError, match="argument 2 of 'start': expected u24, got a str"):
        bend.compile('def start(x: u24, y: u24) -> u24: return x + y', entrypoint='start')(1, 'a')


@pytest.mark.parametrize('engine', ['direct', 'net'])
def test_deep_values(engine: str) -> None:
    tree: Any = LEAF
    for _ in range(DEPTH):
        tree = Constructor('Tree/Node', (LEAF, tree))
    read = program(IDENTITY, engine)(tree)
    for _ in range(DEPTH):
        read = read.fields[1]
    assert read == LEAF
    assert program(IDENTITY, engine)(Nat(DEPTH)) == DEPTH
    assert program(IDENTITY, engine)(list(range(DEPTH))) == list(range(DEPTH))


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: U24(1.5), 'U24 must be an int, not 1.5'),  # type: ignore[arg-type]
    (lambda: I24('1'), "I24 must be an int, not '1'"),  # type: ignore[arg-type]
    (lambda: Nat(None), 'Nat must be an int, not None'),  # type: ignore[arg-type]
    (lambda: Constructor(5), 'the name of a constructor must be a str, not 5'),  # type: ignore[arg-type]
])
def test_values_are_not_made_of_other_types(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value) == message


def test_values_are_immutable_and_can_be_pickled() -> None:
    with pytest.raises(AttributeError):
        LEAF.name = 'x'  # type: ignore[misc]
    for value in (LEAF, Some(1), Nat(3), I24(-1), U24(1), F24(1.5), Term('λa a')):
        assert pickle.loads(pickle.dumps(value)) == value
    assert len({LEAF, Constructor('Tree/Leaf', (1,)), Some(1)}) == 2


# ---- numpy -----------------------------------------------------------------------------------


@pytest.mark.parametrize(('dtype', 'kind'), [
    ('uint8', int), ('uint32', int), ('int64', int), ('bool', int), ('float32', float), ('float64', float)])
def test_arrays(dtype: str, kind: type) -> None:
    numpy = pytest.importorskip('numpy')
    for array in (numpy.ones(3, dtype), numpy.ones((2, 3), dtype), numpy.ones((2, 1, 2), dtype), numpy.ones(0, dtype)):
        value = program(IDENTITY)(array)
        assert value == array.tolist()
        assert numpy.array_equal(numpy.array(value, dtype).reshape(array.shape), array)
    assert type(program(IDENTITY)(numpy.ones(1, dtype)[0])) is kind


def test_signed_arrays_and_types() -> None:
    numpy = pytest.importorskip('numpy')
    assert repr(program(IDENTITY)(numpy.array([[1, 2], [3, -4]]))) == '[[I24(1), I24(2)], [I24(3), I24(-4)]]'
    assert program('def main(xs: List(f24)) -> List(f24): return xs')(numpy.arange(3)) == [0.0, 1.0, 2.0]
    with pytest.raises(ValueError, match='no u24'):
        program(IDENTITY)(numpy.array([1 << 24]))
    with pytest.raises(TypeError, match='complex128'):
        program(IDENTITY)(numpy.array([1j]))
