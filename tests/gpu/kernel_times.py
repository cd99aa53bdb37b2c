"""What a GPU takes for programs that it runs again and again, on the direct engine.

    python -m tests.gpu.kernel_times --dir FOLDER [--runs 4] [--threads-per-block N] psum=24 tree=20 …
    python -m tests.gpu.kernel_times --dir FOLDER --set rounds_below=128 --set first_chunk=4096 bitonic=18
    python -m tests.gpu.kernel_times --dir FOLDER --emulated bitonic=18

FOLDER holds NAME.bend for each NAME=SIZE, whose `main` takes the size. Columns: milliseconds of the device for each run
in turn (the first one touches memory for the first time), waves and rounds of the last one, and the memory it has used.
`--set` changes how the device is used (`bend.runtime.waves.host.Device`). `--emulated` counts the waves of a device
of 128 blocks of 256 lanes without a GPU; its times mean nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from bend.codegen.states.compile import compile_gpu, compile_waves
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.driver import Request, compile_source
from bend.files import load
from bend.options import Options
from bend.passes import PassManager
from bend.runtime import gpu
from bend.runtime.cache import Cache
from bend.runtime.direct.program import NUMBER, PAYLOAD_SHIFT, TAG_MASK
from bend.runtime.gpu_device import require_gpu
from bend.runtime.waves.gpu import BLOCK_CAPACITY, FIRST_CHUNK, MOST_ALONE, GpuRun, gpu_grid
from bend.runtime.waves.host import Device, WavesRun, open_run

EMULATED = Device(128, 256, heap_bytes=4 << 30, first_chunk=FIRST_CHUNK, capacity=1 << 20,
                  block_capacity=BLOCK_CAPACITY, alone_below=MOST_ALONE, step_below=128, rounds_below=256)
"""As `gpu_grid` uses a GPU with 132 multiprocessors."""
FIELDS = tuple(field.name for field in fields(Device) if field.type == 'int')


def book_of(path: Path, size: str) -> core.Book:
    """The final core of a program whose `main` is given a size."""
    options = Options()
    request = Request(load(str(path)), options, arguments=(size,), is_run=True)
    return compile_source(request, PassManager(options), Cache.of_user(), None).book


def times(device: gpu.Gpu, book: core.Book, request: gpu.Request, runs: int, changes: Mapping[str, Any]) -> str:
    """A row of the table. Raises GpuFailure."""
    cache = Cache.of_user()
    program = with_deep_stack(lambda: compile_gpu(book, device.device.capability, cache))
    kernel = device.link(program.program.object_code.decode(), cache)
    used = replace(gpu_grid(program, device, kernel, request), **changes)
    with closing(GpuRun(program, device, kernel, used)) as run:
        run.warm_up()
        found, results, before = [], [], 0.0
        for _ in range(runs):
            results.append(run.evaluate(0))
            found.append(run.device_seconds - before)
            before = run.device_seconds
        return row(found, results, run)


def emulated(book: core.Book, runs: int, device: Device) -> str:
    """The same for an emulated device."""
    program = with_deep_stack(lambda: compile_waves(book))
    with open_run(program, device) as run:
        found, results, before = [], [], 0.0
        for _ in range(runs):
            results.append(run.evaluate(0))
            found.append(run.seconds - before)
            before = run.seconds
        return row(found, results, run)


def row(seconds: list[float], results: list[int], run: WavesRun) -> str:
    """What is told of a program, with its results where they are numbers: all of them, if they are not the same."""
    milliseconds = ' '.join(f'{time * 1000:8.3f}' for time in seconds)
    numbers = dict.fromkeys(str(word >> PAYLOAD_SHIFT) for word in results if word & TAG_MASK == NUMBER)
    told = f', gives {" and ".join(numbers)}' if numbers else ''
    return f'{milliseconds}   waves {run.waves[0]}, rounds {run.waves[1]}, {run.peak_bytes >> 20} MB{told}'


def change(text: str) -> tuple[str, int]:
    """A field of `Device` and its value, from the command line."""
    name, _, value = text.partition('=')
    if name not in FIELDS or not value.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is not one of {", ".join(FIELDS)} with a number')
    return name, int(value)


def main(words: list[str] | None = None) -> int:
    """Prints all rows; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, required=True, help='where the programs are')
    parser.add_argument('--runs', type=int, default=4)
    parser.add_argument('--threads-per-block', type=int)
    parser.add_argument('--set', type=change, action='append', default=[], metavar='NAME=NUMBER', dest='changes')
    parser.add_argument('--emulated', action='store_true')
    parser.add_argument('programs', nargs='+', metavar='NAME=SIZE')
    options = parser.parse_args(words)
    changes: dict[str, Any] = dict(options.changes)
    device = None if options.emulated else gpu.Gpu(require_gpu())
    for program in options.programs:
        name, _, size = program.partition('=')
        book = book_of(options.dir / f'{name}.bend', size)
        if device is None:
            told = emulated(book, options.runs, replace(EMULATED, **changes))
        else:
            told = times(device, book, gpu.Request(threads=options.threads_per_block), options.runs, changes)
        print(f'{name:12} {size:>8} {told}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
