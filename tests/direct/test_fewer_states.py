"""Recursions that lead through small functions, and cells that only one arm of a branch needs."""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.compile import PIPELINE, analysed
from bend.codegen.direct.inline import references_of
from bend.deep_stack import with_deep_stack
from bend.runtime.waves.host import Device
from tests.waves.device import book_of, on_device, on_threads, program_of

THROUGH = '''
def row(rows, n, placed):
  switch rows:
    case 0:
      return 1
    case _:
      return columns(n, rows-1, n, placed)

def columns(count, rows, n, placed):
  switch count:
    case 0:
      return 0
    case _:
      return row(rows, n, List/Cons(count, placed)) + columns(count-1, rows, n, placed)

def main():
  return row(3, 4, [])
'''
SUNK = '''
def pick(n, list):
  longer = List/Cons(n, list)
  switch n:
    case 0:
      return {zero}
    case _:
      return pick(n-1, longer)

def main():
  return pick(3, [])
'''


def functions_of(source: str) -> dict[str, ir.Function]:
    """The functions of a program after all passes."""
    return dict(with_deep_stack(lambda: analysed(book_of(source), PIPELINE, eta=True)).context.program.functions)


def agree(source: str, result: str) -> None:
    """Both forms of a program give a result."""
    assert on_threads(book_of(source)) == result
    assert on_device(program_of(source), Device(2, 4, heap_bytes=1 << 20, budget=3, step_below=2)) == result


def test_recursion_through_a_small_function() -> None:
    functions = functions_of(THROUGH)
    assert set(functions) == {'main', 'columns'}
    assert set(references_of(functions['columns'].body)) == {'columns'}
    agree(THROUGH, '64')


def test_cells_are_made_where_they_are_needed() -> None:
    body = functions_of(SUNK.format(zero='list'))['pick'].body
    assert not body.bindings and isinstance(body.end, ir.Switch)
    assert not body.end.zero.bindings
    assert [type(binding.operation) for binding in body.end.successor.bindings] == [ir.Construct]
    agree(SUNK.format(zero='list'), '[1, 2, 3]')


def test_cells_that_several_arms_need_stay() -> None:
    body = functions_of(SUNK.format(zero='longer'))['pick'].body
    assert [type(binding.operation) for binding in body.bindings] == [ir.Construct]
    agree(SUNK.format(zero='longer'), '[0, 1, 2, 3]')
