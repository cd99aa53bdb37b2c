"""Runs the golden programs as standalone programs, and compares what they print with what `bend run` prints.

    python tests/golden/standalone.py [--form auto] [--cc "gcc -O0"] [--only PART] [--threads 1,2]
                                      [--prefix "valgrind -q"] [--list]
    python tests/golden/standalone.py --build "--target aarch64 --static" --prefix qemu-aarch64 ...
    python tests/golden/standalone.py --build "--target wasm32" --prefix "node {folder}/bend.js" --threads 1

The first command makes them by `gen-c` and a C compiler, the others by `bend build` or `hvm compile` with some options.
In the prefix, `{folder}` is where the programs are.

The form is `auto` for what `bend gen-c` makes, `net` for what `bend gen-c --engine net` makes, and `hvm` for
`hvm gen-c`; with these two, interactions are compared as well. `gpu`, `gpu-net` and `gpu-hvm` are the same for CUDA
C++, of `bend gen-cu` and `hvm gen-cu`, which runs on threads here (`tests/gpu/cuda_emulated.py`). `--every 5` takes
one of five programs. Takes some minutes. Prints a line for each program that differs, and how many are alike; `--list`
also prints those that standalone programs cannot do, with the reason. The exit code is 1 if one differs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bend.cli.main import hvm_main, main

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))
from cases import INPUT, OUTPUT, Case, find_cases, recorded, transcript, without_names

from tests.gpu.cuda_emulated import FEW_LANES, build

TIME_LIMIT = 60
DEVICE = '- DEVICE: Emulated GPU\n'
WARNINGS = ('-std=c11', '-Wall', '-Wextra', '-Werror')
LIBRARIES = ('-lm', '-lpthread')
RUN_OPTIONS = ('--readback', '--linear', '-l', '-p', '--pretty', '--check-overflow', '--stats', '-s', '--memory')
"""Options of `bend run` that `gen-c` has not."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to make standalone programs: the stage whose programs they are, the command, and its words before the
    file; `counts` tells that interactions are compared, `is_gpu` that these are for GPUs."""

    stage: str
    command: Callable[[Sequence[str]], int]
    words: tuple[str, ...]
    counts: bool = True
    building: tuple[str, ...] = ('build',)
    is_gpu: bool = False

    def expected(self, case: Case) -> str:
        """What is recorded for a program."""
        return case.sidecar(OUTPUT).read_text(encoding='utf-8') if self.counts else recorded(case)

    def comparable(self, text: str) -> str:
        """What a program prints but for what may be different each time: what `hvm run-cu` calls variables."""
        return without_names(text, nets=True) if self.is_gpu and self.stage == 'hvm' else text


FORMS: Mapping[str, Form] = {
    'auto': Form('run', main, ('gen-c',), counts=False),
    'net': Form('run', main, ('gen-c', '--engine', 'net'), building=('build', '--engine', 'net')),
    'hvm': Form('hvm', hvm_main, ('gen-c',), building=('compile',)),
    'gpu': Form('run', main, ('gen-cu',), counts=False, is_gpu=True),
    'gpu-net': Form('run', main, ('gen-cu', '--engine', 'net'), is_gpu=True),
    'gpu-hvm': Form('hvm', hvm_main, ('gen-cu',), is_gpu=True),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program: `alike`, `differs`, `cannot` or `left out`, and more about that."""

    kind: str
    more: str = ''


