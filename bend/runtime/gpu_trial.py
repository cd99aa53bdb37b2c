"""Tries out a GPU: whether a grid of threads can do what schedulers need (`bend.runtime.kernel.gpu.trial`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bend.codegen.pylir import compile_kernel
from bend.records import dataclass
from bend.runtime.cache import Cache
from bend.runtime.gpu import Gpu, GpuFailure, Request, grid_of
from bend.runtime.gpu_record import Record, run_record

KERNEL = Path(__file__).parent / 'kernel' / 'gpu'
ROUNDS = 100
# Two words for a block: whether to go on, and its sum.
SHARED_MEMORY = 16
LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial came to: how many threads waited how often for each other, and the seconds of one wait."""

    blocks: int
    threads: int
    waits: int
    seconds_of_wait: float


def run_trial(gpu: Gpu, cache: Cache, request: Request | None = None, rounds: int = ROUNDS,
              watch: Callable[[int], None] | None = None, shared_memory: int = SHARED_MEMORY) -> TrialResult:
    """Runs the trial on a GPU, with so many bytes of shared memory for a block. With 0 rounds it goes on until Ctrl-C.
    Raises GpuFailure."""
    module = compile_kernel([KERNEL / 'trial.py', KERNEL / 'device.py'])
    kernel = gpu.kernel(module, 'run_trial', cache)
    grid = grid_of(request or Request(), gpu.device,
                   lambda threads: kernel.resident_blocks(threads, shared_memory), shared_memory)
    record = Record(module, 'TrialRecord')
    record['trial.rounds'], record['trial.endless'] = rounds, int(rounds == 0)
    control = run_record(gpu, kernel, grid, record, 'trial', LONGEST_SECONDS if rounds else None, watch)
    return _checked(record, grid.blocks * grid.threads, rounds, control.progress())


def _checked(record: Record, threads: int, rounds: int, progress: int) -> TrialResult:
    """What a trial came to. Raises GpuFailure if that is not what it should be."""
    expected = rounds * threads * (threads + 1) // 2
    if record['trial.wrong'] or record['trial.total'] != expected or progress != rounds:
        raise GpuFailure(f'The trial gave a wrong result: {record["trial.total"]} instead of {expected} after '
                         f'{progress} of {rounds} rounds, and {record["trial.wrong"]} times a thread saw another one.',
                         'This is a fault of the compiler or of the GPU. Please report it, with the output of this '
                         'command.')
    waits = 2 * rounds
    return TrialResult(record['trial.launch.blocks'], record['trial.launch.threads'], waits,
                       record['trial.nanoseconds'] / 1e9 / waits)
