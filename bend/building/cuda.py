"""Programs as CUDA C++, and executables that nvcc makes of that."""

from __future__ import annotations

from collections.abc import Callable

from bend import driver
from bend.building.nvcc import compiled_by_nvcc, find_nvcc
from bend.building.targets import Artefact, File, Job
from bend.building.texts import capability_of
from bend.deep_stack import with_deep_stack
from bend.diagnostics import Diagnostic
from bend.driver import Request
from bend.engines import Engine
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from bend.standalone_choice import made_directly
from bend.standalone_gpu import standalone_gpu
from bend.standalone_gpu_nets import cuda_core, cuda_nets, cuda_nets_beside

OLDEST = 'sm_75'
"""The oldest GPUs for which all versions of nvcc make code that is wanted here."""

Render = Callable[[Diagnostic], str]
Made = tuple[str, tuple[Diagnostic, ...]]


def generate_cu(request: Request, manager: PassManager, files: Cache, render: Render, engine: Engine = 'auto') -> Made:
    """A program for an engine as one file of CUDA C++, and the warnings found on the way; `render` makes the messages
    that it prints when it fails. Raises `BendError`, also for what such programs cannot do."""
    compiled, given = driver.compile_standalone(request, manager, files)
    if engine != 'net':
        made = _direct(compiled, request, manager, render, given, engine)
        if made is not None:
            return made
    return driver.made_of_nets(compiled, request, manager, lambda nets, info: cuda_nets(
        nets, info, request.source.name, render, given))


def generate_cu_of_nets(source: Source, render: Render) -> str:
    """HVM text as one file of CUDA C++; raises `BendError`. `render` as in `generate_cu`."""
    nets = driver.read_nets(source)
    return with_deep_stack(lambda: cuda_core(nets, source.name, render))


def _direct(compiled: driver.Compiled, request: Request, manager: PassManager, render: Render, given: tuple[str, ...],
            engine: Engine) -> Made | None:
    """A program for the direct engine; None for what only nets can do, if any engine will do. Raises `BendError`."""
    made = made_directly(
        compiled, request, manager, engine,
        lambda info, budgeted, nets: standalone_gpu(compiled.book, info, request.source.name, render, request.options,
                                                    given, budgeted=budgeted, nets=nets),
        lambda nets, info: cuda_nets_beside(nets, info, render))
    if made is None:
        return None
    text, warnings = made
    return text, (*compiled.warnings, *warnings)


def build_cu(job: Job) -> Artefact:
    """What `bend gen-cu` prints."""
    text, warnings = _text(job)
    return Artefact((File(text.encode(), replaces=b'/* Made from '),), warnings)


def build_cuda(job: Job) -> Artefact:
    """An executable for GPUs of an architecture and later ones. Raises `BendError` and `BadSetting`."""
    arch = job.settings.arch or OLDEST
    capability_of(arch)
    nvcc = find_nvcc()
    text, warnings = _text(job)
    code = job.manager.stage('link', lambda: compiled_by_nvcc(nvcc, text, arch))
    return Artefact((File(code, is_executable=True),), warnings)


def _text(job: Job) -> Made:
    """The CUDA C++ of a program, and what to warn of."""
    if job.is_core:
        return generate_cu_of_nets(job.request.source, job.render), ()
    return generate_cu(job.request, job.manager, job.files, job.render, job.settings.engine)
