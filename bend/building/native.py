"""Executables: the runtime and the program as object code of LLVM, linked with the host's part, which is C."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace

from bend import driver
from bend.building.machines import machine_for, own_family
from bend.building.targets import Artefact, File, Job
from bend.building.toolchain import compiled, find_compiler
from bend.codegen import lir
from bend.codegen.emit_c import Style, emit_c
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.diagnostics import Diagnostic
from bend.runtime.jit import Machine, compile_for
from bend.standalone import PROVIDED, Parts, standalone_parts

PREFIX = 'bend_'
"""What the names of linked functions begin with, so that they meet no others."""
COMPILING = ('-O2', '-std=gnu11', '-fPIC', '-fvisibility=hidden', '-ffunction-sections', '-fno-ident', '-w')
LINKING = ('-s', '-Wl,--gc-sections', '-Wl,--build-id=none')
LIBRARIES = ('-lm', '-lpthread')


@dataclass(frozen=True, slots=True)
class Halves:
    """A program before it is linked: the text of its host's part, the LLVM IR of the rest, and what to warn of."""

    host: str
    code: str
    warnings: tuple[Diagnostic, ...]


def build_native(job: Job) -> Artefact:
    """An executable for this machine and its like."""
    return executable(job, own_family())


def build_aarch64(job: Job) -> Artefact:
    """An executable for 64-bit ARM."""
    return executable(job, 'aarch64')


def executable(job: Job, family: str) -> Artefact:
    """An executable for a family of machines. Raises `BendError`."""
    machine = machine_for(family, job.settings.cpu)
    compiler = find_compiler(family, family == platform.machine())
    halves = halves_of(job, family)
    return Artefact((File(linked(halves, machine, compiler, job.settings.static), is_executable=True),),
                    halves.warnings)


def linked(halves: Halves, machine: Machine, compiler: tuple[str, ...], static: bool) -> bytes:
    """An executable. Raises `BendError` where the compiler fails."""
    files = {'host.c': halves.host.encode(), 'program.o': compile_for(machine, halves.code)}
    steps = (
        (*COMPILING, '-c', 'host.c', '-o', 'host.o'),
        ('host.o', 'program.o', '-o', 'program', *LINKING, *(('-static',) if static else ()), *LIBRARIES),
    )
    return compiled(compiler, steps, files, 'program')


def halves_of(job: Job, family: str) -> Halves:
    """A program before it is linked, for a family of machines. Raises `BendError`."""
    request = job.request
    ready = driver.prepare_standalone(request, job.manager, job.files)

    def work() -> Halves:
        parts = standalone_parts(ready.book, ready.info, job.render, request.options, ready.given,
                                 parallel=request.is_parallel)
        return Halves(host_text(parts), code_text(parts, family), (*ready.warnings, *parts.warnings))

    return driver.standalone_stage(job.manager, work)


def host_text(parts: Parts) -> str:
    """The C of the host's part, which calls the rest by names of its own."""
    declared = replace(parts.module, functions=tuple(
        replace(function, body=(), extern=True) if function.name in parts.roots else function
        for function in parts.module.functions))
    names = (f'#define {name} {symbol}' for name, symbol in symbols(parts).items())
    return '\n'.join(('#define GIVEN', *names, *parts.before, emit_c(declared, Style(parts.roots, PROVIDED)),
                      *parts.behind))


def code_text(parts: Parts, family: str) -> str:
    """The LLVM IR of the runtime and the program for a family of machines."""
    return emit_module(linked_module(parts.module, parts.roots), family,
                       {**symbols(parts), **{name: PREFIX + given for name, given in PROVIDED.items()}})


def symbols(parts: Parts) -> dict[str, str]:
    """What the linker calls the functions that one half has and the other calls, by their names in C."""
    return {name: PREFIX + name for name in sorted((*parts.roots, *PROVIDED.values()))}


def linked_module(module: lir.Module, roots: frozenset[str]) -> lir.Module:
    """What some functions lead to, with nothing exported but these."""
    functions = tuple(replace(function, exported=function.name in roots) for function in module.functions)
    return reachable(fold_branches(replace(module, functions=functions)), sorted(roots))
