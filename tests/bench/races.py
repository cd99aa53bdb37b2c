"""Looks for races of the direct engine: runs under the thread sanitizer, oversubscribed and with random yields.

    python -m tests.bench.races [--dir FOLDER] [--threads 2,4,8,16] [--runs 5] [--programs 20] [--seed 0]
                                [--yields 40] [--plain]

Kernel and program are emitted as C and compiled by gcc with `-fsanitize=thread`, so that every access to memory is
watched; one atomic operation in `--yields` gives way to other threads before it is done, at random. Each run is
compared with one on a single thread. `--plain` leaves the sanitizer away: that is some twenty times faster.

The programs are the workloads of FOLDER that are named below, at sizes that fit the sanitizer (its own stack holds some
ten thousand calls), and random ones as in `tests.direct.programs`. What the sanitizer reports is printed, and the exit
code is then 1.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from bend.codegen import lir
from bend.codegen.direct.compile import layouts, lower_direct
from bend.codegen.direct.ir import Unsupported
from bend.codegen.direct.kernel_code import kernel
from bend.codegen.emit_c import emit_c, support
from bend.codegen.lir_merge import merge
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime import jit
from bend.runtime.cache import Cache
from bend.runtime.direct import host
from bend.runtime.direct.program import DirectProgram
from bend.source import Source
from tests.direct.audit import faults
from tests.direct.programs import program as random_program

ROOT = Path(__file__).resolve().parents[2]
SIZES = {'psum': '13', 'tree': '11', 'bitonic': '8', 'quicksort': '1500', 'msort': '1500', 'queens': '6', 'fib': '17',
         'listsum': '1500', 'hof': '1500', 'stencil': '7', 'mandelbrot': '4'}
MEMORY = 1 << 28
REPORTED = 66
YIELDS = '''
#include <sched.h>
static __thread u64 yield_seed;
static inline int maybe_yield(void) {
    if (yield_seed == 0) { yield_seed = (u64)&yield_seed * 0x9E3779B97F4A7C15u | 1; }
    yield_seed ^= yield_seed << 13;
    yield_seed ^= yield_seed >> 7;
    yield_seed ^= yield_seed << 17;
    return (yield_seed >> 33) % YIELDS == 0 ? sched_yield() : 0;
}
'''
ATOMICS = ('compare_exchange_n', 'exchange_n', 'fetch_add', 'fetch_and', 'fetch_or', 'fetch_sub', 'load_n')


def programs(options: argparse.Namespace) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Names, texts and arguments."""
    for name, size in SIZES.items():
        path = options.dir / f'{name}.bend'
        if path.exists():
            yield name, path.read_text(), (size,)
    for seed in range(options.seed, options.seed + options.programs):
        yield f'random {seed}', random_program(Random(seed)), ()


def compiled(text: str, arguments: tuple[str, ...], files: Cache) -> tuple[DirectProgram, lir.Module] | None:
    """A program, and the module of it and the kernel; None for what the direct engine cannot run on several threads."""
    request = Request(Source('program.bend', text), Options(), arguments=arguments, is_run=True)
    try:
        book = compile_source(request, PassManager(Options()), files, None).book
        lowered = with_deep_stack(lambda: lower_direct(book, parallel=True))
    except (BendError, Unsupported):
        return None
    if not lowered.program.parallel or lowered.program.actions is not None:
        return None
    module = merge(kernel(lowered.variant), lowered.module)
    return replace(lowered.program, layouts=layouts(module)), module


def shared_object(module: lir.Module, yields: int, plain: bool, path: Path) -> None:
    """Compiles a module."""
    wrapped = [f'#define __atomic_{name}(...) (maybe_yield(), __atomic_{name}(__VA_ARGS__))' for name in ATOMICS]
    text = '\n'.join([support(), f'#define YIELDS {yields}', YIELDS, *wrapped, emit_c(module)])
    path.with_suffix('.c').write_text(text)
    sanitizer = [] if plain else ['-fsanitize=thread']
    subprocess.run(['gcc', '-O1', '-g', '-w', '-fPIC', '-shared', *sanitizer, str(path.with_suffix('.c')), '-o',
                    str(path)], check=True)


class Sanitized(jit.Library):
    """A shared object in the place of object code."""

    def __init__(self, path: str) -> None:
        super().__init__(None)
        self.library = ctypes.CDLL(path)

    def address(self, name: str) -> int:
        """The address of an exported function."""
        address = ctypes.cast(getattr(self.library, name), ctypes.c_void_p).value
        assert address is not None
        return address


def run(folder: Path, threads: list[int], runs: int) -> int:
    """Runs a compiled program in this process; the exit code is 1 if a run differs or loses memory."""
    program: DirectProgram = pickle.loads((folder / 'program.bin').read_bytes())
    library = Sanitized(str(folder / 'program.so'))
    host.loaded = lambda *_: library
    expected, bad = None, 0
    for count in [1, *threads * runs]:
        with host.open_run(program, count, MEMORY) as opened:
            try:
                word = opened.evaluate(0)
            except host.WrongShape:  # a program for nets
                return 0
            steals = sum(worker.steals for worker in opened.workers())
            shape = structure(opened, word)
            lost = faults(opened, [word])
        expected = shape if expected is None else expected
        if shape != expected or lost:
            bad += 1
            print(f'{count} threads, {steals} steals: {"another result" if shape != expected else lost}')
    return 1 if bad else 0


def structure(opened: host.Run, word: int) -> object:
    """A value that is equal for equal data, but for the addresses of cells."""
    if word & 7:
        return word
    header = opened.word(word)
    shape = opened.program.shapes[header >> 32 & 0xFF]
    count = opened.program.entries[header >> 40].given if shape is None else shape.words
    return header >> 32, *(structure(opened, opened.word(word + 8 * (index + 1))) for index in range(count))


def main() -> int:
    """Compiles all programs, and runs each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, default=ROOT.parent / 'shared' / 'bench', help='where the workloads are')
    parser.add_argument('--threads', default='2,4,8,16')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--programs', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--yields', type=int, default=40)
    parser.add_argument('--plain', action='store_true')
    parser.add_argument('--run', type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    threads = [int(word) for word in options.threads.split(',')]
    if options.run:
        return run(options.run, threads, options.runs)
    runtime = subprocess.run(['gcc', '-print-file-name=libtsan.so'], capture_output=True, text=True, check=True).stdout
    bad = 0
    for name, text, arguments in programs(options):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            found = compiled(text, arguments, Cache(folder / 'cache'))
            if found is None:
                continue
            (folder / 'program.bin').write_bytes(pickle.dumps(found[0]))
            shared_object(found[1], options.yields, options.plain, folder / 'program.so')
            environment = {**os.environ, 'TSAN_OPTIONS': f'exitcode={REPORTED} halt_on_error=0'}
            if not options.plain:
                environment['LD_PRELOAD'] = runtime.strip()
            command = [sys.executable, '-m', 'tests.bench.races', '--run', str(folder), '--threads', options.threads,
                       '--runs', str(options.runs)]
            done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
            verdict = {0: 'nothing', REPORTED: 'RACES'}.get(done.returncode, f'EXIT CODE {done.returncode}')
            bad += done.returncode != 0
            print(f'{name:12} {verdict}', flush=True)
            if done.returncode:
                print(done.stdout[-4000:], done.stderr[:6000])
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
