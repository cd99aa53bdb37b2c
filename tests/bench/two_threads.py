"""What a second thread costs programs that have little or nothing for it to do: processor time with `-t 2` and `-t 1`.

    python -m tests.bench.two_threads [--dir FOLDER] [--sizes medium] [--only NAMES] [--runs 9]

The workloads of FOLDER (see `repetitions.py`) and two programs of its own by the direct engine, each compiled for one
thread and for several, as `bend run` does. Processor time of the runs alone, by all threads; the least of runs in
turns.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path

from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.direct.host import open_run
from bend.runtime.direct.program import DirectProgram
from bend.source import Source

ROOT = Path(__file__).resolve().parents[2]
LITTLE_TO_DO = 'nat_loop,listsum,mandelbrot,hof,quicksort'

COUNT = '''
def count(n):
  switch n:
    case 0:
      return 0
    case _:
      return 1 + count(n-1)
'''
OWN = {
    'tiny forks in a loop': COUNT + '''
def loop(n, sum):
  switch n:
    case 0:
      return sum
    case _:
      return loop(n-1, sum + count(n & 3) * count(n & 5))

def main():
  return loop(10000000, 0)
''',
    'a fork now and then': COUNT + '''
def down(n):
  switch n:
    case 0:
      return 0
    case _:
      if n % 1000:
        return 1 + down(n-1)
      else:
        return count(10) * count(11) + down(n-1)

def main():
  return down(8000000)
''',
}
"""Programs whose forks are too small to be worth another thread."""


def compiled(text: str, size: tuple[str, ...], threads: int, files: Cache) -> DirectProgram:
    """A program as `-t THREADS` compiles it."""
    request = Request(Source('program.bend', text), Options(), arguments=size, is_run=True, is_parallel=threads > 1)
    program = compile_source(request, PassManager(Options()), files, 'direct').direct
    assert program is not None
    return program


def seconds(program: DirectProgram, threads: int) -> float:
    """The processor seconds of a run."""
    with open_run(program, threads) as run:
        begin = time.process_time()
        run.evaluate(0)
        return time.process_time() - begin


def main() -> None:
    """Prints a row for each workload."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the workloads are')
    parser.add_argument('--sizes', choices=['small', 'medium', 'large'], default='medium')
    parser.add_argument('--only', default=LITTLE_TO_DO, help='names, separated by commas')
    parser.add_argument('--runs', type=int, default=9)
    options = parser.parse_args()
    with open(options.dir / 'workloads.tsv', encoding='utf-8') as file:
        rows = {row['name']: row[options.sizes] for row in csv.DictReader(file, delimiter='\t')}
    with tempfile.TemporaryDirectory() as folder:
        files = Cache(Path(folder))
        texts = {name: ((options.dir / f'{name}.bend').read_text(), (rows[name],)) for name in options.only.split(',')}
        for name, (text, size) in {**texts, **{name: (text, ()) for name, text in OWN.items()}}.items():
            programs = {threads: compiled(text, size, threads, files) for threads in (1, 2)}
            least = dict.fromkeys(programs, float('inf'))
            for _ in range(options.runs):
                for threads, program in programs.items():
                    least[threads] = min(least[threads], seconds(program, threads))
            print(f'{name:20} {least[1]:8.3f} s {least[2]:8.3f} s {least[2] / least[1]:6.2f}', flush=True)


if __name__ == '__main__':
    main()
