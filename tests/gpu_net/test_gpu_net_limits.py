"""Nets on an emulated GPU: how work spreads, how memory is used again, and how runs end that cannot go on."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import cast

import pytest

from bend.driver import Request as SourceRequest
from bend.driver import compile_source
from bend.hvm import net
from bend.hvm.numbers import U24, DivisionByZero, make_word
from bend.hvm.reduce import reduce
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.records import replace
from bend.running import Overflows
from bend.runtime.cache import Cache
from bend.runtime.gpu import GpuFailure, Grid, Request
from bend.runtime.gpu_net import MOST_TAKEN, GpuResult, Layout, LinkedProgram, Tuning, grid_with_states
from bend.runtime.image import Image
from bend.runtime.region import WORD, OutOfMemory
from bend.source import Source
from tests.gpu.emulation import DEVICE
from tests.gpu_net.device import TurnsKernel, link_for_cpu, with_device
from tests.native.test_overflow import MANY, counted
from tests.native.test_overflow import book as parsed

PROGRAMS = f"""
def tree(depth):
  switch depth:
    case 0:
      return 1
    case _:
      return tree(depth-1) + tree(depth-1)

def leaf(n):
  switch n:
    case 0:
      return 0
    case _:
      return 1

def comb(n):
  switch n:
    case 0:
      return 0
    case _:
      return leaf(n) + (comb(n-1) + leaf(n))

def upto(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n, upto(n-1))

