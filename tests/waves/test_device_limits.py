"""How runs on a device end before their time, and what they need."""

from __future__ import annotations

import pytest

from bend.hvm.numbers import DivisionByZero
from bend.runtime.direct.host import WrongShape
from bend.runtime.region import OutOfMemory
from bend.runtime.waves.host import Device, open_run
from tests.waves.device import bytes_in_use, devices, on_device, program_of
from tests.waves.device_programs import PROGRAMS

FAILING = '''
def go(n):
  switch n:
    case 0:
      return {}
    case _:
      return go(n-1) + go(n-1)

def main():
  return go(6)
'''


@pytest.mark.parametrize('is_threaded', [False, True])
@pytest.mark.parametrize(('expression', 'problem'), [('1 / (n & 0)', DivisionByZero), ('(1, 2) + 1', WrongShape)])
def test_stops(expression: str, problem: type[Exception], is_threaded: bool) -> None:
    """All lanes end when one does."""
    program = program_of(FAILING.format(expression.replace('n', '0')))
    for step_below in (0, 8, 1 << 30):
        device = Device(2, 2, heap_bytes=1 << 20, step_below=step_below, is_threaded=is_threaded)
        with open_run(program, device) as run:
            with pytest.raises(problem):
                run.evaluate(0)
            with pytest.raises(problem):
                run.evaluate(0)


@pytest.mark.parametrize('is_threaded', [False, True])
def test_out_of_memory(is_threaded: bool) -> None:
    """Whatever there is not enough of: cells, frames, or places for ready frames."""
    program = program_of(PROGRAMS['tree'][0])
    ended = set()
    for heap in (256, 512, 1024, 4096, 16384):
        for step_below in (0, 1 << 30):
            device = Device(2, 2, heap_bytes=heap, step_below=step_below, is_threaded=is_threaded)
            with open_run(program, device) as run:
                try:
                    assert run.evaluate(0) & 7 == 1
                    ended.add((heap, step_below))
                except OutOfMemory as problem:
                    assert problem.limit == heap >= problem.peak > 0
    assert (16384, 0) in ended and not any(heap < 1024 for heap, _ in ended)
    device = Device(2, 2, capacity=4, step_below=1 << 30, is_threaded=is_threaded)
    with open_run(program, device) as run, pytest.raises(OutOfMemory):
        run.evaluate(0)


def test_deep_recursion_needs_no_stack() -> None:
    """What does not fit on the stack of a lane goes to the heap."""
    text, result = PROGRAMS['deep list']
    program = program_of(text)
    assert on_device(program, Device(stack_words=64, heap_bytes=1 << 20)) == result
    with open_run(program, Device(stack_words=64, heap_bytes=1 << 16)) as run, pytest.raises(OutOfMemory):
        run.evaluate(0)


def test_cells_are_used_again() -> None:
    """A program that makes and drops lists all the time needs little memory, on any number of lanes."""
    program = program_of('''
def main():
  return rounds(40)

def rounds(n):
  switch n:
    case 0:
      return 0
    case _:
      return rounds(n-1) + work(5)

def work(depth):
  switch depth:
    case 0:
      return sum([1, 2, 3])
    case _:
      return work(depth-1) + work(depth-1)

def sum(list):
  match list:
    case List/Nil:
      return 0
    case List/Cons:
      return list.head + sum(list.tail)
''')
    for kind, device in devices(program).items():
        with open_run(program, device) as run:
            run.evaluate(0)
            # 1280 lists are 184 kB.
            assert run.peak_bytes < 64 << 10, kind


@pytest.mark.parametrize(('name', 'result_bytes'), [('tree', 0), ('queens', 0), ('deep list', 0), ('pairs', 15 * 24)])
def test_all_is_free_in_the_end(name: str, result_bytes: int) -> None:
    """Of cells and frames only the result is left, and rests of memory that are too small for a cell."""
    program = program_of(PROGRAMS[name][0])
    threaded = Device(2, 2, heap_bytes=1 << 20, budget=3, alone_below=2, step_below=4, rounds_below=2, is_threaded=True)
    for kind, device in {**devices(program), 'threads': threaded}.items():
        with open_run(program, device) as run:
            for times in range(1, 3):
                run.evaluate(0)
                assert 0 <= bytes_in_use(run) - times * result_bytes < 256, kind


def test_overflows_are_counted() -> None:
    program = program_of(FAILING.format('16777215 + 1'), check_overflow=True)
    for kind, device in devices(program).items():
        with open_run(program, device) as run:
            run.evaluate(0)
            assert sum(run.overflows().values()) == 64, kind
