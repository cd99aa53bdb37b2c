#!/usr/bin/env python3
"""Measures what a run costs besides the computation: start-up, peak memory, running out of memory, deep results.

    limits.py [--runs 5]

Each row is the smallest wall time of the runs and the largest resident set of the process.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ONE_LINE = 'main = (+ 1 2)\n'
TREE = """
def grow(depth):
  switch depth:
    case 0:
      return !depth
    case _:
      return ![grow(depth-1), grow(depth-1)]

def main():
  return grow(30)
"""
DEEP = """
def main():
  bend i = 0:
    when i < 100000:
      xs = List/Cons(i, fork(i + 1))
    else:
      xs = List/Nil
  return xs
"""
ENDLESS = """
def spin(x):
  return spin(x + 1)

def main():
  return spin(0)
"""


def run(words: Sequence[str], environment: dict[str, str], interrupt_after: float = 0) -> tuple[float, int, int]:
    """Seconds (since the interrupt, if there is one), peak resident KiB, and exit code of `bend run WORDS`."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, '-m', 'bend', 'run', *words], env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if interrupt_after:
        time.sleep(interrupt_after)
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_maxrss, process.returncode


def main() -> int:
    """Prints all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=5)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, text in {'one': ONE_LINE, 'tree': TREE, 'deep': DEEP, 'endless': ENDLESS}.items():
            files[name] = str(Path(folder, f'{name}.bend'))
            Path(files[name]).write_text(text)
        warm = {**os.environ, 'BEND_CACHE_DIR': str(Path(folder, 'cache'))}
        for name in files:
            run([files[name], '--memory', '200M'], warm, interrupt_after=6 if name == 'endless' else 0)

        def row(title: str, words: Sequence[str], interrupt_after: float = 0, cold: bool = False) -> None:
            samples = []
            for index in range(options.runs):
                environment = {**warm, 'BEND_CACHE_DIR': str(Path(folder, f'cold{index}'))} if cold else warm
                samples.append(run(words, environment, interrupt_after))
            codes = sorted({code for _, _, code in samples})
            seconds, peak = min(sample[0] for sample in samples), max(sample[1] for sample in samples)
            print(f'{title:44} {seconds:7.3f} s {peak / 1024:7.0f} MiB  exit code {", ".join(map(str, codes))}',
                  flush=True)

        row('one line, nothing cached', [files['one']], cold=True)
        row('one line, cached', [files['one']])
        for threads in ('1', '2', '8'):
            row(f'memory runs out at 200 MB, {threads} threads', [files['tree'], '--memory', '200M', '-t', threads])
        row('Ctrl-C after two seconds, until the end', [files['endless']], interrupt_after=2)
        row('a list of 100,000 as the result', [files['deep']])
    return 0


if __name__ == '__main__':
    sys.exit(main())
