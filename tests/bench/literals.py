#!/usr/bin/env python3
"""What it costs to compile data in the source: lists, strings, trees and so on of many elements; or actions in a row.

    literals.py [--sizes 1000,4000,16000] [--only KIND,…] [--turns 3] [--other FOLDER] [--limit 120]

Runs each program with `bend run` and `bend check`, in turns by this compiler and by that in another FOLDER, with an
empty cache but for kernel and prelude. Prints the processor seconds of `check`, which parses and makes the passes, and
of `run`, the least of the turns. What takes longer than the limit is left out in later turns. `--only actions` is for
programs of so many actions whose results are all kept, of which some dozens are many.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

RUN = ('run',)
CHECK = ('check', '-O', 'no-check-net-size')
HERE = Path(__file__).resolve().parents[2]
TOTAL = '''
def total(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + total(xs.tail)
'''
LENGTH = '''
def length(xs):
  match xs:
    case String/Nil:
      return 0
    case String/Cons:
      return 1 + length(xs.tail)
'''
SUM = '''
def sum(tree):
  match tree:
    case Tree/Leaf:
      return tree.value
    case Tree/Node:
      return sum(tree.left) + sum(tree.right)
'''
DEEP = '''
def deep(n):
  switch n:
    case 0:
      return 1
    case _:
      return deep(n-1) + 1
'''
ACTIONS = 'actions'
BUILD = '\ndef of(x):\n  return total([{}])\n\ndef main():\n  return of(1) + of(2)\n'


def elements(size: int, of: Callable[[int], str]) -> str:
    """So many elements with commas between them."""
    return ', '.join(map(of, range(size)))


def tree(first: int, size: int) -> str:
    """A balanced tree of numbers."""
    if size == 1:
        return f'!{first}'
    return f'![{tree(first, size // 2)}, {tree(first + size // 2, size - size // 2)}]'


def actions(count: int) -> str:
    """So many actions, whose results are all kept."""
    steps = ''.join(f'    x{number} <- IO/print("line {number}\\n")\n' for number in range(count))
    return f'def main():\n  with IO:\n{steps}    return wrap([{elements(count, lambda number: f"x{number}")}])\n'


KINDS: Mapping[str, Callable[[int], str]] = {
    'list': lambda size: f'{TOTAL}\ndef main():\n  return total([{elements(size, str)}])\n',
    'string': lambda size: f'{LENGTH}\ndef main():\n  return length("{("abcdefghij" * size)[:size]}")\n',
    'tree': lambda size: f'{SUM}\ndef main():\n  return sum({tree(0, size)})\n',
    'pairs': lambda size: f'def main():\n  return [{elements(size, lambda n: f"({n}, {n}.5)")}]\n',
    'every tenth computed': lambda size: TOTAL + BUILD.format(elements(size, lambda n: str(n) if n % 10 else f'x+{n}')),
    'all computed': lambda size: TOTAL + BUILD.format(elements(size, lambda n: f'x+{n}')),
    'calls': lambda size: DEEP + TOTAL + BUILD.format(elements(size, lambda n: f'deep({n % 9})')),
    'map': lambda size: f'def main():\n  m = {{{elements(size, lambda n: f"{n}: {n}")}}}\n  return m[7]\n',
    ACTIONS: actions,
}


def measured(compiler: Path, words: Sequence[str], text: str, cache: str, limit: float) -> float | None:
    """Processor seconds of a command on a program; None past the limit."""
    with tempfile.NamedTemporaryFile('w', suffix='.bend') as file:
        file.write(text)
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run([sys.executable, '-m', 'bend', *words, file.name], cwd=compiler,
                                  env={**os.environ, 'PYTHONPATH': str(compiler), 'BEND_CACHE_DIR': cache},
                                  capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f'{compiler}: {done.stderr}')
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def best(caches: Mapping[Path, str], words: Sequence[str], program: str, turns: int, limit: float) -> list[str]:
    """The least of the turns for each compiler, as text."""
    found: dict[Path, float] = {}
    waiting = list(caches)
    for turn in range(turns):
        for compiler in tuple(waiting):
            # Another text is not in the cache.
            seconds = measured(compiler, words, f'# {turn}\n{program}', caches[compiler], limit)
            if seconds is None:
                waiting.remove(compiler)
            else:
                found[compiler] = min(found.get(compiler, seconds), seconds)
    return [f'{found[compiler]:.2f}' if compiler in found else f'over {limit:.0f}' for compiler in caches]


def main() -> None:
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', default='1000,4000,16000')
    parser.add_argument('--only', default=','.join(kind for kind in KINDS if kind != ACTIONS))
    parser.add_argument('--turns', type=int, default=3)
    parser.add_argument('--other', type=Path)
    parser.add_argument('--limit', type=float, default=120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        caches = {compiler: str(Path(folder) / name) for name, compiler in (('other', arguments.other), ('this', HERE))
                  if compiler is not None}
        for compiler, cache in caches.items():
            measured(compiler, RUN, 'main = 1\n', cache, arguments.limit)
        for kind in arguments.only.split(','):
            for size in map(int, arguments.sizes.split(',')):
                program = KINDS[kind](size)
                front = best({HERE: caches[HERE]}, CHECK, program, arguments.turns, arguments.limit)
                whole = best(caches, RUN, program, arguments.turns, arguments.limit)
                print(f'| {kind} | {size} | {" | ".join((*front, *whole))} |', flush=True)


if __name__ == '__main__':
    main()
