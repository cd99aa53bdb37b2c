"""Executables: the runtime and the program as object code of LLVM, linked with the host's part, which is C."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from bend.building.halves import Halves, halves_of
from bend.building.machines import machine_for, needs_of, own_family
from bend.building.targets import Artefact, File, Job
from bend.building.toolchain import compiled, find_compiler
from bend.codegen.c_text import literal, part
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, error
from bend.records import dataclass
from bend.runtime.jit import Machine, UnknownMachine, compile_for
from bend.standalone import Render

COMPILE_HOST = ('-O2', '-std=gnu11', '-fPIC', '-fvisibility=hidden', '-ffunction-sections', '-fno-ident', '-w',
                '-c', 'host.c', '-o', 'host.o')
LINKING = ('-s', '-Wl,--gc-sections', '-Wl,--build-id=none')
LIBRARIES = ('-lm', '-lpthread')


def build_native(job: Job) -> Artefact:
    """An executable or a library for this machine and its like."""
    return _program(job, own_family())


def build_aarch64(job: Job) -> Artefact:
    """An executable or a library for 64-bit ARM."""
    return _program(job, 'aarch64')


def _program(job: Job, family: str) -> Artefact:
    """An executable or a library for a family of machines. Raises `BendError` and `BadSetting`."""
    if job.settings.lib:
        from bend.building.library import build_library
        return build_library(job, family)
    static = ('-static',) if job.settings.static else ()
    link = ('host.o', 'program.o', '-o', 'program', *LINKING, *static, *LIBRARIES)
    return _built(job, family, link, 'program', is_executable=True)


def build_object(job: Job) -> Artefact:
    """Object code of all of a program, `main` included, to link with the C library."""
    return _built(job, own_family(), ('-r', '-nostdlib', '-Wl,-x', 'host.o', 'program.o', '-o', 'whole.o'), 'whole.o')


def _built(job: Job, family: str, link: Sequence[str], output: str, is_executable: bool = False) -> Artefact:
    """What a step of the C compiler makes of a program for a family of machines. Raises as `linked`."""
    tools = tools_for(job, family)
    halves = halves_of(job, family)
    return Artefact((File(linked(job, tools, halves, link, output), is_executable=is_executable),), halves.warnings)


@dataclass(frozen=True, slots=True)
class Tools:
    """What object code is made for, and the command of the C compiler."""

    machine: Machine
    compiler: tuple[str, ...]


def tools_for(job: Job, family: str) -> Tools:
    """What is needed to build for a family of machines. Raises `BendError` and `BadSetting` if it is not there."""
    return Tools(machine_for(family, job.settings.cpu),
                 find_compiler(family, family == platform.machine(), shared=job.settings.lib))


def linked(job: Job, tools: Tools, halves: Halves, link: Sequence[str], output: str) -> bytes:
    """What a step of the C compiler makes of both halves of a program. Raises `BendError`."""
    files = job.manager.stage('machine code',
                              lambda: with_deep_stack(lambda: inputs(halves, tools.machine, job.render)))
    return job.manager.stage('link', lambda: compiled(tools.compiler, (COMPILE_HOST, link), files, output))


def inputs(halves: Halves, machine: Machine, render: Render) -> dict[str, bytes]:
    """What the C compiler gets: the host's part as C, the rest as object code for a machine."""
    host = halves.host + cpu_text(machine, render)
    try:
        code = compile_for(machine, *halves.codes)
    except UnknownMachine as problem:
        raise BendError(error('no-target', f'The LLVM that llvmlite has here makes no code for {problem}.',
                              hint='`pip install --force-reinstall llvmlite` installs one that does.')) from None
    return {'host.c': host.encode(), 'program.o': code}


def cpu_text(machine: Machine, render: Render) -> str:
    """The C that looks whether code for a machine can run."""
    needs = needs_of(machine)
    if needs is None:
        return f'\n{part("cpu.c")}'
    text = literal(render(error('wrong-cpu', f'This program was built for another kind of CPU ({machine.cpu}).',
                                hint='Build it with another `--cpu`, or without.'))).replace('\n', ' \\\n    ')
    return '\n'.join(('', f'#define NEEDED_FEATURES {needs.features:#x}u',
                      f'#define NEEDED_WIDE_FEATURES {needs.wide_features:#x}u',
                      f'#define NEEDED_REGISTERS {needs.registers:#x}u', f'#define WRONG_CPU_TEXT {text}',
                      part('cpu.c')))
