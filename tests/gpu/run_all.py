"""Everything that only a GPU can show, in one go: `python -m tests.gpu.run_all RESULTS.json`.

Runs each section in a process of its own, since a fault of a kernel is the end of its process's use of the GPU, and
writes one JSON object: `ok`, and for each section `ok`, `seconds`, and what was found, or `error`. `--only NAME` runs
one section, `--workloads FOLDER` also runs larger programs, with a table of their results, `workloads.tsv`;
`--emulated` runs on threads of the CPU, to try out this script.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, cast

from bend.codegen import lir
from bend.codegen.pylir import compile_kernel
from bend.runtime.cache import Cache
from bend.runtime.gpu import (
    Gpu,
    GpuFailure,
    Grid,
    OutOfGpuMemory,
    Request,
    gpu_ptx,
    grid_of,
    load_numba,
    memory_of,
    wait_for,
)
from bend.runtime.gpu_device import require_gpu
from bend.runtime.gpu_record import Record, run_record
from bend.runtime.gpu_trial import KERNEL, SHARED_MEMORY, run_trial
from tests.gpu import commands, programs
from tests.gpu.emulation import EmulatedGpu

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
NO_CACHE = Cache(None)
SECTION_SECONDS = 150
GOLDEN_SECONDS = 480
LITMUS_FORMS = ('exchange', 'add', 'fences', 'weak', 'store-strong', 'store-fences', 'store-weak')
# The forms whose outcome no order forbids.
WEAK_FORMS = ('weak', 'store-weak')
FUNCTIONS = ('sine', 'tangent', 'natural_logarithm', 'arc_tangent', 'power', 'remainder_after_division', 'operate')
TRAP = '''from bend.runtime.kernel.lang import export, trap, u64


@export
def start(place: u64) -> None:
    if place != 1:
        trap()
'''


class Lab:
    """Where sections run: on a GPU, or emulated, with fewer rounds."""

    def __init__(self, emulated: bool) -> None:
        self.emulated = emulated

    def open(self, *modules: Path) -> tuple[Gpu, lir.Module]:
        """A GPU and the module that is compiled of kernel modules for it."""
        module = compile_kernel([*modules, KERNEL / 'device.py'])
        return (cast(Gpu, EmulatedGpu(*modules)) if self.emulated else Gpu(require_gpu())), module

    def scaled(self, count: int, emulated: int) -> int:
        """A number of rounds or operands."""
        return emulated if self.emulated else count


def doctor(lab: Lab) -> dict[str, Any]:
    """What `bend doctor` finds."""
    from bend.cli.doctor import as_json, examine, has_gpu
    checks = examine(Cache.of_user())
    found: dict[str, Any] = json.loads(as_json(checks))
    return {'ok': lab.emulated or has_gpu(checks), **found}


def startup(lab: Lab) -> dict[str, Any]:
    """Where the time goes before a kernel runs, and what a launch costs."""
    watch = _Laps()
    if not lab.emulated:
        load_numba()
        watch.lap('import numba.cuda')
    gpu, module = lab.open(KERNEL / 'trial.py')
    watch.lap('open the device')
    gpu_ptx(module, 'run_trial', gpu.device.capability, NO_CACHE)
    watch.lap('compile to PTX')
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder))
        kernel = gpu.kernel(module, 'run_trial', cache)
        watch.lap('compile to PTX and link')
        gpu.kernel(module, 'run_trial', cache)
        watch.lap('link again')
    times = []
    for _ in range(lab.scaled(50, 2)):
        record = Record(module, 'TrialRecord')
        begin = time.perf_counter()
        run_record(gpu, kernel, Grid(1, 32, SHARED_MEMORY), record, 'trial')
        times.append(time.perf_counter() - begin)
    return {'ok': True, 'seconds_of': watch.laps, 'first_launch': times[0], 'launch': statistics.median(times[1:]),
            'attributes': {} if lab.emulated else kernel.attributes()}


def trial(lab: Lab) -> dict[str, Any]:
    """How long threads wait for each other, by the size of the grid: all sizes that the registers suffice for."""
    gpu, module = lab.open(KERNEL / 'trial.py')
    kernel = gpu.kernel(module, 'run_trial', NO_CACHE)
    found = []
    for threads in (32, 128, 256, 512, 1024) if not lab.emulated else (32,):
        for blocks in (1, None) if kernel.resident_blocks(threads, SHARED_MEMORY) > 0 else ():
            result = run_trial(gpu, NO_CACHE, Request(blocks=blocks, threads=threads), lab.scaled(1000, 2))
            found.append({'blocks': result.blocks, 'threads': threads, 'seconds_of_wait': result.seconds_of_wait})
    return {'ok': bool(found), 'grids': found}


def shared_memory(lab: Lab) -> dict[str, Any]:
    """A launch whose blocks have most of the shared memory of a processor."""
    gpu, _ = lab.open(KERNEL / 'trial.py')
    size = gpu.device.shared_memory & ~1023
    result = run_trial(gpu, NO_CACHE, Request(threads=32), lab.scaled(100, 2), shared_memory=size)
    return {'ok': True, 'bytes': size, 'blocks': result.blocks}


def stop(lab: Lab) -> dict[str, Any]:
    """How soon an interrupt ends a launch that would go on for ever."""
    gpu, _ = lab.open(KERNEL / 'trial.py')
    begin = time.perf_counter()
    interrupted = 0.0
    progress = 0

    def interrupt(number: int) -> None:
        nonlocal interrupted, progress
        progress = number
        if time.perf_counter() - begin > (0.1 if lab.emulated else 2.0) and number > 0:
            interrupted = time.perf_counter()
            raise KeyboardInterrupt

    try:
        run_trial(gpu, NO_CACHE, rounds=0, watch=interrupt)
    except KeyboardInterrupt:
        return {'ok': True, 'seconds_to_stop': time.perf_counter() - interrupted, 'progress': progress}
    return {'ok': False, 'error': 'the launch ended by itself'}


def litmus(lab: Lab) -> dict[str, Any]:
    """How often an outcome was seen that strong orders forbid."""
    gpu, module = lab.open(HERE / 'litmus.py')
    kernel = gpu.kernel(module, 'run_litmus', NO_CACHE)
    blocks = min(kernel.resident_blocks(32, 0), 256) & ~1
    found = {}
    for number, form in enumerate(LITMUS_FORMS):
        record = Record(module, 'LitmusRecord')
        record['litmus.form'], record['litmus.rounds'] = number, lab.scaled(20_000, 20)
        control = run_record(gpu, kernel, Grid(blocks, 32, 0), record, 'litmus', SECTION_SECONDS / 10)
        assert control.progress() == record['litmus.rounds']
        found[form] = record['litmus.forbidden']
    strong = [count for form, count in found.items() if form not in WEAK_FORMS]
    return {'ok': not any(strong), 'pairs': blocks // 2, 'forbidden': found}


def compute(lab: Lab) -> dict[str, Any]:
    """Whether arithmetic and mathematics give the same bits as on the CPU."""
    count = lab.scaled(1 << 18, 1 << 8)
    operands = _operands(count)
    gpu, module = lab.open(HERE / 'compute.py')
    mine = _computed(gpu, module, operands, Request())
    theirs = _computed(cast(Gpu, EmulatedGpu(HERE / 'compute.py')), module, operands, Request(blocks=1, threads=32))
    different: dict[str, Any] = {}
    for number, name in enumerate(FUNCTIONS):
        pairs = [(place, mine[place], theirs[place]) for place in range(number * count, (number + 1) * count)
                 if mine[place] != theirs[place]]
        different[name] = {
            'count': len(pairs), 'only_nan': sum(_is_nan(first) and _is_nan(second) for _, first, second in pairs),
            'first': [{'operands': operands[2 * (place % count):2 * (place % count) + 2], 'gpu': first, 'cpu': second}
                      for place, first, second in pairs[:3]]}
    return {'ok': not any(item['count'] for item in different.values()), 'operands': count, 'different': different}


def memory(lab: Lab) -> dict[str, Any]:
    """The memory that a run gets by default, and an error for too much."""
    gpu, _ = lab.open(KERNEL / 'trial.py')
    size = lab.scaled(memory_of(Request(), gpu.free_memory()), 1 << 20)
    begin = time.perf_counter()
    buffer = gpu.buffer(size)
    seconds = time.perf_counter() - begin
    buffer.write(b'end', size - 3)
    is_kept = buffer.read(size - 3, 3) == b'end'
    try:
        memory_of(Request(memory=2 * gpu.device.memory), gpu.free_memory())
    except OutOfGpuMemory as problem:
        return {'ok': is_kept, 'bytes': size, 'seconds_to_allocate': seconds, 'too_much': problem.message}
    return {'ok': False, 'error': 'more memory than there is was allowed'}


def trap(lab: Lab) -> dict[str, Any]:
    """A kernel that fails is an error that says so."""
    if lab.emulated:
        return {'ok': True, 'message': 'not tried: it would end this process'}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'kernel.py')
        path.write_text(TRAP, encoding='utf-8')
        module = compile_kernel([path])
    gpu = Gpu(require_gpu())
    kernel = gpu.kernel(module, 'start', NO_CACHE)
    grid = grid_of(Request(blocks=1), gpu.device, lambda threads: kernel.resident_blocks(threads, 0), 0)
    try:
        wait_for(kernel.launch(grid, 2), gpu.control(), 10)
    except GpuFailure as problem:
        return {'ok': True, 'message': problem.message}
    return {'ok': False, 'error': 'the kernel did not fail'}


def program(name: str) -> Callable[[Lab], dict[str, Any]]:
    """A program, in several sizes, beside the same one on the CPU."""
    return lambda lab: programs.measured(name, ROOT, lab.emulated)


def command(function: Callable[[bool], dict[str, Any]]) -> Callable[[Lab], dict[str, Any]]:
    """What `bend run-cu` does."""
    return lambda lab: function(lab.emulated)


SECTIONS: Mapping[str, Callable[[Lab], dict[str, Any]]] = {
    **{function.__name__: function
       for function in (doctor, startup, trial, shared_memory, stop, litmus, compute, memory, trap)},
    **{f'program {name}': program(name) for name in programs.names()},
    **{name: command(function) for name, function in commands.SECTIONS.items()}}


# ---- parts of sections -----------------------------------------------------------------------


class _Laps:
    """Seconds between points in time."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _operands(count: int) -> list[int]:
    """Pairs of operands: bits of floats for mathematics, which are words of numbers for arithmetic as well."""
    random = Random(6)
    words = []
    for _ in range(count):
        words.append(random.getrandbits(24) << 5 | random.randint(4, 22))
        words.append(random.getrandbits(24) << 5 | random.randint(1, 3))
        if random.random() < 0.7:
            # Larger and negative floats: as words, what lies above bit 28 does not count.
            words[-2:] = [word | random.getrandbits(3) << 29 for word in words[-2:]]
    return words


