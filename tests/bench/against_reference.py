#!/usr/bin/env python3
"""Times the net engine against the reference's own compiled programs, on this machine, in one run.

    against_reference.py [--dir FOLDER] [--sizes psum=20,psum=21,bitonic=13,bitonic=14] [--runs 5]

For each size, FOLDER/NAME.bend with a `main` of one parameter is turned into C by the reference (`bend gen-c`), built
with `gcc -O2 -DTPC_L2=0` (one thread), and run in turns with this project at one thread and at two. Both sides time
their computation alone. The smallest figure of each counts. Needs the reference: `cargo install --locked
bend-lang@0.2.38 hvm@2.0.22`; and gcc.

Columns: interactions; seconds of the reference, of this project at one thread and at two; how many times faster than
the reference one thread is; how many times faster two threads are than one.

Exit status: 0, or 1 if a result or an interaction count differs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SIZES = 'psum=20,psum=21,psum=22,bitonic=13,bitonic=14,bitonic=15'
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sample:
    """One run: the printed result, interactions, and seconds of the computation."""

    result: str
    interactions: int
    seconds: float


def reference_commands() -> tuple[str, str]:
    """The paths of the reference's `bend` and `hvm`."""
    folder = Path(os.environ.get('CARGO_HOME', Path.home() / '.cargo')) / 'bin'
    found = [shutil.which(name, path=str(folder)) for name in ('bend', 'hvm')]
    if None in found:
        sys.exit(f'the reference is not in {folder}: cargo install --locked bend-lang@0.2.38 hvm@2.0.22')
    return str(found[0]), str(found[1])


def build_reference(source: Path, size: int, folder: Path) -> Path:
    """The reference's compiled program for one size, on one thread."""
    bend, hvm = reference_commands()
    text = source.read_text().replace('def main(', 'def start_of_run(')
    program = folder / f'{source.stem}_{size}'
    program.with_suffix('.bend').write_text(f'{text}\ndef main():\n  return start_of_run({size})\n')
    code = subprocess.run([bend, '--hvm-bin', hvm, 'gen-c', program.with_suffix('.bend').name], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    code = '\n'.join(line for line in code.splitlines() if not line.startswith('exit status'))
    program.with_suffix('.c').write_text(code + '\n')
    subprocess.run(['gcc', '-O2', '-w', '-DTPC_L2=0', program.with_suffix('.c'), '-o', program, '-lm', '-lpthread'],
                   check=True)
    return program


def sample(command: list[str]) -> Sample:
    """Runs a command that prints a result and statistics."""
    done = subprocess.run(command, capture_output=True, text=True)
    result = re.search(r'^Result: (.*)$', done.stdout, re.MULTILINE)
    counts = re.search(r'^- ITRS: (\d+)$', done.stdout, re.MULTILINE)
    seconds = re.search(r'^- TIME: ([0-9.]+)', done.stdout, re.MULTILINE)
    if result is None or counts is None or seconds is None:
        sys.exit(f'{" ".join(command)} failed: {done.stdout[-500:]}{done.stderr[-500:]}')
    return Sample(result[1], int(counts[1]), float(seconds[1]))


def measure(source: Path, size: int, runs: int, folder: Path) -> bool:
    """Prints one row; whether all results and counts were equal."""
    reference = build_reference(source, size, folder)
    ours = [sys.executable, '-m', 'bend', 'run', '--engine', 'net', str(reference.with_suffix('.bend')), '-s', '-t']
    commands = [[str(reference)], [*ours, '1'], [*ours, '2']]
    sample(commands[1])  # fills the cache
    samples: list[list[Sample]] = [[] for _ in commands]
    for _ in range(runs):
        for command, collected in zip(commands, samples, strict=True):
            collected.append(sample(command))
    best = [min(one.seconds for one in collected) for collected in samples]
    same = len({(one.result, one.interactions) for collected in samples for one in collected}) == 1
    print(f'{source.stem:10} {size:4} {samples[1][0].interactions:12} {best[0]:9.3f} {best[1]:9.4f} {best[2]:9.4f} '
          f'{best[0] / best[1]:8.2f}x {best[1] / best[2]:8.2f}x {"" if same else "  DIFFERENT"}', flush=True)
    return same


def main() -> int:
    """Measures all sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the programs are')
    parser.add_argument('--sizes', default=DEFAULT_SIZES)
    parser.add_argument('--runs', type=int, default=5)
    options = parser.parse_args()
    print(f'{"program":10} {"size":>4} {"interactions":>12} {"reference":>9} {"1 thread":>9} {"2 threads":>9} '
          f'{"faster":>9} {"speed-up":>9}')
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(options.dir / f'{name}.bend', int(size), options.runs, Path(folder))
                for name, _, size in (item.partition('=') for item in options.sizes.split(','))]
    return 0 if all(rows) else 1


if __name__ == '__main__':
    sys.exit(main())
