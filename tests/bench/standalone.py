"""Measures standalone programs (`bend gen-c`, `bend build`) against the same programs in this process, as `bend run`
runs them.

    python tests/bench/standalone.py WORKLOADS [--size small] [--threads 1] [--cc "gcc -O2"] [--only NAME] [--turns 5]
                                     [--engine auto]
    python tests/bench/standalone.py WORKLOADS --build "--cpu native" ...

The second form measures executables of `bend build` with some options.

WORKLOADS is a folder of programs with a table, workloads.tsv, of the argument of `main` and the result at some sizes.
With one thread, both are compiled for one. They run in turns; the least processor time of all turns counts, which other
processes disturb less than the clock. That of standalone programs is of the whole process. A result that is not the one
in the table ends the run.
"""

from __future__ import annotations

import argparse
import csv
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bend import compiling, driver, running
from bend.cli.main import main as bend
from bend.cli.render import render
from bend.diagnostics import BendError
from bend.options import Options
from bend.passes import PassManager
from bend.running_direct import NeedsNets
from bend.runtime.cache import Cache


def build(request: driver.Request, options: argparse.Namespace, folder: Path) -> Path | None:
    """The standalone program of a workload; None if there cannot be one."""
    name = Path(request.source.name).stem
    if options.build is not None:
        program = folder / name
        words = ['build', request.source.name, '-o', str(program), '--engine', options.engine,
                 *shlex.split(options.build)]
        return None if bend([*words, *(() if request.is_parallel else ('-t', '1'))]) else program
    compiler = shlex.split(options.cc)
    try:
        text, _ = driver.generate_c(request, PassManager(Options()), Cache.of_user(), lambda found: render((found,)),
                                    options.engine)
    except BendError as problem:
        print(f'{name:12} {problem.diagnostics[0].message}')
        return None
    source, program = folder / f'{name}.c', folder / name
    source.write_text(text, encoding='utf-8')
    subprocess.run([*compiler, '-Wall', '-Wextra', str(source), '-o', str(program), '-lm', '-lpthread'], check=True)
    return program


def usual_seconds(program: compiling.Program, threads: int, expected: str) -> float:
    """The processor time of a run in this process."""
    start = time.process_time()
    result = running.run(program, running.Resources(threads))
    seconds = time.process_time() - start
    text, _ = running.show_result(program, result, running.Resources(threads), 'default', False)
    if text != expected:
        sys.exit(f'{text} instead of {expected}')
    return seconds


def standalone_seconds(command: list[str], expected: str) -> float:
    """The processor time of a standalone program."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if text != f'Result: {expected}\n':
        sys.exit(f'{shlex.join(command)}: {text} instead of {expected}')
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('workloads', type=Path)
    parser.add_argument('--size', default='small')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--cc', default='gcc -O2')
    parser.add_argument('--build', metavar='OPTIONS', help='measure executables of `bend build` with these options')
    parser.add_argument('--only', default='')
    parser.add_argument('--engine', default='auto', choices=('auto', 'direct', 'net'))
    parser.add_argument('--turns', type=int, default=5)
    options = parser.parse_args()
    print(f'{"workload":12} {"bend run":>10} {"standalone":>10} {"ratio":>6}')
    with tempfile.TemporaryDirectory() as folder, open(options.workloads / 'workloads.tsv', newline='') as file:
        for row in csv.DictReader(file, delimiter='\t'):
            name, argument, expected = row['name'], row[options.size], row[f'result {options.size}']
            if options.only not in name:
                continue
            request = driver.Request(driver.load(str(options.workloads / f'{name}.bend')), Options(),
                                     is_parallel=options.threads > 1)
            made = build(request, options, Path(folder))
            if made is None:
                continue
            applied = replace(request, arguments=(argument,))
            program = compiling.compile_program(applied, options.engine, PassManager(Options()), Cache.of_user())
            command = [str(made), '-t', str(options.threads), argument]
            try:
                pairs = [(usual_seconds(program, options.threads, expected), standalone_seconds(command, expected))
                         for _ in range(options.turns)]
            except NeedsNets:
                print(f'{name:12} needs nets')
                continue
            usual, standalone = map(min, zip(*pairs, strict=True))
            print(f'{name:12} {usual:10.4f} {standalone:10.4f} {standalone / usual:6.2f}', flush=True)


if __name__ == '__main__':
    main()
