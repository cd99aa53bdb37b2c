"""Executables: the runtime and the program as object code of LLVM, linked with the host's part, which is C."""

from __future__ import annotations

import platform

from bend.building.halves import Halves, halves_of
from bend.building.machines import machine_for, needs_of, own_family
from bend.building.targets import Artefact, File, Job
from bend.building.toolchain import compiled, find_compiler
from bend.codegen.c_text import literal, part
from bend.deep_stack import with_deep_stack
from bend.diagnostics import error
from bend.runtime.jit import Machine, compile_for
from bend.standalone import Render

COMPILE_HOST = ('-O2', '-std=gnu11', '-fPIC', '-fvisibility=hidden', '-ffunction-sections', '-fno-ident', '-w',
                '-c', 'host.c', '-o', 'host.o')
PROGRAM = 'program'
"""What executables are called where they are made."""
LINKING = ('-s', '-Wl,--gc-sections', '-Wl,--build-id=none')
LIBRARIES = ('-lm', '-lpthread')


def build_native(job: Job) -> Artefact:
    """An executable for this machine and its like."""
    return executable(job, own_family())


def build_aarch64(job: Job) -> Artefact:
    """An executable for 64-bit ARM."""
    return executable(job, 'aarch64')


def executable(job: Job, family: str) -> Artefact:
    """An executable for a family of machines. Raises `BendError` and `BadSetting`."""
    static = ('-static',) if job.settings.static else ()
    link = ('host.o', 'program.o', '-o', PROGRAM, *LINKING, *static, *LIBRARIES)
    return linked(job, family, link, PROGRAM)


def build_object(job: Job) -> Artefact:
    """Object code of all of a program, `main` included, to link with the C library."""
    return linked(job, own_family(), ('-r', '-nostdlib', '-Wl,-x', 'host.o', 'program.o', '-o', 'whole.o'), 'whole.o')


def linked(job: Job, family: str, link: tuple[str, ...], output: str) -> Artefact:
    """What a step of the C compiler makes of both halves of a program for a family of machines. Raises `BendError`
    and `BadSetting`."""
    machine = machine_for(family, job.settings.cpu)
    compiler = find_compiler(family, family == platform.machine())
    halves = halves_of(job, family)
    files = job.manager.stage('machine code', lambda: with_deep_stack(lambda: inputs(halves, machine, job.render)))
    data = job.manager.stage('link', lambda: compiled(compiler, (COMPILE_HOST, link), files, output))
    return Artefact((File(data, is_executable=output == PROGRAM),), halves.warnings)


def inputs(halves: Halves, machine: Machine, render: Render) -> dict[str, bytes]:
    """What the C compiler gets: the host's part as C, the rest as object code for a machine."""
    host = halves.host + cpu_text(machine, render)
    return {'host.c': host.encode(), 'program.o': compile_for(machine, halves.code)}


def cpu_text(machine: Machine, render: Render) -> str:
    """The C that looks whether code for a machine can run; empty where all can."""
    needs = needs_of(machine)
    if needs is None:
        return ''
    text = literal(render(error('wrong-cpu', f'This program was built for another kind of CPU ({machine.cpu}).',
                                hint='Build it with another `--cpu`, or without.'))).replace('\n', ' \\\n    ')
    return '\n'.join(('', f'#define NEEDED_FEATURES {needs.features:#x}u',
                      f'#define NEEDED_WIDE_FEATURES {needs.wide_features:#x}u',
                      f'#define NEEDED_REGISTERS {needs.registers:#x}u', f'#define WRONG_CPU_TEXT {text}',
                      part('cpu.c')))
