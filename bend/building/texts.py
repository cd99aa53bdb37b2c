"""Programs as text: C, LLVM IR, PTX."""

from __future__ import annotations

import re

from bend import compiling, driver
from bend.building.halves import halves_of, with_threads
from bend.building.machines import machine_for, own_family
from bend.building.targets import Artefact, BadSetting, File, Job
from bend.deep_stack import with_deep_stack
from bend.records import replace
from bend.runtime.cache import Cache
from bend.runtime.jit import optimized_for
from bend.runtime.ptx import OLDEST, TooOld, architecture
from bend.standalone import c_file

_ARCHITECTURE = re.compile(r'sm_([0-9]{1,3})([0-9])')


def build_c(job: Job) -> Artefact:
    """What `bend gen-c` prints, but for how many threads are usual."""
    parts, warnings = driver.program_parts(job.request, job.manager, job.files, job.render, job.settings.engine)
    whole = with_threads(parts, job)
    text = with_deep_stack(lambda: job.manager.stage('emit', lambda: c_file(whole, job.request.source.name)))
    return Artefact((File(text.encode(), replaces=b'/* Made from '),), warnings)


def build_llvm(job: Job) -> Artefact:
    """The LLVM IR of the runtime and the program, optimised: what the object code of executables is made from."""
    family = own_family()
    machine = machine_for(family, job.settings.cpu)
    halves = halves_of(job, family)
    text = job.manager.stage('machine code', lambda: with_deep_stack(lambda: optimized_for(machine, *halves.codes)))
    return Artefact((File(text.encode()),), halves.warnings)


def build_ptx(job: Job) -> Artefact:
    """The PTX of what `bend run-cu` runs on GPUs of a compute capability and later ones."""
    capability = capability_of(job.settings.arch or 'sm_{}{}'.format(*OLDEST))
    request = replace(job.request, capability=capability, is_parallel=True)
    program = compiling.compile_program(request, job.settings.engine, job.manager, job.files)
    return Artefact((File(_ptx(program, capability, job.files)),), program.diagnostics)


def capability_of(arch: str) -> tuple[int, int]:
    """A compute capability by its name. Raises `BadSetting`."""
    found = _ARCHITECTURE.fullmatch(arch)
    if found is None:
        raise BadSetting(f"'{arch}' names no kind of GPU.", 'Write its compute capability, such as sm_80 or sm_90.')
    capability = int(found[1]), int(found[2])
    try:
        architecture(capability)
    except TooOld:
        raise BadSetting(f"Programs cannot be built for GPUs of the kind '{arch}'.",
                         'The oldest one is sm_{}{}.'.format(*OLDEST)) from None
    return capability


def _ptx(program: compiling.Program, capability: tuple[int, int], files: Cache) -> bytes:
    """The PTX of a program for GPUs: that of nets is made when it is launched."""
    if program.engine == 'direct':
        code: bytes = program.artifact.program.object_code
        return code
    from bend.codegen.gpu_nets import gpu_net_module
    from bend.runtime.gpu import gpu_ptx
    from bend.runtime.gpu_net import ENTRY
    return gpu_ptx(gpu_net_module(program.artifact), ENTRY, capability, files).encode()
