"""Programs on a GPU, beside the same ones on the cores of the CPU, for `run_all`."""

from __future__ import annotations

import statistics
import time
from typing import Any

from bend.codegen.direct.compile import compile_direct
from bend.codegen.states.compile import compile_gpu
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.runtime.cache import Cache
from bend.runtime.direct import host as native
from bend.runtime.gpu import Gpu, Request
from bend.runtime.gpu_device import require_gpu
from bend.runtime.region import available_threads
from bend.runtime.waves.gpu import open_gpu_run
from tests.gpu.waves_gpu import emulated
from tests.waves.device import book_of, shown
from tests.waves.device_programs import PROGRAMS

TIMES = 3
MEMORY = 8 << 30
SIZES: dict[str, tuple[str, tuple[str, ...]]] = {
    'sum': ('sum(7, 1)', ('sum(16, 1)', 'sum(20, 1)', 'sum(24, 1)')),
    'fib': ('fib(13)', ('fib(20)', 'fib(32)')),
    'tree': ('make(6, 1)', ('make(12, 1)', 'make(18, 1)', 'make(20, 1)')),
    'queens': ('fill(5, 5, [])', ('fill(7, 7, [])', 'fill(10, 10, [])', 'fill(12, 12, [])')),
    'merge sort': ('numbers(12, 1)', ('numbers(1000, 1)',)),
    'deep list': ('down(3000)', ('down(100000)', 'down(1000000)')),
}
"""Calls that make the programs of `tests.waves` small, and others in their place."""


def names() -> list[str]:
    """The programs, and examples."""
    return [*PROGRAMS, 'bitonic_sort']


def measured(name: str, root: Any, is_emulated: bool) -> dict[str, Any]:
    """What a program gives on both, and what that takes, in all sizes."""
    if name not in PROGRAMS:
        texts = {name: (root / 'examples' / f'{name}.bend').read_text(encoding='utf-8')}
    else:
        text, _ = PROGRAMS[name]
        small, others = SIZES.get(name, ('', ()))
        texts = {small or name: text, **({} if is_emulated else {size: text.replace(small, size) for size in others})}
    runs = {size: _run(book_of(text), is_emulated) for size, text in texts.items()}
    return {'ok': all(run['equal'] for run in runs.values()), 'runs': runs}


def _run(book: core.Book, is_emulated: bool) -> dict[str, Any]:
    expected, seconds_cpu = _on_cpu(book)
    begin = time.perf_counter()
    if is_emulated:
        program, gpu = emulated(book)
        request = Request(blocks=2, threads=32)
    else:
        gpu, request = Gpu(require_gpu()), Request()
        program = with_deep_stack(lambda: compile_gpu(book, gpu.device.capability, Cache(None)))
    compiled = time.perf_counter()
    with open_gpu_run(program, gpu, request, Cache(None)) as run:
        opened = time.perf_counter()
        found, times = '', []
        for _ in range(TIMES):
            before = run.device_seconds
            word = run.evaluate(0)
            times.append(run.device_seconds - before)
            found = shown(run, word)
        return {'equal': found == expected, 'found': found[:200], 'expected': expected[:200],
                'seconds_cpu': seconds_cpu, 'seconds_gpu': statistics.median(times), 'seconds_gpu_first': times[0],
                'seconds_to_compile': compiled - begin, 'seconds_to_link_and_open': opened - compiled,
                'seconds_with_host': run.seconds, 'waves': list(run.waves), 'peak_bytes': run.peak_bytes,
                'blocks': run.device.blocks, 'threads': run.device.threads}


def _on_cpu(book: core.Book) -> tuple[str, float]:
    """What native code gives on all cores, and the seconds of its computation."""
    program = with_deep_stack(lambda: compile_direct(book))
    with native.open_run(program, available_threads(), MEMORY) as run:
        word = run.evaluate(0)
        return shown(run, word), run.seconds
