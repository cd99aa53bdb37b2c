"""What a GPU takes for programs that it runs again and again, on the direct engine.

    python -m tests.gpu.kernel_times --dir FOLDER [--runs 4] [--threads-per-block N] psum=24 tree=20 …

FOLDER holds NAME.bend for each NAME=SIZE, whose `main` takes the size. Columns: milliseconds of the device for each run
in turn (the first one touches memory for the first time), waves and rounds of the last one, and the memory it has used.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bend.codegen.states.compile import compile_gpu
from bend.deep_stack import with_deep_stack
from bend.driver import Request, compile_source
from bend.files import load
from bend.options import Options
from bend.passes import PassManager
from bend.runtime import gpu
from bend.runtime.cache import Cache
from bend.runtime.gpu_device import require_gpu
from bend.runtime.waves.gpu import open_gpu_run


def times(device: gpu.Gpu, path: Path, size: str, request: gpu.Request, runs: int) -> str:
    """A row of the table. Raises GpuFailure."""
    options, cache = Options(), Cache.of_user()
    compiled = compile_source(Request(load(str(path)), options, arguments=(size,), is_run=True), PassManager(options),
                              cache, None)
    program = with_deep_stack(lambda: compile_gpu(compiled.book, device.device.capability, cache))
    with open_gpu_run(program, device, request, cache) as run:
        found, before = [], 0.0
        for _ in range(runs):
            run.evaluate(0)
            found.append(run.device_seconds - before)
            before = run.device_seconds
        milliseconds = ' '.join(f'{seconds * 1000:8.3f}' for seconds in found)
        return f'{milliseconds}   waves {run.waves[0]}, rounds {run.waves[1]}, {run.peak_bytes >> 20} MB'


def main() -> int:
    """Prints all rows; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, required=True, help='where the programs are')
    parser.add_argument('--runs', type=int, default=4)
    parser.add_argument('--threads-per-block', type=int)
    parser.add_argument('programs', nargs='+', metavar='NAME=SIZE')
    options = parser.parse_args()
    device = gpu.Gpu(require_gpu())
    for program in options.programs:
        name, _, size = program.partition('=')
        row = times(device, options.dir / f'{name}.bend', size, gpu.Request(threads=options.threads_per_block),
                    options.runs)
        print(f'{name:12} {size:>8} {row}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
