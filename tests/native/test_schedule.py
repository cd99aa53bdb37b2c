"""Workers that are stopped at any point, as they are where there are more of them than cores, change nothing."""

from __future__ import annotations

import pytest

from bend import driver
from bend.hvm.compare import same_tree
from bend.options import RUN_SEVERITIES
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.source import Source

RUNS = 200

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


@pytest.mark.parametrize('text', [TREES, LISTS], ids=['trees', 'lists'])
def test_many_runs_on_many_threads(text: str) -> None:
    request = driver.Request(Source('program.bend', text), severities=RUN_SEVERITIES, is_run=True)
    program = driver.compile_program(request, 'net', PassManager(request.options), Cache.of_user())
    first = cpu.run(program.artifact, 1)
    for _ in range(RUNS):
        for threads in (2, 3, 4, 8):
            again = cpu.run(program.artifact, threads, 1 << 30)
            assert again.interactions == first.interactions, threads
            assert same_tree(again.net.root, first.net.root), threads
