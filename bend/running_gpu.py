"""Runs of programs of the direct engine on a GPU: what `bend.running_direct` does on the cores of the CPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bend.diagnostics import BendError, Diagnostic, error
from bend.driver import NotOnGpu
from bend.engines import NO_NETS_ON_GPU
from bend.running_direct import OUT_OF_BUDGET, DirectResult, NeedsNets, Reading, performed, problems_told, read_value
from bend.runtime.gpu_device import RUN_ON_CPU, Device, GpuUnavailable, require_gpu

if TYPE_CHECKING:
    from bend.running import Overflows
    from bend.runtime.cache import Cache
    from bend.runtime.gpu import Gpu, Request
    from bend.runtime.waves.gpu import GpuRun
    from bend.runtime.waves.program import WavesProgram


@dataclass(frozen=True, slots=True)
class GpuUse:
    """How a run used a GPU. `waves` are those of the last launch, `rounds` how many of these and of its own the first
    block ran. `opening` are the seconds until the first launch, `kernel_seconds` those of the device itself."""

    name: str
    blocks: int
    threads: int
    launches: int
    waves: int
    rounds: int
    opening: float
    kernel_seconds: float


def find_gpu() -> Device:
    """The GPU that programs run on. Raises `NotOnGpu`."""
    with _gpu_problems_told():
        return require_gpu()


def nets_on_gpu() -> NotOnGpu:
    """The error for nets that somebody wants to run on a GPU."""
    return NotOnGpu(error('not-on-gpu', NO_NETS_ON_GPU, hint=RUN_ON_CPU))


def execute_gpu(program: WavesProgram, device: Device, request: Request, reading: Reading, cache: Cache,
                overflows: Overflows | None = None) -> DirectResult:
    """Runs a program, with its actions, and reads its result. Overflows are added to `overflows`, if the program was
    compiled to count them and ends on the GPU. Raises `BendError` when the run cannot end well, `NotOnGpu` where a CPU
    may do better, KeyboardInterrupt, and BrokenPipeError for standard output."""
    from bend.runtime.gpu import Gpu
    from bend.runtime.waves.gpu import open_gpu_run
    start = time.perf_counter()
    with _gpu_problems_told():
        gpu = Gpu(device)
        with problems_told(program.program), open_gpu_run(program, gpu, request, cache) as run:
            opening = time.perf_counter() - start
            try:
                with problems_told(program.program, run):
                    result = _result(run, reading)
                return replace(result, gpu=_use(gpu, run, opening))
            except NeedsNets:
                overflows = None
                raise
            finally:
                if overflows is not None and program.program.counted:
                    overflows.update(run.overflows())


def _result(run: GpuRun, reading: Reading) -> DirectResult:
    """What a program gives, with its actions. Raises as `performed`."""
    value = run.evaluate(0)
    if run.program.actions is None:
        return read_value(run, value, reading)
    from bend.runtime.waves.actions import DeviceMachine
    try:
        return performed(DeviceMachine(run, value), reading)
    except NeedsNets as problem:
        if problem.session is None:
            raise
        problem.session.streams.close_all()
        raise BendError(replace(problem.diagnostic, hint=_TOO_LATE)) from None


_TOO_LATE = ('Use the command `run`. The program cannot begin again by itself, because it has performed actions that '
             'must not be repeated.')


def _use(gpu: Gpu, run: GpuRun, opening: float) -> GpuUse:
    waves, rounds = run.waves
    return GpuUse(gpu.device.name, run.device.blocks, run.device.threads, run.launches, waves, rounds, opening,
                  run.device_seconds)


@contextmanager
def _gpu_problems_told() -> Iterator[None]:
    """What speaks against a GPU, or goes wrong there, as `BendError`."""
    try:
        yield
    except GpuUnavailable as problem:
        raise NotOnGpu(error('gpu-unavailable', problem.message,
                             hint=f'{problem.hint} `bend doctor` tells more.')) from None
    except NeedsNets as problem:
        raise NotOnGpu(_with_nets(problem.diagnostic)) from None
    except BendError as problem:
        raise BendError(map(_on_gpu, problem.diagnostics)) from None
    except Exception as problem:
        from bend.runtime.gpu import GpuFailure
        if not isinstance(problem, GpuFailure):
            raise
        raise BendError(error('gpu-failed', problem.message, hint=problem.hint)) from None


def _with_nets(diagnostic: Diagnostic) -> Diagnostic:
    """A finding about a run that needs nets, with what helps on a GPU."""
    why = 'Only interaction nets give that a meaning.' if diagnostic.code == 'wrong-shape' else ''
    if diagnostic.code == OUT_OF_BUDGET.code and diagnostic.message == OUT_OF_BUDGET.message:
        why = 'With `--engine direct` it goes on.'
    return replace(diagnostic, hint=f'{why} {NO_NETS_ON_GPU} {RUN_ON_CPU}'.lstrip())


def _on_gpu(diagnostic: Diagnostic) -> Diagnostic:
    """A finding about a run, with what helps on a GPU."""
    if diagnostic.code != 'out-of-memory':
        return diagnostic
    return replace(diagnostic, message=diagnostic.message.replace('ran out of memory', 'ran out of memory on the GPU'),
                   hint=f'{diagnostic.hint} {RUN_ON_CPU}')
