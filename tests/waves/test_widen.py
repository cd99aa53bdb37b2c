"""Forks of four calls: where there are some, what they give, and which form of the machine has them."""

from __future__ import annotations

import pytest

from bend.codegen.direct import ir
from bend.codegen.direct.compile import analysed
from bend.codegen.states.compile import EMULATION, STATES_PIPELINE, compile_states
from bend.codegen.states.layout import Machine
from bend.codegen.states.widen import FORM, widen_forks
from bend.deep_stack import with_deep_stack
from tests.waves.device import book_of, devices, on_device, on_threads, program_of

SUM = '''
def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)

def main():
  return (sum(9, 0), sum(8, 0), sum(1, 5), sum(0, 7))
'''
ZIP = '''
def grow(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return (grow(depth-1, x * 2), grow(depth-1, x * 2 + 1))

def exchange(depth, a, b):
  switch depth:
    case 0:
      return (b, a)
    case _:
      (a.l, a.r) = a
      (b.l, b.r) = b
      (lo.l, hi.l) = exchange(depth-1, a.l, b.l)
      (lo.r, hi.r) = exchange(depth-1, a.r, b.r)
      return ((lo.l, lo.r), (hi.r, hi.l))

def main():
  return exchange(5, grow(5, 0), grow(5, 100))
'''
FIB = '''
def fib(n):
  switch n:
    case 0:
      return 0
    case _:
      switch m = n-1:
        case 0:
          return 1
        case _:
          return fib(n-1) + fib(m-1)

def main():
  return fib(15)
'''
PLACES = '''
def divide(depth, x):
  switch depth:
    case 0:
      return 100 / x
    case _:
      return divide(depth-1, x) + divide(depth-1, x + 1)

def main():
  return divide(6, 1)
'''


def forks(program: ir.Program) -> dict[str, list[int]]:
    """How many calls stand side by side in the forks of functions."""
    found: dict[str, list[int]] = {}
    for name, function in program.functions.items():
        for block in ir.blocks_within(function.body):
            for item in block.bindings:
                if isinstance(item.operation, ir.Fork):
                    found.setdefault(name, []).append(1 + len(item.operation.calls))
    return found


def program_with(text: str, widened: bool) -> ir.Program:
    """A program after all passes."""
    steps = tuple(step for step in STATES_PIPELINE if widened or step is not widen_forks)
    return with_deep_stack(lambda: analysed(book_of(text), steps, eta=True)).context.program


def most_calls(machine: Machine) -> int:
    """The calls of the largest fork of a machine."""
    return max(len(item.calls) for item in machine.waiting.values())


def test_calls_of_one_value() -> None:
    """There is one fork of four calls in place of the one of two."""
    assert forks(program_with(SUM, False))['sum'] == [2]
    widened = program_with(SUM, True)
    assert forks(widened)['sum'] == [4]
    assert FORM not in widened.functions


def test_calls_of_two_values() -> None:
    """There are both forks, and the form of the machine decides."""
    assert forks(program_with(ZIP, False))['exchange'] == [2]
    widened = program_with(ZIP, True)
    assert sorted(forks(widened)['exchange']) == [2, 4]
    assert FORM in widened.functions
    compiled = with_deep_stack(lambda: compile_states(book_of(ZIP), (EMULATION,)))
    assert most_calls(compiled.machine) == 4


def test_other_recursions_stay() -> None:
    """Calls that test different numbers are not looked into any further."""
    assert forks(program_with(FIB, True)) == forks(program_with(FIB, False))


@pytest.mark.parametrize('text', [SUM, ZIP, FIB, PLACES])
def test_same_results(text: str) -> None:
    expected = on_threads(book_of(text))
    program = program_of(text)
    for device in devices(program).values():
        assert on_device(program, device) == expected
