#!/usr/bin/env python3
"""Measures input and output: printing, and copying standard input whole, in blocks and line by line.

    io.py [--megabytes 1,2,4,8] [--threads 1,2,8] [--engines net,direct]

Each row is one run of a process: what it takes beyond the same program on no data, and its largest resident set.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PRINT = """
def text(n):
  switch n:
    case 0:
      return ""
    case _:
      return String/Cons(97 + (n % 26), text(n-1))

def blocks(n):
  switch n:
    case 0:
      return IO/wrap(*)
    case _:
      with IO:
        * <- IO/print(text(1048576))
        return blocks(n-1)

def main(n):
  return blocks(n)
"""
WHOLE = """
def main():
  with IO:
    bytes <- IO/FS/read_to_end(IO/FS/STDIN)
    * <- IO/FS/write(IO/FS/STDOUT, Result/unwrap(bytes))
    return wrap(*)
"""
BLOCKS = """
def copy(bytes):
  match bytes:
    case List/Nil:
      return IO/wrap(*)
    case List/Cons:
      with IO:
        * <- IO/FS/write(IO/FS/STDOUT, List/Cons(bytes.head, bytes.tail))
        return next()

def next():
  with IO:
    bytes <- IO/FS/read(IO/FS/STDIN, 65536)
    return copy(Result/unwrap(bytes))

def main():
  return next()
"""
LINES = """
def next():
  with IO:
    line <- IO/input()
    match line:
      case Result/Err:
        return wrap(*)
      case Result/Ok:
        * <- IO/println(line.val)
        return next()

def main():
  return next()
"""
PROGRAMS = {'print a text': PRINT, 'copy in one piece': WHOLE, 'copy in blocks': BLOCKS, 'copy by lines': LINES}
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    wall: float
    processor: float
    resident: int


def lines(count: int) -> bytes:
    """So many bytes, in lines of up to 120 characters, 60 on average."""
    source = random.Random(1)
    found: list[str] = []
    size = 0
    while size < count:
        found.append(''.join(source.choices('abcdefghij klmnop', k=source.randrange(120))) + '\n')
        size += len(found[-1])
    return ''.join(found)[:count - 1].encode() + b'\n'


def run(path: Path, arguments: Sequence[str], data: Path, copied: Path) -> Cost:
    """Runs a program with the data as standard input."""
    start = os.times().elapsed
    with data.open('rb') as source, copied.open('wb') as target:
        process = subprocess.Popen([sys.executable, '-m', 'bend', 'run', *arguments[:4], str(path), *arguments[4:]],
                                   stdin=source, stdout=target)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f'{path.name} ended with exit code {process.returncode}')
    return Cost(os.times().elapsed - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def measure(path: Path, engine: str, threads: str, megabytes: int, folder: str) -> list[str]:
    """What a program takes on an engine, as cells of the table."""
    nothing, data, copied = (Path(folder, name) for name in ('nothing', 'data', 'copied'))
    is_printing = path.read_text() == PRINT
    words = ['-t', threads, '--engine', engine]
    # Everything is compiled once before it is measured.
    for _ in range(2):
        least = run(path, [*words, *(['0'] if is_printing else [])], nothing, copied)
    for _ in range(1 + is_printing):
        cost = run(path, [*words, *([str(megabytes)] if is_printing else [])], data, copied)
    assert is_printing or copied.read_bytes() == data.read_bytes(), 'the copy differs'
    assert copied.stat().st_size == megabytes * MEGABYTE
    return [f'{cost.wall - least.wall:.2f} s', f'{cost.processor - least.processor:.2f} s',
            f'{cost.resident >> 10} MB']


def main() -> int:
    """Prints all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--megabytes', default='1,2,4,8')
    parser.add_argument('--threads', default='1')
    parser.add_argument('--engines', default='net,direct')
    options = parser.parse_args()
    engines = options.engines.split(',')
    columns = [f'{engine}: {what}' for engine in engines for what in ('wall', 'CPU', 'resident')]
    print(f'| | MB | threads | {" | ".join(columns)} |\n|---|---|---|{"---|" * len(columns)}')
    with tempfile.TemporaryDirectory() as folder:
        nothing, data = Path(folder, 'nothing'), Path(folder, 'data')
        nothing.write_bytes(b'')
        for title, text in PROGRAMS.items():
            path = Path(folder, title.replace(' ', '_') + '.bend')
            path.write_text(text)
            for threads in options.threads.split(','):
                for megabytes in map(int, options.megabytes.split(',')):
                    data.write_bytes(lines(megabytes * MEGABYTE))
                    cells = [cell for engine in engines for cell in measure(path, engine, threads, megabytes, folder)]
                    print(f'| {title} | {megabytes} | {threads} | {" | ".join(cells)} |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
