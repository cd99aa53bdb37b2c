"""Programs in two halves: the host's part, which is C, and the runtime and the program, which are LLVM IR."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from bend import driver
from bend.building.targets import Job
from bend.codegen import lir
from bend.codegen.emit_c import Style, emit_c
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.diagnostics import Diagnostic, Label
from bend.standalone import PROVIDED, Parts, Render, standalone_parts

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
    request = job.request
    ready = driver.prepare_standalone(request, job.manager, job.files)

    def work() -> Halves:
        render = beside(request.source.name, job.render)
        parts = standalone_parts(ready.book, ready.info, render, request.options, ready.given,
                                 parallel=request.is_parallel)
        return halved(parts, family, ready.warnings)

    return driver.standalone_stage(job.manager, work)


def halved(parts: Parts, family: str, warnings: tuple[Diagnostic, ...] = ()) -> Halves:
    """The halves of a program, for a family of machines, with more warnings."""
    return Halves(host_text(parts), code_text(parts, family), (*warnings, *parts.warnings))


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
