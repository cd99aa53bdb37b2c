"""The ends of recursions, which are done by those who would call them."""

from __future__ import annotations

import pytest

from bend.codegen.direct import ir
from bend.codegen.direct.compile import analysed
from bend.codegen.states.compile import STATES_PIPELINE
from bend.deep_stack import with_deep_stack
from bend.hvm.numbers import DivisionByZero
from bend.runtime.waves.host import Device, open_run
from tests.waves.device import book_of, devices, on_device, on_threads, program_of

SUM = '''
def sum(n, x):
  switch n:
    case 0:
      return {end}
    case _:
      return sum({first}, x * 2) + sum({second}, x * 2 + 1)

def main():
  return sum(5, 1)
'''
TREE = '''
type Tree:
  Leaf { value }
  Node { ~left, ~right }

def make(n):
  if n > 2:
    return Tree/Node { left: make(n / 2), right: make(n - 1 - n / 2) }
  else:
    return Tree/Leaf { value: n }

def Tree/sum(tree):
  match tree:
    case Tree/Leaf:
      return tree.value
    case Tree/Node:
      return Tree/sum(tree.left) + Tree/sum(tree.right) * 2

def main():
  return Tree/sum(make(30))
'''
PAIRS = '''
def order(n, a, b):
  switch n:
    case 0:
      if a > b:
        return (b, a)
      else:
        return (a, b)
    case _:
      (a.l, a.r) = a
      (b.l, b.r) = b
      (l.x, l.y) = order(n-1, a.l, b.l)
      (r.x, r.y) = order(n-1, a.r, b.r)
      return ((l.x, r.x), (l.y, r.y))

def merge(n, a, b):
  both = order(n, a, b)
  switch n:
    case 0:
      return both
    case _:
      (x, y) = both
      (x.l, x.r) = x
      (y.l, y.r) = y
      return (merge(n-1, x.l, x.r), merge(n-1, y.l, y.r))

def main():
  return (merge(2, ((1, 7), (4, 2)), ((3, 8), (6, 5))), (merge(1, (9, 1), (5, 3)), merge(0, 2, 1)))
'''


def body_of(source: str, name: str) -> ir.Block:
    """A function after all passes."""
    front = with_deep_stack(lambda: analysed(book_of(source), STATES_PIPELINE, eta=True))
    return front.context.program.functions[name].body


def branch_of(block: ir.Block) -> ir.Switch:
    """The test that a block ends with."""
    assert isinstance(block.end, ir.Switch)
    return block.end


def more(block: ir.Block) -> ir.Block:
    """The arm of a branch where a number is not zero."""
    return branch_of(block).successor


def calls_in(block: ir.Block) -> set[str]:
    """What a block calls."""
    found: set[str] = set()
    for item in ir.operations_of(block):
        several = (item.first, *item.calls) if isinstance(item, ir.Fork) else (item,)
        found.update(call.function for call in several if isinstance(call, ir.Call))
    return found


def agree(source: str) -> None:
    """All devices give what native code gives."""
    expected = on_threads(book_of(source))
    program = program_of(source)
    for kind, device in devices(program).items():
        assert on_device(program, device) == expected, kind


@pytest.mark.parametrize('end', ['x', 'x * x + 3', '(x < 40) * x'])
def test_one_test_for_both_calls(end: str) -> None:
    source = SUM.format(end=end, first='n-1', second='n-1')
    body = body_of(source, 'sum')
    assert not calls_in(branch_of(more(body)).zero) and calls_in(more(more(body))) == {'sum'}
    agree(source)


def test_ends_that_call_stay() -> None:
    source = SUM.format(end='sum2(x)', first='n-1', second='n-1')
    source += 'def sum2(x):\n  if x > 5:\n    return sum2(x / 2) + 1\n  else:\n    return x\n'
    assert not isinstance(more(body_of(source, 'sum')).end, ir.Switch)
    agree(source)


def forks_and_calls(block: ir.Block) -> list[str]:
    """How each way through the branches of a block ends: in a fork, in a call or in none."""
    if isinstance(block.end, ir.Switch | ir.Match):
        return [found for arm in ir.blocks_of(block.end) for found in forks_and_calls(arm)]
    kinds = [type(item).__name__ for item in ir.operations_of(block) if isinstance(item, ir.Call | ir.Fork)]
    return [*kinds, 'none'][:1]


def test_each_call_has_a_test_of_its_own() -> None:
    source = SUM.format(end='x', first='n-1', second='(n-1) & 3')
    assert forks_and_calls(more(body_of(source, 'sum'))) == ['none', 'Call', 'Call', 'Fork']
    agree(source)


def test_branches_on_constructors() -> None:
    body = body_of(TREE, 'Tree/sum')
    assert forks_and_calls(body) == ['none', 'none', 'Call', 'Call', 'Fork']
    agree(TREE)


def test_numbers_that_stay_what_they_are() -> None:
    """A branch on constructors gives a number as it is, and what comes after it would be left out (spec 09, R5)."""
    source = TREE.replace('Tree/Leaf { value: n }', '100')
    assert forks_and_calls(body_of(source, 'Tree/sum')) == ['none', 'Fork']
    agree(source)


def test_two_results_and_several_ends() -> None:
    """Branches give two values each, and what comes after is there once."""
    last = branch_of(more(body_of(PAIRS, 'order'))).zero
    assert [binding.names for binding in last.bindings if len(binding.names) == 2
            and isinstance(binding.operation, ir.Nested)] and not calls_in(last)
    assert isinstance(last.end, ir.Returns)
    agree(PAIRS)


def test_callers_that_test_the_same() -> None:
    body = body_of(PAIRS, 'merge')
    assert not body.bindings and not calls_in(branch_of(body).zero) and calls_in(more(body)) == {'order', 'merge'}


def test_division_by_zero_at_an_end() -> None:
    program = program_of(SUM.format(end='5 / (x - 40)', first='n-1', second='n-1'))
    with open_run(program, Device(heap_bytes=1 << 20)) as run, pytest.raises(DivisionByZero):
        run.evaluate(0)
