#!/usr/bin/env python3
"""Times workloads and examples with several numbers of threads, in turns, in one process.

    threads.py [--dir FOLDER] [--threads 1,2,8] [--runs 9] [--only NAMES] [--examples]

FOLDER holds `workloads.tsv` (columns `name`, `small`) and NAME.bend for each row; with `--examples` the programs of
`examples/` are run instead, except those that read standard input. Columns: interactions; the least time of the
reduction with the first number of threads; for each other number how many times as long it took, by the least and by
the median, processor time, tasks given and messages of the last run. Exit status: 0, or 1 if interaction counts differ.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bend import compiling, driver
from bend.options import RUN_SEVERITIES
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.source import Source

ROOT = Path(__file__).resolve().parents[2]
ASKING = ('guess', 'line_count')


@dataclass(frozen=True)
class Sample:
    """One run: seconds of the reduction, seconds of all processors, and what the run counted."""

    wall: float
    processors: float
    result: cpu.RunResult


def sample(program: cpu.NetProgram, threads: int) -> Sample:
    """Runs a program once."""
    start = time.process_time()
    result = cpu.run(program, threads)
    return Sample(result.seconds, time.process_time() - start, result)


def compiled(path: Path, arguments: tuple[str, ...]) -> cpu.NetProgram:
    """A program, ready to run."""
    request = driver.Request(Source(str(path), path.read_text(encoding='utf-8')), arguments=arguments,
                             severities=RUN_SEVERITIES, is_run=True)
    program = compiling.compile_program(request, 'net', PassManager(request.options), Cache.of_user())
    assert isinstance(program.artifact, cpu.NetProgram)
    return program.artifact


def measure(name: str, program: cpu.NetProgram, threads: list[int], runs: int) -> bool:
    """Prints one row; whether all interaction counts were equal."""
    for count in threads:
        sample(program, count)
    rounds = [[sample(program, count) for count in threads] for _ in range(runs)]
    first, *others = zip(*rounds, strict=True)
    row = f'{name:22} {first[0].result.interactions:>10} {min(run.wall for run in first) * 1000:8.2f} ms'
    for count, column in zip(threads[1:], others, strict=True):
        workers = column[-1].result.workers
        least = min(run.wall for run in column) / min(run.wall for run in first)
        middle = median(run.wall for run in column) / median(run.wall for run in first)
        processors = median(run.processors for run in column) / median(run.processors for run in first)
        row += (f' | {count}: {least:5.2f} {middle:5.2f} {processors:5.2f} '
                f'{sum(worker.tasks_given for worker in workers):5} {sum(worker.messages for worker in workers):7}')
    print(row, flush=True)
    return len({run.result.interactions for samples in rounds for run in samples}) == 1


def main() -> int:
    """Measures all programs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the workloads are')
    parser.add_argument('--threads', default='1,2,8')
    parser.add_argument('--runs', type=int, default=9)
    parser.add_argument('--only', default='', help='names, separated by commas')
    parser.add_argument('--examples', action='store_true')
    options = parser.parse_args()
    if options.examples:
        programs = [(path, ()) for path in sorted((ROOT / 'examples').glob('*.bend')) if path.stem not in ASKING]
    else:
        with open(options.dir / 'workloads.tsv', encoding='utf-8') as file:
            programs = [(options.dir / f'{row["name"]}.bend', (row['small'],))
                        for row in csv.DictReader(file, delimiter='\t')]
    threads = [int(count) for count in options.threads.split(',')]
    agree = [measure(path.stem, compiled(path, arguments), threads, options.runs) for path, arguments in programs
             if not options.only or path.stem in options.only.split(',')]
    return 0 if all(agree) else 1


if __name__ == '__main__':
    sys.exit(main())