def sum(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + sum(xs.tail)

def again(n):
  switch n:
    case 0:
      return 7
    case _:
      return again(n-1 + (sum(upto(20)) & 0))

def grow(n):
  return (n, grow(n + 1))

def turn(n):
  return turn(n + 1)

def half(n):
  return 12 / n

def count(n):
  switch n:
    case 0:
      return 5
    case _:
      return count(n-1)

def counts():
  return count(4000)

def grows():
  return grow(0)

def trees():
  return tree(10)

def combs():
  return comb(1500)

def agains():
  return again(150)

def literal():
  return sum([{', '.join(map(str, range(150)))}])

def main():
  return (trees, combs, agains, literal, counts, grows, turn, half)
"""


@cache
def programs() -> net.Book:
    """The nets of the programs."""
    request = SourceRequest(Source('programs.bend', PROGRAMS), Options(), RUN_SEVERITIES, is_run=True)
    found = compile_source(request, PassManager(request.options), Cache.of_user()).final_nets
    assert found is not None
    return found


@pytest.fixture(scope='module')
def linked() -> LinkedProgram:
    """The programs on a device."""
    return link_for_cpu(programs())


def number_of(result: GpuResult) -> int:
    """The number that a run gave."""
    root = result.result.net.root
    assert isinstance(root, net.Num)
    return root.word >> 5


def heap_of(linked: LinkedProgram, words: int) -> LinkedProgram:
    """The same with so many words for the net."""
    layout = Layout(linked.program, linked.module, linked.grid, linked.tuning)
    return with_device(linked, memory=layout.heap + words * WORD)


def lane_field(linked: LinkedProgram, lane: int, name: str) -> int:
    """What a lane had in a field when the last run was over."""
    return cast(TurnsKernel, linked.kernel).lane_field(lane, name)


@pytest.mark.parametrize(('memory', 'threads'), [(232448, 256), (101376, 160), (65536, 96)])
def test_blocks_have_as_many_threads_as_have_room(memory: int, threads: int) -> None:
    """For their states, in shared memory: on devices of compute capability 9.0, 8.6 and 7.5."""
    device = replace(DEVICE, shared_memory=memory, threads_per_block=1024)
    grid = grid_with_states(Request(), device, lambda threads, size: memory // size, 584)
    assert grid == Grid(memory // grid.shared_memory, threads, 16 + threads * 584)
    with pytest.raises(GpuFailure) as caught:
        grid_with_states(Request(threads=1024), device, lambda threads, size: memory // size, 584)
    assert caught.value.hint == f'`--threads-per-block` takes up to {(memory - 16) // 584 // 32 * 32} here.'


def test_work_spreads_over_the_device(linked: LinkedProgram) -> None:
    device = with_device(linked, grid=Grid(4, 8, 16))
    result = device.run('trees')
    assert number_of(result) == 1024
    assert result.lanes == 32
    # In a turn, a lane runs 2 * 8 tasks at most, and fewer when others have none.
    assert result.tasks / result.turns > 16 * result.lanes / 3
    assert all(lane_field(device, lane, 'calls') > result.tasks // 320 for lane in range(32))


def test_one_task_after_the_other_takes_few_turns(linked: LinkedProgram) -> None:
    """Where there is nothing to give, lanes look around less and less."""
    device = with_device(linked, tuning=Tuning(least=1, most=512, rounds=2))
    result = device.run('counts')
    assert number_of(result) == 5
    assert result.turns < result.tasks / 128


def test_a_full_bag_gets_more_room_from_the_heap(linked: LinkedProgram) -> None:
    device = with_device(linked, grid=Grid(1, 1, 16))
    result = device.run('combs')
    assert number_of(result) == 3000
    # In the end no task is left, and all places are free, also those of the heap.
    assert lane_field(device, 0, 'tasks') == 0
    assert lane_field(device, 0, 'classes') == 0
    assert lane_field(device, 0, 'room_count') > MOST_TAKEN


@pytest.mark.parametrize('grid', [Grid(1, 1, 16), Grid(2, 4, 16)], ids=str)
def test_memory_is_used_again(linked: LinkedProgram, grid: Grid) -> None:
    """A run allocates many times as many cells as there are."""
    device = heap_of(with_device(linked, grid=grid), 6000)
    result = device.run('agains')
    assert number_of(result) == 7
    assert result.result.interactions > 6 * 6000
    assert result.result.peak_bytes <= device.buffer.size


def test_magazines_go_from_block_to_block(linked: LinkedProgram) -> None:
    """Lanes that free more than they need leave it to the block, and blocks to the device."""
    device = heap_of(with_device(linked, grid=Grid(2, 4, 16), tuning=Tuning(1, 8, 2, 4, 0, 2)), 12000)
    assert number_of(device.run('agains')) == 7


@pytest.mark.parametrize('words', [40, 300, 20000])
@pytest.mark.parametrize('grid', [Grid(1, 1, 16), Grid(2, 8, 16)], ids=str)
def test_running_out_of_memory(linked: LinkedProgram, grid: Grid, words: int) -> None:
    device = heap_of(with_device(linked, grid=grid), words)
    with pytest.raises(OutOfMemory) as caught:
        device.run('grows')
    assert caught.value.limit == device.buffer.size
    assert caught.value.limit - 4000 * WORD < caught.value.peak <= caught.value.limit


@pytest.mark.parametrize('entry', ['combs', 'trees', 'agains'])
def test_with_any_memory_runs_are_right_or_end(linked: LinkedProgram, entry: str) -> None:
    """Also where some lanes lack memory for tasks that others run instead."""
    usual = linked.run(entry).result
    ended, went_well = 0, 0
    for words in range(8, 20000, 571):
        try:
            found = heap_of(linked, words).run(entry).result
        except OutOfMemory:
            ended += 1
            continue
        went_well += 1
        assert (found.net, found.by_rule) == (usual.net, usual.by_rule)
    assert ended > 0
    assert went_well > 0


def one_number(linked: LinkedProgram) -> tuple[Image, list[int]]:
    """An argument."""
    image = Image({name: number for number, name in enumerate(linked.program.names)})
    return image, [image.number(make_word(0, U24))]


def test_arguments_and_large_definitions(linked: LinkedProgram) -> None:
    image = Image({name: number for number, name in enumerate(linked.program.names)})
    assert number_of(linked.run('half', (image, [image.number(make_word(3, U24))]))) == 4
    assert number_of(linked.run('literal')) == sum(range(150))


def test_a_division_by_zero_tells_its_place(linked: LinkedProgram) -> None:
    with pytest.raises(DivisionByZero) as caught:
        linked.run('half', one_number(linked))
    assert caught.value.place is not None
    assert caught.value.place.function == 'half'


def test_an_interrupt_ends_the_launch() -> None:
    device = link_for_cpu(programs(), threaded=True)
    seen = []

    def interrupt(tasks: int) -> None:
        seen.append(tasks)
        if tasks > 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.run('turn', one_number(device), watch=interrupt)
    assert seen[-1] > 200


def test_overflows_are_counted() -> None:
    book = parsed(MANY)
    device = link_for_cpu(book, check_overflow=True)
    overflows: Overflows = Counter()
    result = device.run(overflows=overflows)
    assert overflows == counted(book, 'reference')
    assert result.result.by_rule == reduce(book).by_rule


def test_counts_are_the_same_where_rules_are_not_kept_apart(linked: LinkedProgram) -> None:
    device = link_for_cpu(programs(), by_rule=False)
    mixed = device.run('literal').result
    apart = linked.run('literal').result
    assert mixed.by_rule == {}
    assert mixed.interactions == apart.interactions == sum(apart.by_rule.values())
