"""Programs that get arguments when they run give the same on the direct engine as on nets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bend
from bend import I24, Constructor, Nat, Ok, Some, compiling, driver

PROGRAMS = {
    'numbers': 'def main(a, b): return (a + b, a * b, a - b, a < b, a == b)',
    'loop': '''
def main(n): return loop(n, 0)

def loop(n, sum):
  switch n:
    case 0:
      return sum
    case _:
      return loop(n-1, sum + n)
''',
    'sort': '''
def main(xs): return sort(xs)

def sort(xs):
  match xs:
    case List/Nil:
      return List/Nil
    case List/Cons:
      return insert(xs.head, sort(xs.tail))

def insert(x, xs):
  match xs:
    case List/Nil:
      return [x]
    case List/Cons:
      if x < xs.head:
        return List/Cons(x, List/Cons(xs.head, xs.tail))
      else:
        return List/Cons(xs.head, insert(x, xs.tail))
''',
    'tree': '''
def main(xs, deep):
  return (build(deep, xs), total(build(deep, 1)))

def build(depth, value):
  if depth == 0:
    return !value
  else:
    return ![build(depth - 1, value), build(depth - 1, value)]

def total(tree):
  fold tree:
    case Tree/Node:
      return tree.left + tree.right
    case Tree/Leaf:
      return tree.value
''',
    'taken apart': 'def main(p):\n  (a, b) = p\n  return (b, a, p)',
    'copied': 'def main(x): return [x, x, (x, [x])]',
    'dropped': 'def main(x, y): return y',
    'function': 'def main(x): return lambda y: (y, x)',
    'applied': 'main x = λf (f x x)',
    'constructor': 'main = List/Cons',
    'constant': 'main = 5',
    'map': '''
def main(map, key):
  (value, map) = Map/get(map, key)
  map = Map/set(map, 7, value)
  return (value, map)
''',
    'text': 'def main(s): return String/split(s, 32)',
    'nat': '''
def main(n):
  fold n:
    case Nat/Zero:
      return 0
    case Nat/Succ:
      return n.pred + 2
''',
    'maybe': '''
def main(m):
  match m:
    case Maybe/Some:
      return m.value
    case Maybe/None:
      return "none"
''',
}

CASES: list[tuple[str, Sequence[object]]] = [
    *(('numbers', pair) for pair in [(5, 3), (I24(5), I24(-3)), (1.5, 2.5), (2, 1.5), (1.5, 2), (I24(-7), 7)]),
    ('loop', (100,)), ('loop', (0,)), ('sort', ([3, 1, 2],)), ('sort', ([2.5, -1.5, 0.25],)), ('sort', ([],)),
    ('sort', ([I24(-1), 5, -7],)), ('tree', ('ab', 3)), ('tree', ([1, (2, 3)], 1)),
    ('taken apart', ((1, 'b'),)), ('taken apart', ((1, (2, 3)),)), ('taken apart', (5,)), ('taken apart', (1.5,)),
    *(('copied', (value,)) for value in [1, -1, 1.5, 'ab', [], [1, 2], {1: 'a'}, Nat(2), Some([1]), (1, 2)]),
    ('dropped', ([1, 'a'], (2, 'b'))), ('function', (1,)), ('function', ([1, 2],)), ('function', (1, 'y')),
    ('applied', (1,)), ('applied', (1, 2)), ('constructor', (1, [])), ('constructor', (1,)), ('constant', (1,)),
    ('constant', ([1, 2], 'a')), ('map', ({1: 'a', 300: 'b'}, 300)), ('text', ('ab cd ef',)), ('text', ('',)),
    ('nat', (Nat(5),)), ('maybe', (Some((1, 'x')),)), ('maybe', (Constructor('Maybe/None'),)),
]


@cache
def program(text: str, engine: Any) -> bend.Program:
    return bend.compile(text, engine=engine)


def fresh(text: str) -> bend.Program:
    """A program that foresees its arguments: none has been passed yet. Its code is found on disk."""
    return bend.compile(text)


@pytest.mark.parametrize(('name', 'values'), CASES, ids=lambda part: str(part)[:30])
def test_results_are_those_of_nets(name: str, values: Sequence[object]) -> None:
    expected = program(PROGRAMS[name], 'reference').run(*values)
    result = fresh(PROGRAMS[name]).run(*values)
    assert result.text == expected.text
    assert repr(result.value) == repr(expected.value)
    assert result.engine == 'direct'


# ---- what is foreseen ------------------------------------------------------------------------

TOTAL = '''
def main(xs):
  fold xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + xs.tail
'''


def test_other_arguments_than_foreseen_compile_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    floats = program(TOTAL, 'reference').run([1.5, 2.25])
    compiled: list[bool] = []

    def compile_program(request: driver.Request, *rest: Any, **how: Any) -> compiling.Program:
        compiled.append(request.guesses)
        return original(request, *rest, **how)

    original = compiling.compile_program
    monkeypatch.setattr(compiling, 'compile_program', compile_program)
    total = bend.compile(TOTAL)
    assert [total([1, 2, 3]), total([]), total(range(5))] == [6, 0, 10]
    assert compiled == [True]
    assert total.run([1.5, 2.25]).text == floats.text
    assert compiled == [True, False]
    assert [total([1, 2, 3]), total.run([1.5, 2.25]).text, total([-1, 1])] == [6, floats.text, 0]
    assert compiled == [True, False]


@pytest.mark.parametrize('values', [
    (5, 5), (5, 2.5), (-5, 5), ([1], [2]), ([(1, 2)], []), ([1], [[2]]), ([Some(1)], []), ('ab', []), ((1, 2), [3]),
    (None, None), ([1, 2.5], [1]), (Nat(1), [1]),
])
def test_guesses_do_no_harm(values: tuple[object, ...]) -> None:
    """A program that uses its arguments in ways from which it is guessed what they are."""
    text = '''
def main(a, b):
  return (double(b, a), List/length(List/concat(b, [a])))

def double(xs, rest):
  match xs:
    case List/Nil:
      return [rest]
    case List/Cons:
      return List/Cons((xs.head, rest), double(xs.tail, rest))
'''
    if not isinstance(values[1], list):
        text = 'def main(a, b): return ([a, a], [b], b)'
    assert fresh(text).run(*values).text == program(text, 'reference').run(*values).text


@pytest.mark.parametrize('value', [5, 5.5, -5, (7, 8), 'text', [1], Some(2)], ids=str)
def test_wrong_shapes_are_left_to_nets(value: object) -> None:
    text = 'def main(x): return (x + 1, 2)'
    result = fresh(text).run(value)
    assert result.text == program(text, 'reference').run(value).text
    assert result.engine == ('direct' if isinstance(value, int | float) else 'net')


# ---- random data -----------------------------------------------------------------------------

def leaf(value: object) -> Constructor:
    """A tree of one leaf."""
    return Constructor('Tree/Leaf', (value,))


# All may stand in one list, where a negative one makes the others signed.
numbers = st.one_of(st.integers(-0x800000, 0x7FFFFF), st.floats(width=16, allow_nan=False))
data = st.recursive(
    st.one_of(numbers, st.text(max_size=3), st.integers(0, 3).map(Nat)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.tuples(inner, inner, inner), inner.map(Some),
        st.dictionaries(st.integers(0, 9), inner, max_size=2), inner.map(Ok),
        st.lists(inner, min_size=2, max_size=2).map(lambda parts: Constructor('Tree/Node', map(leaf, parts)))),
    max_leaves=8)


@settings(max_examples=15, deadline=None)
@given(data, data)
def test_random_data(one: object, other: object) -> None:
    """Programs that move their arguments about, copy and drop some, and take apart what they know."""
    for name, values in [('copied', (one,)), ('function', (one,)), ('dropped', (one, other)), ('maybe', (Some(one),)),
                         ('taken apart', ((one, other),)), ('tree', (one, 1)), ('applied', (other,)),
                         ('map', ({3: one, 4: other}, 3))]:
        assert fresh(PROGRAMS[name]).run(*values).text == program(PROGRAMS[name], 'reference').run(*values).text


TYPES: dict[str, st.SearchStrategy[Any]] = {
    'u24': st.integers(0, 0xFFFFFF), 'i24': st.integers(-0x800000, 0x7FFFFF),
    'f24': st.floats(width=16, allow_nan=False), 'String': st.text(max_size=3), 'Nat': st.integers(0, 3).map(Nat),
}


TYPES |= {
    'List(u24)': st.lists(TYPES['u24']), 'List(f24)': st.lists(TYPES['f24']),
    'List(List(i24))': st.lists(st.lists(TYPES['i24'])),
    'List((u24, String))': st.lists(st.tuples(TYPES['u24'], TYPES['String'])),
    '(f24, (List(u24), i24), u24)': st.tuples(
        TYPES['f24'], st.tuples(st.lists(TYPES['u24']), TYPES['i24']), TYPES['u24']),
    'Map((u24, f24))': st.dictionaries(TYPES['u24'], st.tuples(TYPES['u24'], TYPES['f24']), max_size=3),
    'Maybe(List(Maybe(f24)))': st.one_of(st.none(), st.lists(TYPES['f24'].map(Some)).map(Some)),
    'Result(u24, String)': st.one_of(TYPES['u24'].map(Ok), TYPES['String'].map(bend.Err)),
    'Tree(f24)': TYPES['f24'].map(leaf),
    'Any': data, 'List(Any)': st.lists(data, max_size=3), '(T, u24)': st.tuples(data, TYPES['u24']),
}


@pytest.mark.parametrize('types', [tuple(TYPES)[start::4] for start in range(4)], ids=str)
def test_declared_types(types: tuple[str, ...]) -> None:
    """Values of declared types, which decide how they look in memory, several in one program."""
    names = [f'x{number}' for number in range(len(types))]
    parameters = ', '.join(f'{name}: {type_}' for name, type_ in zip(names, types, strict=True))
    text = f'def main({parameters}): return ([x0, x0], ({", ".join(names)}))'
    direct, reference = fresh(text), program(text, 'reference')

    @settings(max_examples=15, deadline=None)
    @given(st.tuples(*(TYPES[type_] for type_ in types)))
    def check(values: tuple[object, ...]) -> None:
        assert direct.run(*values).text == reference.run(*values).text

    check()
