"""Nets on a real GPU beside CPU threads: `python -m tests.gpu_net.measure_nets RESULTS.json`.

Runs each program in several sizes, and with `--forms` with other schedules, in a process of its own. Writes one JSON
object: `ok` (results and interactions of each rule are those of the CPU), and for each program and size the seconds of
both, interactions, tasks, turns and bytes. `--only NAME` runs one program, `--emulated` uses threads of the CPU, to try
out this script.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bend.codegen.gpu_nets import compile_for_gpu, gpu_net_module
from bend.codegen.nets import compile_program
from bend.deep_stack import with_deep_stack
from bend.driver import Request as Source_Request
from bend.driver import compile_source
from bend.hvm import net
from bend.hvm.compare import same_tree
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.runtime.gpu import Gpu
from bend.runtime.gpu_device import require_gpu
from bend.runtime.gpu_net import GpuResult, LinkedProgram, Tuning, link_program
from bend.source import Source
from tests.gpu_net.device import link_for_cpu

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400
REPETITIONS = 3
SUM = """
def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)

def main():
  return sum(SIZE, 0)
"""
TREE = """
type Bush:
  Node { ~left, ~right }
  Leaf { value }

def grow(depth, x):
  switch depth:
    case 0:
      return Bush/Leaf(x)
    case _:
      return Bush/Node(grow(depth-1, x * 2), grow(depth-1, x * 2 + 1))

def total(bush):
  fold bush:
    case Bush/Node:
      return bush.left + bush.right
    case Bush/Leaf:
      return bush.value

def main():
  return total(grow(SIZE, 0))