def captured(words: list[str], command: Callable[[Sequence[str]], int] = main) -> tuple[int, str, str]:
    """The exit code and the output of a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command(words)
    return code, out.getvalue(), err.getvalue()


def look_at(case: Case, form: Form, options: argparse.Namespace, folder: Path) -> Outcome:
    """What becomes of a program."""
    os.chdir(case.source.parent)
    program = folder / 'program'
    building = options.build is not None
    words = case.command((*form.building, *shlex.split(options.build), '-o', str(program)) if building
                         else form.words, '')
    expected = form.expected(case)
    if any(word in RUN_OPTIONS for word in words):
        return Outcome('left out', 'its options are only for `bend run`')
    code, text, problems = captured(words, form.command)
    if code:
        if 'error[standalone]' in problems:
            return Outcome('cannot', problems.split('\n')[0].partition(': ')[2])
        return Outcome('alike' if f'exit code {code}' in expected else 'differs', problems)
    expected = without_told(expected, problems)
    problem = ('' if building else cuda_compiler(text, program) if form.is_gpu else
               c_compiler(shlex.split(options.cc), text, program))
    if problem:
        return Outcome('differs', f'the C compiler: {problem}')
    prefix = shlex.split(options.prefix.replace('{folder}', str(folder)))
    for count in ('many',) if form.is_gpu else options.threads.split(','):
        lanes = FEW_LANES if form.is_gpu else ('-t', count)
        actual = run([*prefix, str(program), *lanes, *(('-s',) if form.counts else ())], case).replace(DEVICE, '')
        if 'error[wrong-shape]' in actual:
            return Outcome('cannot', 'It turned out to need nets.')
        if 'error[standalone]' in actual:
            return Outcome('cannot', 'It turned out to give a function.')
        if 'There are too few arguments' in actual:
            return Outcome('cannot', 'It gives a function unless it gets arguments.')
        if form.comparable(actual) != form.comparable(expected):
            return Outcome('differs', f'with {count} threads:\n{actual}instead of\n{expected}')
    return Outcome('alike')


def c_compiler(command: list[str], text: str, program: Path) -> str:
    """Makes a program of C; gives what the C compiler says if it fails."""
    source = program.with_suffix('.c')
    source.write_text(text, encoding='utf-8')
    built = subprocess.run([*command, *WARNINGS, str(source), '-o', str(program), *LIBRARIES], capture_output=True,
                           text=True, check=False)
    return built.stderr[:2000] or 'it failed' if built.returncode else ''


def cuda_compiler(text: str, program: Path) -> str:
    """Makes a program of CUDA C++ that runs on threads; gives what the C++ compiler says if it fails."""
    source = program.with_suffix('.cu')
    source.write_text(text, encoding='utf-8')
    try:
        build(source, program, ('-O0',))
    except RuntimeError as problem:
        return str(problem)[:2000]
    return ''


def without_told(expected: str, told: str) -> str:
    """What a program is to print, given what was said already when it was made."""
    output, _, rest = expected.partition('--- stderr\n')
    problems, mark, code = rest.partition('--- exit code')
    return output + mark + code if problems and problems.strip() in told else expected


def run(command: list[str], case: Case) -> str:
    """What a program prints, as the golden tests write it down."""
    path = case.sidecar(INPUT)
    try:
        done = subprocess.run(command, input=path.read_bytes() if path.exists() else b'', capture_output=True,
                              timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return 'out of time\n'
    return transcript(done.returncode, done.stdout.decode(), done.stderr.decode())


def outcomes(arguments: argparse.Namespace) -> Iterator[tuple[Case, Outcome]]:
    """What becomes of all programs."""
    form = FORMS[arguments.form]
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for case in find_cases() if case.stage_name == form.stage and arguments.only in case.name]
        for case in cases[::arguments.every]:
            yield case, look_at(case, form, arguments, Path(folder))


def run_all() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--form', choices=FORMS, default='auto', help='which programs to make, and how')
    parser.add_argument('--cc', default='gcc -O0', help='the C compiler and its options')
    parser.add_argument('--build', metavar='OPTIONS', help='use `bend build` with these options')
    parser.add_argument('--only', default='', help='only programs with this in their names')
    parser.add_argument('--every', default=1, type=int, help='take one of so many programs')
    parser.add_argument('--threads', default='1,2', help='with how many threads to run each')
    parser.add_argument('--prefix', default='', help='a command to run the programs under')
    parser.add_argument('--list', action='store_true', help='name the programs that cannot be done')
    arguments = parser.parse_args()
    os.environ['NO_COLOR'] = '1'
    counts: Counter[str] = Counter()
    for case, outcome in outcomes(arguments):
        counts[outcome.kind] += 1
        if outcome.kind == 'differs' or (arguments.list and outcome.kind != 'alike'):
            print(f'{case.name}: {outcome.kind}: {outcome.more}', flush=True)
    print(', '.join(f'{count} {kind}' for kind, count in sorted(counts.items())))
    return 1 if counts['differs'] else 0


if __name__ == '__main__':
    sys.exit(run_all())
