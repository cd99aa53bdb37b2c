"""Measures WebAssembly programs (`bend build --target wasm32`) in Node against the same programs in this process, as
`bend run` runs them with one thread.

    python tests/bench/wasm.py WORKLOADS [--size small] [--only NAME] [--turns 5]

WORKLOADS is a folder of programs with a table, workloads.tsv, of the argument of `main` and the result at some sizes.
They run in turns; the least processor time of all turns counts, which other processes disturb less than the clock. That
of Node is of the whole process, less what it takes to load the module and find that it has no argument. Tells the size
of modules and that time, too. A result that is not the one in the table ends the run.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bend import compiling, driver
from bend.building.targets import Job, Settings
from bend.building.wasm import build_wasm
from bend.cli.render import render
from bend.diagnostics import BendError
from bend.options import Options
from bend.passes import PassManager
from bend.running_direct import NeedsNets
from bend.runtime.cache import Cache

sys.path.insert(0, str(Path(__file__).resolve().parent))
from standalone import usual_seconds


def build(request: driver.Request, folder: Path) -> Path | None:
    """The module of a workload; None if there cannot be one."""
    path = folder / f'{Path(request.source.name).stem}.wasm'
    try:
        made = build_wasm(Job(request, PassManager(Options()), Cache.of_user(), lambda found: render((found,)),
                              Settings(), path))
    except BendError as problem:
        print(f'{path.stem:12} {problem.diagnostics[0].message}')
        return None
    for file in made.files:
        (folder / (file.name or path.name)).write_bytes(file.data)
    return path


def node_seconds(module: Path, arguments: list[str], expected: str) -> float:
    """The processor time of Node with a module."""
    command = ['node', str(module.with_name('bend.js')), str(module), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if text != expected:
        sys.exit(f'{" ".join(command)}: {text} instead of {expected}')
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('workloads', type=Path)
    parser.add_argument('--size', default='small')
    parser.add_argument('--only', default='')
    parser.add_argument('--turns', type=int, default=5)
    options = parser.parse_args()
    print(f'{"workload":12} {"bytes":>7} {"start":>8} {"bend run":>10} {"Node":>10} {"ratio":>6}')
    with tempfile.TemporaryDirectory() as folder, open(options.workloads / 'workloads.tsv', newline='') as file:
        for row in csv.DictReader(file, delimiter='\t'):
            name, argument, expected = row['name'], row[options.size], row[f'result {options.size}']
            if options.only not in name:
                continue
            request = driver.Request(driver.load(str(options.workloads / f'{name}.bend')), Options(), is_parallel=False)
            module = build(request, Path(folder))
            if module is None:
                continue
            applied = replace(request, arguments=(argument,))
            program = compiling.compile_program(applied, 'auto', PassManager(Options()), Cache.of_user())
            try:
                turns = [(usual_seconds(program, 1, expected), node_seconds(module, [], ''),
                          node_seconds(module, [argument], f'Result: {expected}\n')) for _ in range(options.turns)]
            except NeedsNets:
                print(f'{name:12} needs nets')
                continue
            usual, start, node = map(min, zip(*turns, strict=True))
            print(f'{name:12} {module.stat().st_size:7} {start:8.4f} {usual:10.4f} {node - start:10.4f} '
                  f'{(node - start) / usual:6.2f}', flush=True)


if __name__ == '__main__':
    main()
