"""Devices of many shapes give the same result: no frame gets lost, however lanes suspend and give work away."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bend.runtime.waves.host import Device
from bend.runtime.waves.program import WavesProgram
from tests.waves.device import book_of, on_device, on_threads, program_of

EVEN = '''
def grow(d, i):
  switch d:
    case 0:
      return i
    case _:
      return (grow(d-1, i * 2), grow(d-1, i * 2 + 1))

def sum(d, t):
  switch d:
    case 0:
      return t % 64
    case _:
      (l, r) = t
      return sum(d-1, l) + sum(d-1, r)

def main():
  return sum(13, grow(13, 0))
'''
UNEVEN = '''
def count(n, k, limit):
  switch n:
    case 0:
      return 1
    case _:
      if k >= limit:
        return 1
      else:
        return count(n-1, k + 1, limit) + count(n-1, k * k % 7, limit)

def main():
  return count(17, 0, 6)
'''
SHAPES = [(3, 4), (8, 4), (16, 4), (16, 8), (5, 16), (4, 32)]
"""Blocks and lanes of each."""


@pytest.fixture(scope='module', params=[EVEN, UNEVEN], ids=['even', 'uneven'])
def program(request: pytest.FixtureRequest) -> tuple[WavesProgram, str]:
    """A program, and what a thread of the CPU gives."""
    return program_of(request.param), on_threads(book_of(request.param))


@pytest.mark.parametrize(('blocks', 'threads'), SHAPES)
def test_shapes(program: tuple[WavesProgram, str], blocks: int, threads: int) -> None:
    device = Device(blocks, threads, heap_bytes=64 << 20, block_capacity=256, alone_below=threads, step_below=blocks,
                    rounds_below=threads)
    compiled, expected = program
    assert on_device(compiled, device) == expected


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_devices_that_are_used_in_any_way(program: tuple[WavesProgram, str], data: st.DataObject) -> None:
    """Whatever is run step by step, by one block or by all, in rounds, and however full lists and stacks get."""
    compiled, expected = program
    blocks, threads = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    device = Device(
        blocks, threads, heap_bytes=64 << 20,
        stack_words=data.draw(st.sampled_from([2 + 2 * compiled.entry_words, 8 * compiled.entry_words, 1 << 10])),
        block_capacity=data.draw(st.sampled_from([2, 8, 64])),
        alone_below=data.draw(st.sampled_from([0, threads, 2 * threads])),
        step_below=data.draw(st.sampled_from([0, blocks, 12, 1 << 30])),
        rounds_below=data.draw(st.sampled_from([0, 1, threads])), budget=data.draw(st.sampled_from([1, 3, 16])))
    assert on_device(compiled, device) == expected
