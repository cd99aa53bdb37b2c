#!/usr/bin/env python3
"""How many times faster `bend run` is with several threads, beside what the machine gives to that many copies of it.

    scaling.py [--dir FOLDER] [--threads 2,16] [--runs 3] [--size large] [--only psum=32,tree]

FOLDER holds `workloads.tsv` (columns `name`, `small`, `medium`, `large`) and NAME.bend for each row. Cores that share
caches, memory and execution units do less each when all are busy, so N threads can hardly be N times as fast as one.
The bound is measured here: N processes with one thread each, side by side, do `ceiling` times the work of one alone.
Columns, for each N: times faster than one thread, the ceiling, and the first as a share of the second. Seconds are
those that the computation itself takes, by `-s` (`--stats json` also counts calls, which costs time); the least of the
runs, for copies the least of their means.
Copies of runs that take less than a second or two overlap too little for that.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parents[2]


def start(path: Path, size: str, threads: int) -> subprocess.Popen[str]:
    """A run of a workload in a process of its own."""
    command = [sys.executable, '-m', 'bend', 'run', str(path), size, '-t', str(threads), '-s']
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def seconds(run: subprocess.Popen[str]) -> float:
    """What the computation of a run took; raises RuntimeError if it failed."""
    out, err = run.communicate()
    for line in out.splitlines():
        if line.startswith('- TIME: '):
            return float(line.removeprefix('- TIME: ').removesuffix('s'))
    raise RuntimeError(f'no time from {run.args!r}: {err}')


def least(path: Path, size: str, threads: int, copies: int, runs: int) -> float:
    """The least time of several runs of so many copies at once, by the mean of the copies."""
    return min(mean([seconds(run) for run in [start(path, size, threads) for _ in range(copies)]]) for _ in range(runs))


def main() -> int:
    """Measures and prints all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the workloads are')
    parser.add_argument('--threads', default='2', help='numbers of threads, separated by commas')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--size', choices=('small', 'medium', 'large'), default='large')
    parser.add_argument('--only', default='psum,tree,bitonic,msort,queens',
                        help='names, separated by commas; NAME=SIZE for another size')
    options = parser.parse_args()
    with open(options.dir / 'workloads.tsv', encoding='utf-8') as file:
        sizes = {row['name']: row[options.size] for row in csv.DictReader(file, delimiter='\t')}
    for workload in options.only.split(','):
        name, _, own = workload.partition('=')
        path, size = options.dir / f'{name}.bend', own or sizes[name]
        least(path, size, 2, 1, 1)
        alone = least(path, size, 1, 1, options.runs + 1)
        row = f'{name:10} {size:>9} {alone:8.3f} s'
        for threads in map(int, options.threads.split(',')):
            faster = alone / least(path, size, threads, 1, options.runs)
            ceiling = threads * alone / least(path, size, 1, threads, options.runs)
            row += f' | {threads}: {faster:5.2f} of {ceiling:5.2f}, {faster / ceiling:4.0%}'
        print(row, flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
