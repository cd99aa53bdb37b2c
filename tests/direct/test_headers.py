"""A cell that is used again has the header of what it holds now, and keeps it where it is used for the same shape."""

from __future__ import annotations

import pytest

import bend
from bend.codegen import lir
from bend.codegen.direct.compile import lower_direct
from bend.codegen.lir_walk import blocks_of
from bend.deep_stack import with_deep_stack
from tests.waves.device import book_of

TYPES = '''
type T:
  Left { a, b }
  Right { a, b }
  Wide { a, b, c }

'''
SAME = TYPES + '''
def turn(t):
  match t:
    case T/Left:
      return T/Left(t.b, t.a)
    case T/Right:
      return T/Right(t.b, t.a)
    case T/Wide:
      return T/Wide(t.b, t.c, t.a)
'''
OTHER = TYPES + '''
def turn(t):
  match t:
    case T/Left:
      return T/Right(t.b, t.a)
    case T/Right:
      return T/Left(t.b, t.a)
    case T/Wide:
      return T/Wide(t.b, t.c, t.a)
'''
MAIN = '''
def turns(n, t):
  switch n:
    case 0:
      return t
    case _:
      return turns(n-1, turn(t))

def main(n):
  return turns(n, {})
'''


def header_stores(block: lir.Block, is_inside: bool = False) -> list[bool]:
    """For each store of a constant header, whether it is inside of a test that leads to a new cell."""
    found = []
    for statement in block:
        match statement:
            case lir.Store(_, lir.Const()):
                found.append(is_inside)
            case lir.If(_, then, otherwise):
                makes = any(isinstance(item, lir.Assign) and isinstance(item.value, lir.Call)
                            and item.value.function.startswith('allocate') for item in then)
                found += header_stores(then, makes) + header_stores(otherwise, is_inside)
            case _:
                for inner in blocks_of(statement):
                    found += header_stores(inner, is_inside)
    return found


def turn_of(text: str) -> lir.Function:
    every = '(turns(9, T/Left([1], [2])), turns(9, T/Right([1], [2])), turns(9, T/Wide([1], [2], [3])))'
    program = text + MAIN.replace('main(n)', 'main()').replace('turns(n, {})', every)
    functions = with_deep_stack(lambda: lower_direct(book_of(program))).module.functions
    return next(item for item in functions if item.name.startswith('f.turns'))


def test_only_new_cells_of_a_shape_get_a_header() -> None:
    assert header_stores(turn_of(SAME).body) == [True] * 3


def test_other_shapes_get_theirs() -> None:
    assert sorted(header_stores(turn_of(OTHER).body)) == [False, False, True]


@pytest.mark.parametrize('count', [0, 1, 2, 5])
@pytest.mark.parametrize('value', ['T/Left(1, 2)', 'T/Right([1], T/Left(3, 4))', 'T/Wide(1, 2, 3)'])
@pytest.mark.parametrize('text', [SAME, OTHER])
def test_what_is_turned(text: str, value: str, count: int) -> None:
    program = text + MAIN.format(value)
    shared = text + MAIN.format(value).replace('def main(n):\n  return ', 'def main(n):\n  t = ') \
        .replace(f'turns(n, {value})', value) + '  return (turns(n, t), t, turns(n, t))\n'
    for whole in (program, shared):
        assert bend.compile(whole, engine='direct')(count) == bend.compile(whole, engine='net')(count)
