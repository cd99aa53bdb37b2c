"""Runs of programs on a GPU. Those of the direct engine are here: what `bend.running_direct` does on the cores of the
CPU. Those of nets are in `bend.running_gpu_nets`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bend.diagnostics import BendError, Diagnostic, error
from bend.records import dataclass, replace
from bend.running_direct import DirectResult, NeedsNets, Reading, performed, problems_told, read_value
from bend.runtime.cache import Cache
from bend.runtime.gpu_device import Device, GpuUnavailable, require_gpu

if TYPE_CHECKING:
    from bend.running import Overflows
    from bend.runtime.gpu import Gpu, Request
    from bend.runtime.gpu_net import GpuNetProgram, LinkedProgram
    from bend.runtime.progress import Watcher
    from bend.runtime.waves.gpu import GpuRun
    from bend.runtime.waves.program import WavesProgram


class NotOnGpu(BendError):
    """There is no GPU that can be used, or it fails before the program has performed actions; a CPU may do."""


@dataclass(frozen=True, slots=True)
class GpuUse:
    """How a run used a GPU. `opening` are the seconds until the first launch, `kernel_seconds` those of the device
    itself, and `work` what the scheduler of the engine counts, by name: `waves` and `rounds` of the first block in the
    last launch, or `tasks` that lanes ran and `turns` that this took."""

    name: str
    blocks: int
    threads: int
    launches: int
    opening: float
    kernel_seconds: float
    work: Mapping[str, int]


class GpuRuns:
    """Runs of a program on one GPU, and what they may use."""

    def __init__(self, device: Device, request: Request, cache: Cache) -> None:
        self.device = device
        self.request = request
        self.cache = cache
        self.opening = 0.0
        """The seconds that it took to make the GPU ready, and nets on it."""
        self._gpu: Gpu | None = None
        self._nets: LinkedProgram | None = None

    def gpu(self) -> Gpu:
        """The GPU, ready for use. Raises GpuUnavailable and GpuFailure."""
        if self._gpu is None:
            from bend.runtime import gpu
            with self._opening():
                self._gpu = gpu.Gpu(self.device)
        return self._gpu

    def nets(self, program: GpuNetProgram) -> LinkedProgram:
        """Nets, ready to be launched. A program is linked once, for all that readback asks of it. Raises GpuUnavailable
        and GpuFailure."""
        if self._nets is None or self._nets.program is not program:
            from bend.codegen import gpu_nets
            from bend.runtime.gpu_net import link_program
            gpu = self.gpu()
            with self._opening():
                module = gpu_nets.gpu_net_module(program)
                self._nets = link_program(program, module, gpu, self.cache, self.request)
        return self._nets

    @contextmanager
    def _opening(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.opening += time.perf_counter() - start


def find_gpu(request: Request) -> GpuRuns:
    """The GPU that programs run on. Raises `NotOnGpu`."""
    with gpu_problems_told():
        return GpuRuns(require_gpu(), request, Cache.of_user())


def execute_waves(program: WavesProgram, runs: GpuRuns, reading: Reading, overflows: Overflows | None = None,
                  watcher: Watcher | None = None) -> DirectResult:
    """Runs a program of the direct engine, with its actions, and reads its result. Overflows are added to `overflows`,
    if the program was compiled to count them and need not begin again elsewhere. Raises `BendError` when the run cannot
    end well, `NotOnGpu`, `NeedsNets`, KeyboardInterrupt, and BrokenPipeError for standard output."""
    from bend.runtime.gpu import GpuFailure
    from bend.runtime.waves.gpu import open_gpu_run
    with gpu_problems_told() as acts:
        gpu = runs.gpu()
        start = time.perf_counter()
        with problems_told(program.program), open_gpu_run(program, gpu, runs.request, runs.cache) as run:
            opening = runs.opening + time.perf_counter() - start
            run.watcher = watcher
            try:
                with problems_told(program.program, run):
                    result = _result(run, reading, acts)
                return replace(result, gpu=_use(gpu, run, opening))
            except (NeedsNets, GpuFailure):
                overflows = None
                raise
            finally:
                if overflows is not None and program.program.counted:
                    overflows.update(run.overflows())


def _result(run: GpuRun, reading: Reading, acts: Acts) -> DirectResult:
    """What a program gives, with its actions. Raises as `performed`."""
    value = run.evaluate(0)
    if run.program.actions is None:
        return read_value(run, value, reading)
    from bend.runtime.waves.actions import DeviceMachine
    acts.begun = True
    return performed(DeviceMachine(run, value), reading)


def _use(gpu: Gpu, run: GpuRun, opening: float) -> GpuUse:
    waves, rounds = run.waves
    return GpuUse(gpu.device.name, run.device.blocks, run.device.threads, run.launches, opening, run.device_seconds,
                  {'waves': waves, 'rounds': rounds})


@dataclass
class Acts:
    """Whether a program may have performed actions, which a CPU must not perform again."""

    begun: bool = False


@contextmanager
def gpu_problems_told(begun: bool = False) -> Iterator[Acts]:
    """What speaks against a GPU, or goes wrong there, as `NotOnGpu`, unless actions have `begun` by then; other errors
    with what helps on a GPU."""
    acts = Acts(begun)
    try:
        yield acts
    except GpuUnavailable as problem:
        diagnostic = error('gpu-unavailable', problem.message, hint=f'{problem.hint} `bend doctor` tells more.')
        raise (BendError if acts.begun else NotOnGpu)(diagnostic) from None
    except BendError as problem:
        raise BendError(map(_on_gpu, problem.diagnostics)) from None
    except Exception as problem:
        from bend.runtime.gpu import GpuFailure
        if not isinstance(problem, GpuFailure):
            raise
        raise (BendError if acts.begun else NotOnGpu)(
            error('gpu-failed', problem.message, hint=problem.hint)) from None


def _on_gpu(diagnostic: Diagnostic) -> Diagnostic:
    """A finding about a run, with what helps on a GPU."""
    if diagnostic.code != 'out-of-memory':
        return diagnostic
    return replace(diagnostic, message=diagnostic.message.replace('ran out of memory', 'ran out of memory on the GPU'),
                   hint=f'{diagnostic.hint} The command `run` uses the memory of the CPU.')
