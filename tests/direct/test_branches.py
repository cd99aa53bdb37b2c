"""Branches that are taken before the calls beside them, and calls that take the place of their caller."""

from __future__ import annotations

import pytest

from bend.codegen.direct import ir
from bend.codegen.direct.compile import PIPELINE, SERIAL, analysed
from bend.deep_stack import with_deep_stack
from bend.runtime.waves.host import Device
from tests.waves.device import book_of, on_device, on_threads, program_of

WORK = '''
def work(n):
  switch n:
    case 0:
      return {one}
    case _:
      return work(n-1) + work(n-1)
'''
SEARCH = WORK + '''
def search(n):
  switch n:
    case 0:
      return {nothing}
    case _:
      if n & 3:
        {first}
      else:
        {second}
      rest = search(n-1)
      return {both}

def main():
  return search(9)
'''


def text(first: str = 'a = {nothing}', second: str = 'a = work(n & 7)', both: str = 'a + rest',
         nothing: str = '0', one: str = '1') -> str:
    """A program that searches, with what it does in each arm."""
    parts = {'nothing': nothing, 'one': one}
    return SEARCH.format(first=first.format(**parts), second=second.format(**parts), both=both, **parts)


def search_of(source: str, pipeline: object = PIPELINE) -> ir.Block:
    """The function `search` after all passes."""
    assert isinstance(pipeline, tuple)
    front = with_deep_stack(lambda: analysed(book_of(source), pipeline, eta=True))
    return front.context.program.functions['search'].body


def inner_arms(body: ir.Block) -> tuple[ir.Block, ir.Block]:
    """The arms of the branch that ends where `search` goes on."""
    assert isinstance(body.end, ir.Switch)
    end = body.end.successor.end
    assert isinstance(end, ir.Switch)
    return end.zero, end.successor


def forks_in(block: ir.Block) -> int:
    """How many forks there are in a block."""
    return sum(isinstance(item, ir.Fork) for item in ir.operations_of(block))


def test_forks_where_there_is_something_to_do() -> None:
    """The other arm is another turn of a loop; in the one that forks, a call is no block of its own."""
    zero, successor = inner_arms(search_of(text()))
    assert isinstance(successor.end, ir.Do) and not successor.bindings
    assert forks_in(zero) == 1
    fork = next(item for item in ir.operations_of(zero) if isinstance(item, ir.Fork))
    assert isinstance(fork.first, ir.Call) and fork.first.function == 'work'
    assert [call.function for call in fork.calls] == ['search']


def test_either_arm_may_be_the_one_that_calls() -> None:
    zero, successor = inner_arms(search_of(text(first='a = work(n & 7)', second='a = n * 5')))
    assert (forks_in(zero), forks_in(successor)) == (0, 1)
    assert not isinstance(zero.end, ir.Do), 'something is added to the result'


@pytest.mark.parametrize('changed', [
    {'first': 'a = work(n & 3)'},
    {'second': 'a = n + 1'},
    {'both': 'a + ' + ' + '.join(f'(rest ^ {number}) * {number}' for number in range(2, 20))},
], ids=['both arms call', 'no arm calls', 'much comes after'])
def test_stays_where_it_is(changed: dict[str, str]) -> None:
    body = search_of(text(**changed))
    assert isinstance(body.end, ir.Switch) and not isinstance(body.end.successor.end, ir.Switch)
    assert forks_in(body) == ('second' not in changed)


def test_programs_for_one_thread_have_no_copies() -> None:
    body = search_of(text(), SERIAL)
    assert isinstance(body.end, ir.Switch) and isinstance(body.end.successor.end, ir.Return)


@pytest.mark.parametrize(('nothing', 'one', 'is_last'), [
    ('0', '1', True), ('+0', '+1', True), ('0.0', '1.0', False), ('7', '1', False),
])
def test_adds_nothing(nothing: str, one: str, is_last: bool) -> None:
    """-0.0 + 0.0 is another number than -0.0."""
    _, successor = inner_arms(search_of(text(nothing=nothing, one=one)))
    assert isinstance(successor.end, ir.Do) == is_last


@pytest.mark.parametrize(('changed', 'result'), [
    ({}, '17'),
    ({'nothing': '+0', 'one': '-3'}, '-51'),
    ({'nothing': '0.0', 'one': '-0.5'}, '-8.500'),
    ({'both': 'rest + a + a'}, '34'),
    ({'both': 'rest | a'}, '17'),
    ({'both': 'a ^ rest', 'second': 'a = work(n & 7) - work(1)'}, '16777201'),
], ids=str)
def test_results(changed: dict[str, str], result: str) -> None:
    source = text(**changed)
    assert on_threads(book_of(source)) == result
    program = program_of(source)
    assert on_device(program, Device(2, 4, heap_bytes=1 << 20, budget=3)) == result
    assert on_device(program, Device(heap_bytes=1 << 20, alone_below=0, step_below=1 << 30)) == result
