"""Programs give the same on devices of all kinds, and what they give on native threads."""

from __future__ import annotations

from random import Random

import pytest

from bend.codegen.states.compile import compile_waves
from bend.deep_stack import with_deep_stack
from bend.runtime.waves.host import Device, open_run
from tests.direct import programs
from tests.waves.device import book_of, devices, golden, on_device, on_threads, program_of, shown
from tests.waves.device_programs import PROGRAMS

GOLDEN = (
    'agreement/a02_cyclic_lists', 'agreement/a05_stream_of_functions', 'agreement/a21_constant_used_twice',
    'bend/two_states', 'branching/match_with', 'equations/mutual_recursion', 'lambdas/church',
    'lambdas/copied_functions', 'maps/nested_get', 'monads/fun', 'operators/f24_arithmetic',
    'readback/functions_in_lists', 'readback/deep_list',
)
FEATURES = ('closures', 'shared', 'fields', 'kinds', 'functions')


@pytest.mark.parametrize('name', PROGRAMS)
def test_result(name: str) -> None:
    text, result = PROGRAMS[name]
    program = program_of(text)
    for kind, device in devices(program).items():
        assert on_device(program, device) == result, kind


@pytest.mark.parametrize('name', ['tree', 'closures', 'constants'])
def test_lanes_with_threads_of_their_own(name: str) -> None:
    text, result = PROGRAMS[name]
    program = program_of(text)
    device = Device(2, 2, heap_bytes=1 << 20, budget=3, alone_below=2, step_below=4, rounds_below=2, is_threaded=True)
    for _ in range(5):
        assert on_device(program, device) == result


@pytest.mark.parametrize('name', GOLDEN)
def test_golden_programs(name: str) -> None:
    book = golden(name)
    program = with_deep_stack(lambda: compile_waves(book, opt_level=0))
    expected = on_threads(book)
    for kind, device in devices(program).items():
        assert on_device(program, device) == expected, kind


@pytest.mark.parametrize('feature', FEATURES)
def test_random_programs(feature: str) -> None:
    text, result = programs.FEATURES[feature](Random(feature), feature)
    book = book_of(f'{text}\ndef main():\n  return {result}\n')
    program = with_deep_stack(lambda: compile_waves(book, opt_level=0))
    expected = on_threads(book)
    for kind, device in devices(program).items():
        assert on_device(program, device) == expected, kind


@pytest.mark.optimised
def test_optimised_code() -> None:
    text, result = PROGRAMS['pairs']
    program = with_deep_stack(lambda: compile_waves(book_of(text)))
    for kind, device in devices(program).items():
        assert on_device(program, device) == result, kind


def test_several_evaluations() -> None:
    """A device can be used again; constants stay."""
    text, result = PROGRAMS['constants']
    program = program_of(text)
    with open_run(program, Device(heap_bytes=1 << 20)) as run:
        for _ in range(3):
            assert shown(run, run.evaluate(0)) == result


def test_blocks_run_side_by_side() -> None:
    """Blocks with equal shares come to their ends together, so none has to give back what it has begun."""
    program = program_of('''
def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)

def main():
  return sum(12, 0)
''')
    device = Device(4, 4, heap_bytes=1 << 20, alone_below=2, step_below=4, rounds_below=4)
    with open_run(program, device) as run:
        assert shown(run, run.evaluate(0)) == str(sum(range(1 << 12)) & 0xFFFFFF)
        # The third one is for what is above the shares of blocks.
        assert run.waves[0] == 3


def test_irregular_programs() -> None:
    """Waves have to be ended where some blocks have much more to do; then lanes go from one frame to the next."""
    program = program_of(PROGRAMS['queens'][0].replace('fill(5, 5', 'fill(7, 7'))
    for blocks, threads, budget in ((3, 4, 1), (3, 8, 4), (4, 2, 1), (4, 16, 2)):
        device = Device(blocks, threads, stack_words=64, heap_bytes=1 << 24, block_capacity=16, step_below=4,
                        rounds_below=2, budget=budget)
        assert on_device(program, device) == '40'
