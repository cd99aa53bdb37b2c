"""A long test: random programs through the reducer and the native engine at 1, 2 and 8 threads, and many runs in one
process through the Python API.

    python -m tests.bench.soak [--books 8000] [--programs 2000] [--runs 1000] [--seed 0]

Books of nets are drawn as in `tests.native.test_agreement`, and programs of Bend as in `tests.native.test_terms` (every
fourth with wrong types in it). All are so small that the reducer ends them, and made by seeds, so that a run can be
repeated. What costs time is compiling: a batch of them is one compile unit, without optimisation. Books are native code
altogether (60 ms each); of the programs, which have about eighty definitions (2 s), every tenth is, and the others are
instantiated from tables by the same kernel. Each native run has a memory limit.

What differs is printed, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

import bend
from bend.codegen.nets import compile_program
from bend.diagnostics import BendError
from bend.hvm import net
from bend.hvm.compare import same_tree
from bend.hvm.text import print_book
from bend.runtime import cpu
from bend.runtime.cache import Cache
from tests.hvm.strategies import books, layered_books
from tests.native.programs import WILD, program
from tests.native.test_agreement import reference_result, renamed
from tests.native.test_terms import THREADS, Sample, assert_same, sample

BATCH = 100
NATIVE = 10
MEMORY = 256 << 20
FAILURES = (AssertionError, BendError, cpu.OutOfMemory, cpu.DivisionByZero)
PAGE = resource.getpagesize()


@dataclass
class Tally:
    """What a soak has seen."""

    made: int = 0
    refused: int = 0
    endless: int = 0
    compared: int = 0
    interactions: int = 0
    differences: list[str] = field(default_factory=list)

    def differs(self, problem: Exception, text: str) -> None:
        """Notes what went wrong with a program."""
        self.differences.append(f'{type(problem).__name__}: {problem}\n{text}')
        print(self.differences[-1], file=sys.stderr)

    def agrees(self, interactions: int) -> None:
        """Notes a program that was compared."""
        self.compared += 1
        self.interactions += interactions


def soak(kind: str, count: int, first_seed: int, run_batch: Callable[[range, Tally], None]) -> bool:
    """Compares so many programs of a kind, made by the seeds from the first on; gives whether all agree."""
    start = time.perf_counter()
    tally = Tally()
    for first in range(first_seed, first_seed + count, BATCH):
        run_batch(range(first, min(first + BATCH, first_seed + count)), tally)
        print(f'{kind}: {tally.made} made, {tally.refused} refused, {tally.endless} too long for the reducer, '
              f'{tally.compared} compared, {tally.interactions} interactions, {len(tally.differences)} differences, '
              f'{time.perf_counter() - start:.0f} s, resident {resident() >> 20} MB', flush=True)
    return not tally.differences


# ---- books of nets ---------------------------------------------------------------------------


def compare_books(seeds: range, tally: Tally) -> None:
    """Draws books, half of them with recursion, builds them as one, and runs each with all numbers of threads."""
    drawn = [*draw(layered_books(), len(seeds) - len(seeds) // 2, seeds[0]),
             *draw(books(), len(seeds) // 2, seeds[0])]
    tally.made += len(drawn)
    expected = {f'b{index}.': (book, result) for index, book in enumerate(drawn)
                if (result := reference_result(book)) is not None}
    tally.endless += len(drawn) - len(expected)
    artifact = together({prefix: book for prefix, (book, _) in expected.items()}, frozenset())
    for prefix, (book, result) in expected.items():
        try:
            for threads in THREADS:
                native = cpu.run(artifact, threads, MEMORY, entry=f'{prefix}main')
                given_net = renamed(native.net, lambda name, prefix=prefix: name.removeprefix(prefix))
                assert same_tree(given_net.root, result.net.root), f'{threads} threads'
                assert native.interactions == result.interactions, f'{threads} threads'
        except FAILURES as problem:
            tally.differs(problem, print_book(book))
        tally.agrees(result.interactions)


def draw(strategy: SearchStrategy[net.Book], count: int, first_seed: int) -> list[net.Book]:
    """Books of a strategy, the same for the same seed. The strategy may have fewer to give."""
    found: list[net.Book] = []

    @seed(first_seed)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck),
              phases=(Phase.generate,))
    @given(strategy)
    def collect(book: net.Book) -> None:
        found.append(book)

    collect()
    return found


def together(samples: Mapping[str, net.Book], tables: frozenset[str]) -> cpu.NetProgram:
    """Several books as one, with a prefix for the names of each. Those of `tables` get no code."""
    definitions: dict[str, net.Net] = {'main': net.Net(net.Era())}
    data: set[str] = set()
    for prefix, book in samples.items():
        own = {prefix + name: renamed(body, prefix.__add__) for name, body in book.defs.items()}
        definitions.update(own)
        if prefix in tables:
            data |= own.keys()
    return compile_program(net.Book(definitions), 0, data=frozenset(data))


# ---- programs of Bend ------------------------------------------------------------------------


def compare_programs(seeds: range, tally: Tally, files: Cache) -> None:
    """The same for programs, whose results are printed as well."""
    samples = {f'p{number}.': found for number in seeds if (found := compiled(number, tally, files)) is not None}
    tables = frozenset(prefix for prefix in samples if int(prefix[1:-1]) % NATIVE)
    artifact = together({prefix: item.nets for prefix, item in samples.items()}, tables)
    for prefix, item in samples.items():
        try:
            for threads in THREADS:
                assert_same(artifact, item, prefix, threads)
        except FAILURES as problem:
            tally.differs(problem, item.text)
        assert item.expected is not None
        tally.agrees(item.expected.interactions)


def compiled(number: int, tally: Tally, files: Cache) -> Sample | None:
    """The program of a seed, if the compiler takes it and the reducer ends it."""
    tally.made += 1
    text = program(Random(number), 0 if number % 4 else WILD)
    try:
        found = sample(text, files)
    except BendError:
        tally.refused += 1
        return None
    if found.expected is None:
        tally.endless += 1
        return None
    return found


# ---- the Python API --------------------------------------------------------------------------


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * PAGE


HOT = '''
def main(xs, depth):
  (length, xs) = List/length(xs)
  return (sum(xs), length, tree(depth))

def sum(xs):
  fold xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + xs.tail

def tree(depth):
  switch depth:
    case 0:
      return ![!1, !2]
    case _:
      return ![tree(depth-1), tree(depth-1)]
'''
"""A program with work, arguments and a result worth the name."""


def growth(runs: int, warm_up: int = 50) -> tuple[int, int]:
    """The resident bytes after some runs of `HOT` through the Python API, and what many more add to them."""
    called = bend.compile(HOT)
    numbers = list(range(500))
    first = 0
    for number in range(warm_up + runs):
        if number == warm_up:
            first = resident()
        result = called(numbers, 7, threads=1 + number % 3, memory=1 << 28)
        assert result[:2] == (sum(numbers), len(numbers))
    return first, resident() - first


def main() -> None:
    """Runs all parts, and prints what they found."""
    parser = argparse.ArgumentParser(description='Random programs, and many runs.')
    parser.add_argument('--books', type=int, default=8000)
    parser.add_argument('--programs', type=int, default=2000)
    parser.add_argument('--runs', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=0)
    chosen = parser.parse_args()
    # Otherwise programs of this size would hardly ever be run by more than one.
    cpu.ALLOWANCE = 0
    agree = soak('books', chosen.books, chosen.seed, compare_books)
    with tempfile.TemporaryDirectory() as folder:
        files = Cache(Path(folder))
        agree &= soak('programs', chosen.programs, chosen.seed,
                      lambda seeds, tally: compare_programs(seeds, tally, files))
    if chosen.runs:
        first, added = growth(chosen.runs)
        print(f'{chosen.runs} runs through the Python API: resident {first >> 10} KB, {added >> 10} KB more at the end')
    sys.exit(not agree)


if __name__ == '__main__':
    main()
