"""Workers that are stopped at any point, as they are where there are more of them than cores, change nothing; and those
that have nothing to do take nothing."""

from __future__ import annotations

import time

import pytest

from bend import compiling, driver
from bend.hvm.compare import same_tree
from bend.options import RUN_SEVERITIES
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.source import Source

RUNS = 40

TREES = """
type Bush:
  Node { value, ~left, ~right }
  Tip

def grow(depth, seed):
  switch depth:
    case 0:
      return Bush/Tip
    case _:
      return Bush/Node(seed, grow(depth-1, seed * 2), grow(depth-1, seed * 2 + 1))

def total(bush):
  fold bush:
    case Bush/Node:
      return (bush.left * 3 + bush.right * 5) ^ bush.value
    case Bush/Tip:
      return 1

def main():
  return total(grow(12, 1))
"""

LISTS = """
def halve(xs, left, right):
  match xs:
    case List/Nil:
      return (left, right)
    case List/Cons:
      return halve(xs.tail, List/Cons(xs.head, right), left)

merge [] ys = ys
merge xs [] = xs
merge (List/Cons x xs) (List/Cons y ys) =
  if (< x y) { (List/Cons x (merge xs (List/Cons y ys))) } else { (List/Cons y (merge (List/Cons x xs) ys)) }

sort [] = []
sort [x] = [x]
sort xs = let (l, r) = (halve xs [] []); (merge (sort l) (sort r))

def main():
  bend i = 0:
    when i < 200:
      xs = List/Cons((i * 7919) % 1009, fork(i + 1))
    else:
      xs = List/Nil
  return sort(xs)
"""


STREAMS = """
def numbers(n, seed):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(seed % 4096, numbers(n-1, seed * 16598013 + 12820163))

def split(pivot, xs, below, rest):
  match xs:
    case List/Nil:
      return (below, rest)
    case List/Cons:
      if xs.head < pivot:
        return split(pivot, xs.tail, List/Cons(xs.head, below), rest)
      else:
        return split(pivot, xs.tail, below, List/Cons(xs.head, rest))

def sort(xs):
  match xs:
    case List/Nil:
      return []
    case List/Cons:
      (below, rest) = split(xs.head, xs.tail, [], [])
      return List/concat(sort(below), List/Cons(xs.head, sort(rest)))

def doubled(xs):
  match xs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(xs.head * 2, doubled(xs.tail))

def weighed(xs, weight):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return (xs.head * weight) ^ (weighed(xs.tail, weight + 2) * 3)

def main():
  return weighed(doubled(sort(doubled(numbers(2000, 1)))), 1)
"""


LOOP = """
def loop(n, x):
  switch n:
    case 0:
      return x
    case _:
      return loop(n-1, (x * 31 + n) ^ 7)

def main():
  return loop(16000000, 1)
"""


def compiled(text: str) -> cpu.NetProgram:
    """A program, ready to run."""
    request = driver.Request(Source('program.bend', text), severities=RUN_SEVERITIES, is_run=True)
    program = compiling.compile_program(request, 'net', PassManager(request.options), Cache.of_user())
    assert isinstance(program.artifact, cpu.NetProgram)
    return program.artifact


def cpu_seconds(program: cpu.NetProgram, threads: int) -> float:
    """What a run takes of all processors together, at best."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        cpu.run(program, threads)
        taken.append(time.process_time() - start)
    return min(taken)


def test_threads_without_tasks_sleep() -> None:
    """A program that is one task takes as much of the processors with many threads as with one."""
    program = compiled(LOOP)
    assert cpu_seconds(program, 8) < 1.5 * cpu_seconds(program, 1) + 0.1


@pytest.mark.parametrize('text, runs', [(TREES, RUNS), (LISTS, RUNS), (STREAMS, RUNS // 10)],
                         ids=['trees', 'lists', 'streams'])
def test_many_runs_on_many_threads(text: str, runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads take part from the beginning, so that they have something to do in small programs."""
    monkeypatch.setattr(cpu, 'ALLOWANCE', 0)
    program = compiled(text)
    first = cpu.run(program, 1)
    for _ in range(runs):
        for threads in (2, 3, 4, 8):
            again = cpu.run(program, threads, 1 << 30)
            assert again.interactions == first.interactions, threads
            assert same_tree(again.net.root, first.net.root), threads


def test_small_programs_are_run_by_one_thread() -> None:
    """Nobody else takes part before there has been something to do for long enough."""
    result = cpu.run(compiled('def main():\n  return List/length([1, 2, 3])'), 8)
    assert [worker.messages for worker in result.workers] == [0] * 8
    assert result.interactions == result.workers[0].interactions


@pytest.mark.parametrize('threads', [2, 8])
def test_streams_are_not_exchanged(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that would exchange a list element by element leave it to one of them."""
    monkeypatch.setattr(cpu, 'ALLOWANCE', 0)
    result = cpu.run(compiled(STREAMS), threads)
    assert sum(worker.messages for worker in result.workers) < result.interactions // 16
