"""CUDA C++ of `bend gen-cu` beside `bend run-cu`, on a GPU.

    python -m tests.bench.standalone_gpu FOLDER psum=24 tree=20 bitonic=18 [--arch native] [--nvcc nvcc] [--times 3]

Makes programs of the .bend files of a folder, compiles them with nvcc, and runs each so often with a number for its
argument. Prints for both the least milliseconds of the device and of the evaluation, the ratios, how many blocks there
are, and whether the results are the same; the exit code is 1 if some are not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

BEND = (sys.executable, '-m', 'bend')
TIME_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Time:
    """The seconds of the device and of the evaluation, the blocks, and the result."""

    kernel: float
    evaluation: float
    blocks: int
    result: str


def output(*words: str | Path) -> tuple[str, str]:
    """The output of a command. Raises CalledProcessError and TimeoutExpired."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True, timeout=TIME_LIMIT)
    return done.stdout, done.stderr


def standalone(program: Path, size: str) -> Time:
    """A run of a standalone program."""
    text, _ = output(program, '-ss', size)
    found = re.fullmatch(r'(Result: .*)\n- ENGINE: .*\n- DEVICE: .*\n- TIME: (.*)s\n'
                         r'- KERNEL: (.*)s in \d+ launches of (\d+) blocks of \d+ threads\n', text)
    assert found is not None, text
    return Time(float(found[3]), float(found[2]), int(found[4]), found[1])


def hosted(source: Path, size: str) -> Time:
    """A run by `bend run-cu`."""
    text, told = output(*BEND, 'run-cu', source, size, '--stats', 'json')
    data = json.loads(told.splitlines()[-1])
    seconds = data['seconds']
    return Time(seconds['kernel'], seconds['evaluating'], data['blocks'], text.strip())


def compare(source: Path, size: str, times: int, compiler: list[str], folder: Path) -> bool:
    """Prints a line for a program; whether both ways give the same."""
    made, program = folder / f'{source.stem}.cu', folder / source.stem
    made.write_text(output(*BEND, 'gen-cu', source)[0], encoding='utf-8')
    output(*compiler, made, '-o', program)
    own = [standalone(program, size) for _ in range(times)]
    others = [hosted(source, size) for _ in range(times)]
    is_same = len({run.result for run in (*own, *others)}) == 1
    columns = []
    for name in ('kernel', 'evaluation'):
        first, second = (min(getattr(run, name) for run in runs) for runs in (own, others))
        columns.append(f'{first * 1e3:9.3f} {second * 1e3:9.3f} {first / second:5.2f}')
    print(f'{source.stem:12} {size:>8} {" ".join(columns)} {own[0].blocks:4} {others[0].blocks:4} '
          f'{"same" if is_same else "DIFFERENT"}', flush=True)
    return is_same


def run_all() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('folder', type=Path, help='where the programs are')
    parser.add_argument('programs', nargs='+', metavar='NAME=NUMBER', help='a program and its argument')
    parser.add_argument('--arch', default='native', help='what nvcc compiles for')
    parser.add_argument('--nvcc', default='nvcc', help='the compiler')
    parser.add_argument('--times', default=3, type=int, help='how often to run each')
    arguments = parser.parse_args()
    compiler = [arguments.nvcc, '-O2', f'-arch={arguments.arch}']
    print('program        number  gen-cu    run-cu ratio (kernel), the same (evaluation), blocks of both')
    with tempfile.TemporaryDirectory() as folder:
        same = [compare(arguments.folder / f'{name}.bend', size, arguments.times, compiler, Path(folder))
                for name, _, size in (word.partition('=') for word in arguments.programs)]
    return 0 if all(same) else 1


if __name__ == '__main__':
    sys.exit(run_all())