def _computed(gpu: Gpu, module: lir.Module, operands: list[int], request: Request) -> list[int]:
    """The results of all functions."""
    count = len(operands) // 2
    kernel = gpu.kernel(module, 'run_work', NO_CACHE)
    grid = grid_of(request, gpu.device, lambda threads: kernel.resident_blocks(threads, 0), 0)
    source, target = gpu.buffer(8 * count), gpu.buffer(8 * count * len(FUNCTIONS))
    source.write(bytes((ctypes.c_uint32 * (2 * count))(*operands)))
    record = Record(module, 'WorkRecord')
    record['work.count'], record['work.operands'], record['work.results'] = count, source.address, target.address
    run_record(gpu, kernel, grid, record, 'work', SECTION_SECONDS / 3)
    return list((ctypes.c_uint64 * (count * len(FUNCTIONS))).from_buffer_copy(target.read(0, target.size)))


def _is_nan(bits: int) -> bool:
    return bits & (1 << 63) - 1 > 0x7FF << 52


# ---- the whole -------------------------------------------------------------------------------


def _section(name: str, emulated: bool) -> dict[str, Any]:
    """Runs a section in a process of its own."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'result.json')
        words = [sys.executable, '-m', 'tests.gpu.run_all', str(path), '--section', name]
        words += ['--emulated'] if emulated else []
        seconds = GOLDEN_SECONDS if name == 'run-cu golden' else SECTION_SECONDS
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT)
            text = (done.stdout + done.stderr)[-3000:]
        except subprocess.TimeoutExpired:
            text = f'took longer than {seconds} s'
        found = json.loads(path.read_text()) if path.exists() else {'ok': False, 'error': text}
    return {'seconds': time.perf_counter() - begin, **found}


def main() -> int:
    """Runs what the command line asks for; gives the exit code."""
    parser = argparse.ArgumentParser(description='Runs everything that only a GPU can show.')
    parser.add_argument('results', type=Path, help='the file of JSON to write')
    parser.add_argument('--only', choices=SECTIONS, action='append', help='run this section, not all')
    parser.add_argument('--emulated', action='store_true', help='run on threads of the CPU')
    parser.add_argument('--workloads', type=Path, metavar='FOLDER', help='also run the programs of a folder')
    parser.add_argument('--section', choices=SECTIONS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.section is not None:
        arguments.results.write_text(json.dumps(SECTIONS[arguments.section](Lab(arguments.emulated))))
        return 0
    sections = {}
    for name in arguments.only or SECTIONS:
        sections[name] = _section(name, arguments.emulated)
        outcome, seconds = 'ok' if sections[name]['ok'] else 'FAILED', sections[name]['seconds']
        print(f'{outcome:<8}{name:<24}{seconds:6.1f} s', flush=True)
    if arguments.workloads is not None:
        sections['workloads'] = commands.workloads(arguments.workloads.resolve())
        for name, run in sections['workloads']['runs'].items():
            seconds = run.get('seconds', {}).get('kernel')
            print(f'{"ok" if run["ok"] else "FAILED":<8}{name:<24}' +
                  ('needs nets' if seconds is None else f'{seconds:8.4f} s in the kernel'), flush=True)
    is_good = all(section['ok'] for section in sections.values())
    arguments.results.write_text(json.dumps({'ok': is_good, 'sections': sections}, indent=1) + '\n')
    return 0 if is_good else 1


if __name__ == '__main__':
    sys.exit(main())
