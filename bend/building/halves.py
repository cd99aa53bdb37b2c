"""Programs in two halves: the host's part, which is C, and the runtime and the program, which are LLVM IR."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bend import driver
from bend.building.targets import Job
from bend.codegen import lir
from bend.codegen.emit_c import Style, emit_c
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.deep_stack import with_deep_stack
from bend.diagnostics import Diagnostic, Label
from bend.standalone import Parts, Render

PREFIX = 'bend_'
"""What the names of linked functions begin with, so that they meet no others."""


@dataclass(frozen=True, slots=True)
class Halves:
    """A program before it is linked: the text of its host's part, the LLVM IR of the rest, and what to warn of."""

    host: str
    code: str
    warnings: tuple[Diagnostic, ...]


def halves_of(job: Job, family: str) -> Halves:
    """A program before it is linked, for a family of machines. Raises `BendError`."""
    parts, warnings = parts_of(job)
    parts = replace(parts, before=(*usual_threads(job), *parts.before))
    return with_deep_stack(lambda: job.manager.stage('emit', lambda: halved(parts, family, warnings)))


def usual_threads(job: Job) -> Iterator[str]:
    """Tells the host's part how many threads there are to be, if that is asked for."""
    if job.settings.threads:
        yield f'#define USUAL_THREADS {job.settings.threads}'


def parts_of(job: Job) -> tuple[Parts, tuple[Diagnostic, ...]]:
    """The parts of a program, and what to warn of. Raises `BendError`."""
    render = beside(job.request.source.name, job.render)
    if job.is_core:
        return driver.parts_of_nets(job.request.source, render), ()
    return driver.program_parts(job.request, job.manager, job.files, render, job.settings.engine)


def halved(parts: Parts, family: str, warnings: tuple[Diagnostic, ...] = ()) -> Halves:
    """The halves of a program, for a family of machines."""
    return Halves(host_text(parts), code_text(parts, family), warnings)


def beside(main: str, render: Render) -> Render:
    """The same with sources called as they lie beside the main file, so that it does not matter where that lies."""
    folder = os.path.dirname(main)

    def shown(label: Label) -> Label:
        source = label.span.source
        if source.builtin:
            return label
        name = os.path.relpath(source.name, folder or os.curdir)
        return replace(label, span=replace(label.span, source=replace(source, name=name)))

    return lambda problem: render(replace(problem, labels=tuple(map(shown, problem.labels))))


def host_text(parts: Parts) -> str:
    """The C of the host's part, which calls the rest by names of its own."""
    declared = replace(parts.module, functions=tuple(
        replace(function, body=(), extern=True) if function.name in parts.roots else function
        for function in parts.module.functions))
    shared = sorted((*(parts.prefix + root for root in parts.roots), *parts.provided.values()))
    return '\n'.join(('#define GIVEN', *(f'#define {name} {PREFIX}{name}' for name in shared), *parts.before,
                      emit_c(declared, Style(parts.roots, parts.provided, prefix=parts.prefix)), *parts.behind))


def code_text(parts: Parts, family: str) -> str:
    """The LLVM IR of the runtime and the program for a family of machines."""
    symbols = {root: PREFIX + parts.prefix + root for root in sorted(parts.roots)}
    symbols |= {name: PREFIX + given for name, given in parts.provided.items()}
    return emit_module(linked_module(parts.module, parts.roots), family, symbols)


def linked_module(module: lir.Module, roots: frozenset[str]) -> lir.Module:
    """What some functions lead to, with nothing exported but these."""
    functions = tuple(replace(function, exported=function.name in roots) for function in module.functions)
    return reachable(fold_branches(replace(module, functions=functions)), sorted(roots))