"""
BITONIC = """
def gen(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return (gen(depth-1, x * 2 + 1), gen(depth-1, x * 2))

def total(depth, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      return total(depth-1, a) + total(depth-1, b) * 3

def swap(s, a, b):
  switch s:
    case 0:
      return (a, b)
    case _:
      return (b, a)

def warp(depth, s, a, b):
  switch depth:
    case 0:
      return swap(s ^ (a > b), a, b)
    case _:
      (a0, a1) = a
      (b0, b1) = b
      (c0, c1) = warp(depth-1, s, a0, b0)
      (d0, d1) = warp(depth-1, s, a1, b1)
      return ((c0, d0), (c1, d1))

def flow(depth, s, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      return down(depth, s, warp(depth-1, s, a, b))

def down(depth, s, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      return (flow(depth-1, s, a), flow(depth-1, s, b))

def sort(depth, s, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      return flow(depth, s, (sort(depth-1, 0, a), sort(depth-1, 1, b)))

def main():
  return total(SIZE, sort(SIZE, 0, gen(SIZE, 0)))
"""
QUEENS = """
def safe(queen, distance, rows):
  match rows:
    case List/Nil:
      return 1
    case List/Cons:
      same = (rows.head == queen) | (rows.head == queen + distance) | (rows.head + distance == queen)
      return (same == 0) & safe(queen, distance + 1, rows.tail)

def place(rows_left, column, rows, size):
  switch rows_left:
    case 0:
      return 1
    case _:
      return columns(size, rows_left-1, rows, size)

def columns(column, rows_left, rows, size):
  switch column:
    case 0:
      return 0
    case _:
      return extend(safe(column, 1, rows), column, rows_left, rows, size) + columns(column-1, rows_left, rows, size)

def extend(is_safe, column, rows_left, rows, size):
  switch is_safe:
    case 0:
      return 0
    case _:
      return place(rows_left, column, List/Cons(column, rows), size)

def main():
  return place(SIZE, 0, [], SIZE)
"""
LOOP = """
def loop(n, x):
  switch n:
    case 0:
      return x
    case _:
      return loop(n-1, (x * 31 + n) ^ 7)

def main():
  return loop(SIZE, 1)
"""
PROGRAMS: Mapping[str, tuple[str, tuple[int, ...], int]] = {
    'sum': (SUM, (16, 20, 24), 9), 'tree': (TREE, (14, 18, 20), 7), 'bitonic': (BITONIC, (10, 14, 18), 5),
    'queens': (QUEENS, (6, 8, 9), 4), 'loop': (LOOP, (1000, 20000), 300),
}
"""A program, its sizes, and the one for emulated devices."""
FORMS: Mapping[str, Tuning] = {
    'as it comes': Tuning(), 'looks often': Tuning(least=2), 'looks seldom': Tuning(least=16, most=1024),
    'small helpings': Tuning(most=64), 'long turns': Tuning(rounds=32), 'small magazines': Tuning(magazine=256),
    'blocks keep nothing': Tuning(kept=0),
}


def nets_of(text: str) -> net.Book:
    """The nets of a program."""
    request = Source_Request(Source('program.bend', text), Options(), RUN_SEVERITIES, is_run=True)
    found = with_deep_stack(lambda: compile_source(request, PassManager(request.options), Cache.of_user())).final_nets
    assert found is not None
    return found


def linked(book: net.Book, emulated: bool) -> LinkedProgram:
    """A program on the device."""
    if emulated:
        return link_for_cpu(book, threaded=True)
    program = compile_for_gpu(book, by_rule=True)
    return link_program(program, gpu_net_module(program), Gpu(require_gpu()), Cache.of_user())


def best(device: LinkedProgram) -> GpuResult:
    """The fastest of some runs; the first one also loads the code."""
    device.run()
    return min((device.run() for _ in range(REPETITIONS)), key=lambda found: found.result.seconds)


def measured(text: str, emulated: bool, forms: bool) -> dict[str, Any]:
    """One size of a program."""
    book = nets_of(text)
    on_threads = cpu.run(compile_program(book, by_rule=True))
    device = linked(book, emulated)
    found = best(device)
    given = found.result
    same = same_tree(given.net.root, on_threads.net.root) and given.by_rule == on_threads.by_rule
    result: dict[str, Any] = {
        'ok': same, 'interactions': given.interactions, 'seconds': given.seconds, 'cpu_seconds': on_threads.seconds,
        'grid': asdict(device.grid), 'tasks': found.tasks, 'turns': found.turns, 'bytes': given.peak_bytes}
    if not same:
        result['by_rule'] = [dict(given.by_rule), dict(on_threads.by_rule)]
    if forms and not emulated:
        result['forms'] = {name: best(replace(device, tuning=tuning)).result.seconds for name, tuning in FORMS.items()}
        half = replace(device.grid, blocks=(device.grid.blocks + 1) // 2)
        result['forms']['half the blocks'] = best(replace(device, grid=half)).result.seconds
    return result


def all_sizes(name: str, emulated: bool, forms: bool) -> dict[str, Any]:
    """All sizes of a program."""
    text, sizes, small = PROGRAMS[name]
    found: dict[str, Any] = {}
    for size in (small,) if emulated else sizes:
        try:
            found[str(size)] = measured(text.replace('SIZE', str(size)), emulated, forms)
        except Exception:
            found[str(size)] = {'ok': False, 'error': traceback.format_exc()}
            break
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog='python -m tests.gpu_net.measure_nets', description=__doc__)
    parser.add_argument('results', type=Path)
    parser.add_argument('--only', choices=PROGRAMS)
    parser.add_argument('--forms', action='store_true', help='also with other schedules')
    parser.add_argument('--emulated', action='store_true')
    parser.add_argument('--inside', action='store_true', help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        arguments.results.write_text(json.dumps(all_sizes(arguments.only, arguments.emulated, arguments.forms)))
        return 0
    programs: dict[str, Any] = {}
    for name in [arguments.only] if arguments.only else PROGRAMS:
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, 'found.json')
            options = [word for word in ('emulated', 'forms') if getattr(arguments, word)]
            command = [sys.executable, '-m', 'tests.gpu_net.measure_nets', str(results), '--inside', '--only', name,
                       *(f'--{word}' for word in options)]
            try:
                subprocess.run(command, cwd=ROOT, timeout=SECONDS, check=True)
                programs[name] = json.loads(results.read_text())
            except (subprocess.SubprocessError, OSError) as problem:
                programs[name] = {'all': {'ok': False, 'error': str(problem)}}
        for size, found in programs[name].items():
            print(name, size, json.dumps(found), flush=True)
    is_good = all(found['ok'] for sizes in programs.values() for found in sizes.values())
    arguments.results.write_text(json.dumps({'ok': is_good, 'programs': programs}, indent=1) + '\n')
    return 0 if is_good else 1


if __name__ == '__main__':
    sys.exit(main())
