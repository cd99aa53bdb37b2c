"""What arguments from Python cost: compiling, evaluating, and whole calls, on both engines, with declared types and
without. "Any argument" is the code that a program has after it met one that was not foreseen.

    python -m tests.bench.arguments [--runs 5]

Each figure is the least of some runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import bend
from bend.engines import Engine

FIB = '''
def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)

def main({}): return fib(n)
'''
SUM = '''
def main({}):
  fold xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + xs.tail
'''
KEEP = 'def main({}): return x'
NUMBERS = list(range(100_000))
PAIRS = [(number, 'ab') for number in range(5_000)]
CASES: list[tuple[str, str, str, str, object, object]] = [
    ('fib 27', FIB, 'n', 'n: u24', 27, bend.I24(3)),
    ('a sum of 100,000 numbers', SUM, 'xs', 'xs: List(u24)', NUMBERS, [bend.I24(1)]),
    ('5,000 pairs, passed and read', KEEP, 'x', 'x: List((u24, String))', PAIRS, [(bend.I24(1), 'ab')]),
    ('a number, passed and read', KEEP, 'x', 'x: u24', 1, bend.I24(1)),
]
"""A title, a program, its parameter without a type and with one, an argument, and another one that is not foreseen."""


def measured(work: Callable[[], float], runs: int) -> float:
    """The least of some runs."""
    return min(work() for _ in range(runs))


def show(title: str, text: str, engine: Engine, argument: object, runs: int, before: object = None) -> None:
    """One line of figures; `before` is passed first, if there is something."""
    start = time.perf_counter()
    program = bend.compile(text, engine=engine, cache=False)
    compiling = time.perf_counter() - start
    if before is not None:
        program(before)

    def call() -> float:
        start = time.perf_counter()
        program(argument, threads=0)
        return time.perf_counter() - start

    call()
    evaluating = measured(lambda: program.run(argument).seconds, runs)
    print(f'{title:55}  compile {compiling:5.2f} s  evaluate {1000 * evaluating:9.3f} ms  '
          f'call {1000 * measured(call, runs):9.3f} ms', flush=True)


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=5)
    runs = parser.parse_args().runs
    for engine in ('net', 'direct'):
        # The kernel of an engine is compiled with the first program.
        bend.compile('def main(x): return x', engine=engine, cache=False)(1)
    for title, text, untyped, typed, argument, other in CASES:
        show(f'{title}, nets', text.format(untyped), 'net', argument, runs)
        show(f'{title}, direct', text.format(untyped), 'direct', argument, runs)
        show(f'{title}, direct, with a type', text.format(typed), 'direct', argument, runs)
        show(f'{title}, direct, any argument', text.format(untyped), 'direct', argument, runs, other)


if __name__ == '__main__':
    main()
