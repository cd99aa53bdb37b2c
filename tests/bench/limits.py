"""Measures what a run costs besides the computation: start-up, compiling, peak memory, running out of it, deep results.

    python -m tests.bench.limits [--runs 5]

Each row is the smallest wall and processor times of the runs and the largest resident set of the process.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.front_end import program

ROOT = Path(__file__).resolve().parents[2]
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
FOLD = """
def numbers(n):
  bend i = 0:
    when i < n:
      return List/Cons(i, fork(i + 1))
    else:
      return List/Nil

def main():
  fold xs = numbers(10000000):
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + xs.tail
"""
DOWN = 'down n = switch n { 0: 0; _: (+ 1 (down n-1)) }\nmain = (down 10000000)\n'
LIFE = (ROOT / 'examples' / 'game_of_life.bend').read_text()
LINES = program(1000).replace('def main(seed):\n', 'def main():\n  seed = 5\n')


def run(words: Sequence[str], environment: dict[str, str], interrupt_after: float = 0,
        given: str = '') -> tuple[float, float, int, int]:
    """Seconds (since the interrupt, if there is one), processor seconds, peak resident KiB, and exit code of
    `bend run WORDS` with a text on standard input."""
    start = time.perf_counter()
    with tempfile.TemporaryFile('w+') as standard_input:
        standard_input.write(given)
        standard_input.seek(0)
        process = subprocess.Popen([sys.executable, '-m', 'bend', 'run', *words], env=environment, stdin=standard_input,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if interrupt_after:
        time.sleep(interrupt_after)
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, process.returncode


def main() -> int:
    """Prints all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=5)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, text in {'one': ONE_LINE, 'tree': TREE, 'deep': DEEP, 'endless': ENDLESS, 'fold': FOLD, 'down': DOWN,
                           'life': LIFE, 'lines': LINES}.items():
            files[name] = str(Path(folder, f'{name}.bend'))
            Path(files[name]).write_text(text)
        warm = {**os.environ, 'BEND_CACHE_DIR': str(Path(folder, 'cache'))}
        for name in files:
            run([files[name], '--memory', '200M'], warm, interrupt_after=6 if name == 'endless' else 0)
        # Kernels and the prelude, but none of the programs that are measured.
        base = Path(folder, 'base')
        for text in ('main = (+ 1 3)\n', LINES.replace('seed = 5', 'seed = 6')):
            Path(folder, 'other.bend').write_text(text)
            run([str(Path(folder, 'other.bend'))], {**warm, 'BEND_CACHE_DIR': str(base)})

        def row(title: str, words: Sequence[str], interrupt_after: float = 0, cache: str = '', given: str = '') -> None:
            samples = []
            for _ in range(options.runs):
                environment = warm
                if cache:
                    environment = {**warm, 'BEND_CACHE_DIR': str(Path(folder, 'cold'))}
                    shutil.rmtree(Path(folder, 'cold'), ignore_errors=True)
                    if cache == 'base':
                        shutil.copytree(base, Path(folder, 'cold'))
                samples.append(run(words, environment, interrupt_after, given))
            codes = sorted({code for *_, code in samples})
            wall, processor = (min(sample[index] for sample in samples) for index in (0, 1))
            peak = max(sample[2] for sample in samples) / 1024
            print(f'{title:44} {wall:7.2f} s {processor:7.2f} s {peak:7.0f} MiB  exit code '
                  f'{", ".join(map(str, codes))}', flush=True)

        row('one line, nothing cached', [files['one']], cache='none')
        row('one line, kernel and prelude cached', [files['one']], cache='base')
        row('one line, cached', [files['one']])
        row('1,000 lines, kernel and prelude cached', [files['lines']], cache='base')
        row('1,000 lines, cached', [files['lines']])
        for threads in ('1', '2'):
            row(f'a fold over 10 million elements, {threads} threads', [files['fold'], '-t', threads])
            row(f'recursion 10 million deep, {threads} threads', [files['down'], '-t', threads])
        for count in (1, 10, 100):
            row(f'{count},000 generations of life', [files['life']], given='far\n' * count)
        for count in (500, 5000):
            row(f'{count} generations of life, each shown', [files['life']], given='\n' * count)
        for threads in ('1', '2', '8'):
            row(f'memory runs out at 200 MB, {threads} threads', [files['tree'], '--memory', '200M', '-t', threads])
        row('Ctrl-C after two seconds, until the end', [files['endless']], interrupt_after=2)
        row('a list of 100,000 as the result', [files['deep']])
    return 0


if __name__ == '__main__':
    sys.exit(main())
