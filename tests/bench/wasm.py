"""Measures WebAssembly programs (`bend build --target wasm32`) in Node against the same programs in this process, as
`bend run` runs them with one thread.

    python tests/bench/wasm.py WORKLOADS [--size small] [--only NAME] [--turns 5] [--browser]
    python tests/bench/wasm.py --hello [--turns 50]

WORKLOADS is a folder of programs with a table, workloads.tsv, of the argument of `main` and the result at some sizes.
They run in turns; the least processor time of all turns counts, which other processes disturb less than the clock. That
of Node is of the whole process, less what it takes to load the module and find that it has no argument. Tells the size
of modules and that time, too. A result that is not the one in the table ends the run. With `--browser` they run in
Chromium afterwards, which tells the least time by the clock.

With `--hello`, it measures programs that do next to nothing, and Node alone: the least time by the clock, and the peak
of memory.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
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

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hello import ACTING, HELLO, LAUNCHER, compiled
from standalone import usual_seconds

from tests.web.browser import evaluated


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


def browser_milliseconds(folder: Path, name: str, argument: str, turns: int) -> float:
    """What a module says that its run in a browser took, the least of some turns."""
    (folder / 'page.html').write_text('<!doctype html><script src="bend.js"></script>', encoding='utf-8')
    found: list[float] = evaluated(folder, 'page.html', f"""
        const found = [];
        for (let turn = 0; turn < {turns}; turn++) {{
            found.push((await bend.start('{name}.wasm', [{argument}]).done).milliseconds);
        }}
        return found;""")
    return min(found)


def hello(turns: int) -> None:
    """Measures programs that do next to nothing."""
    node = shutil.which('node')
    assert node is not None
    print(f'{"program":12} {"bytes":>7} {"ms":>7} {"MB":>6}')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        launcher = folder / 'launcher'
        (folder / 'launcher.c').write_text(LAUNCHER, encoding='utf-8')
        compiled(folder / 'launcher.c', launcher)
        (folder / 'empty.js').write_text('', encoding='utf-8')
        commands: list[tuple[str, int, list[str]]] = [('Node alone', 0, [node, str(folder / 'empty.js')])]
        for title, source in (('result', HELLO), ('with IO', ACTING)):
            path = folder / f'{title}.bend'
            path.write_text(source, encoding='utf-8')
            module = build(driver.Request(driver.load(str(path)), Options(), is_parallel=False), folder)
            assert module is not None
            commands.append((title, module.stat().st_size, [node, str(folder / 'bend.js'), str(module)]))
        for title, size, command in commands:
            done = subprocess.run([str(launcher), str(turns), *command], capture_output=True, text=True, check=True)
            milliseconds, kilobytes = done.stdout.split()
            print(f'{title:12} {size:7} {float(milliseconds):7.1f} {int(kilobytes) / 1024:6.1f}')


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('workloads', type=Path, nargs='?')
    parser.add_argument('--hello', action='store_true')
    parser.add_argument('--browser', action='store_true')
    parser.add_argument('--size', default='small')
    parser.add_argument('--only', default='')
    parser.add_argument('--turns', type=int, default=5)
    options = parser.parse_args()
    if options.hello:
        hello(options.turns)
        return
    if options.workloads is None:
        parser.error('name the folder of the workloads, or --hello')
    print(f'{"workload":12} {"bytes":>7} {"start":>8} {"bend run":>10} {"Node":>10} {"ratio":>6} {"browser":>10}')
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
                  f'{(node - start) / usual:6.2f}', end='', flush=True)
            if options.browser:
                seconds = browser_milliseconds(Path(folder), name, argument, options.turns) / 1000
                print(f' {seconds:10.4f}', end='')
            print(flush=True)


if __name__ == '__main__':
    main()
