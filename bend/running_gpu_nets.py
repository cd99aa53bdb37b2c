"""Runs of nets on a GPU, with what goes wrong as diagnostics: what `bend.running` does on the cores of the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bend.running import RunResult, problems_told
from bend.running_gpu import GpuRuns, GpuUse, gpu_problems_told
from bend.runtime.gpu_net import GpuNetProgram, GpuRun, LinkedProgram
from bend.runtime.progress import Progress

if TYPE_CHECKING:
    from bend.running import Overflows
    from bend.runtime.image import Image
    from bend.runtime.machine import Machine
    from bend.runtime.progress import Watcher


def execute_nets(program: GpuNetProgram, runs: GpuRuns, entry: str, arguments: tuple[Image, Sequence[int]] | None,
                 overflows: Overflows | None, watcher: Watcher | None, perform: Callable[[Machine], None] | None,
                 has_acted: bool) -> RunResult:
    """Runs a program to its normal form, and performs that if it is an action and `perform` does so; `has_acted` tells
    that another run has performed actions before. Overflows are added to `overflows`, if the program was compiled to
    count them and need not begin again elsewhere. Raises `BendError` when the run cannot end well, `NotOnGpu`,
    KeyboardInterrupt, and BrokenPipeError for standard output."""
    with gpu_problems_told(has_acted) as acts, problems_told():
        def perform_here(run: GpuRun) -> None:
            from bend.runtime.gpu_actions import GpuMachine
            acts.begun = True
            assert perform is not None
            perform(GpuMachine(run))

        linked = runs.nets(program)
        given = linked.run(entry, arguments, overflows, _watch(linked, watcher),
                           None if watcher is None else watcher.hide,
                           None if perform is None else perform_here)
    result = given.result
    use = GpuUse(runs.device.name, linked.grid.blocks, linked.grid.threads, given.launches, runs.opening,
                 given.device_seconds, {'tasks': given.tasks, 'turns': given.turns})
    return RunResult(result.net, result.interactions, result.seconds, result.peak_bytes, result.by_rule, gpu=use)


def _watch(linked: LinkedProgram, watcher: Watcher | None) -> Callable[[int], None] | None:
    """Tells the watcher how a launch gets on. How many interactions the tasks so far were is not known before the
    end."""
    if watcher is None:
        return None
    lanes = linked.grid.blocks * linked.grid.threads
    return lambda tasks: watcher.update(Progress(None, linked.buffer.size, lanes, lanes))
