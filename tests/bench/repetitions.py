#!/usr/bin/env python3
"""Runs all workloads again and again through `bend run --engine net`, and compares results and interaction counts.

    repetitions.py [--dir FOLDER] [--threads 1,2,8] [--runs 50] [--only NAMES]

FOLDER holds `workloads.tsv` (columns `name`, `small`, `result small`) and NAME.bend for each row. Every run must print
the table's result, and the interaction count of the first run. Exit status: 0, or 1 after a difference.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def outcome(program: Path, size: str, threads: str) -> tuple[str, str]:
    """The result and the interaction count that one run prints, or what else it says."""
    done = subprocess.run([sys.executable, '-m', 'bend', 'run', '--engine', 'net', '-s', '-t', threads, str(program),
                           size],
                          capture_output=True, text=True)
    result = re.search(r'^Result: (.*)$', done.stdout, re.MULTILINE)
    count = re.search(r'^- ITRS: (\d+)$', done.stdout, re.MULTILINE)
    if done.returncode or result is None or count is None:
        return f'exit code {done.returncode}: {done.stdout}{done.stderr}'.strip(), ''
    return result[1], count[1]


def main() -> int:
    """Runs every workload at every thread count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the workloads are')
    parser.add_argument('--threads', default='1,2,8')
    parser.add_argument('--runs', type=int, default=50)
    parser.add_argument('--only', default='', help='names, separated by commas')
    options = parser.parse_args()
    with open(options.dir / 'workloads.tsv', encoding='utf-8') as file:
        rows = [row for row in csv.DictReader(file, delimiter='\t')
                if not options.only or row['name'] in options.only.split(',')]
    differences = 0
    for row in rows:
        seen = Counter(outcome(options.dir / f'{row["name"]}.bend', row['small'], threads)
                       for _ in range(options.runs) for threads in options.threads.split(','))
        right = len(seen) == 1 and next(iter(seen))[0] == row['result small']
        differences += not right
        shown = ', '.join(f'{result} in {count} interactions, {times} times' for (result, count), times in seen.items())
        verdict = 'same' if right else f'DIFFERENT, expected {row["result small"]}'
        print(f'{row["name"]:12} {verdict}: {shown}', flush=True)
    return 1 if differences else 0


if __name__ == '__main__':
    sys.exit(main())
