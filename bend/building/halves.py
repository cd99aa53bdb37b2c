"""Programs in two halves: the host's part, which is C, and the runtime and the program, which are LLVM IR."""

from __future__ import annotations

import os

from bend import driver
from bend.building.targets import Job
from bend.codegen import lir
from bend.codegen.c_helpers import Helpers
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.deep_stack import with_deep_stack
from bend.diagnostics import Diagnostic, Label
from bend.records import dataclass, replace
from bend.standalone import Parts, Render, Unit

PREFIX = 'bend_'
"""What the names of linked functions begin with, so that they meet no others."""


@dataclass(frozen=True, slots=True)
class Halves:
    """A program before it is linked: the text of its host's part, the LLVM IR of the rest (of both engines where it has
    both), and what to warn of."""

    host: str
    codes: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


def halves_of(job: Job, family: str) -> Halves:
    """A program before it is linked, for a family of machines. Raises `BendError`."""
    parts, warnings = parts_of(job)
    parts = with_threads(parts, job)
    return with_deep_stack(lambda: job.manager.stage('emit', lambda: halved(parts, family, warnings)))


def with_threads(parts: Parts, job: Job) -> Parts:
    """The parts of a program that knows how many threads there are to be, if that is asked for."""
    if not job.settings.threads:
        return parts
    return replace(parts, pieces=(f'#define USUAL_THREADS {job.settings.threads}', *parts.pieces))


def parts_of(job: Job) -> tuple[Parts, tuple[Diagnostic, ...]]:
    """The parts of a program, and what to warn of. Raises `BendError`."""
    render = beside(job.request.source.name, job.render)
    if job.is_core:
        return driver.parts_of_nets(job.request.source, render), ()
    return driver.program_parts(job.request, job.manager, job.files, render, job.settings.engine)


def halved(parts: Parts, family: str, warnings: tuple[Diagnostic, ...] = ()) -> Halves:
    """The halves of a program, for a family of machines."""
    codes = tuple(code_text(piece, family) for piece in parts.pieces if isinstance(piece, Unit))
    return Halves(host_text(parts), codes, warnings)


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
    units = [piece for piece in parts.pieces if isinstance(piece, Unit)]
    shared = sorted(name for unit in units for name in (*(unit.prefix + root for root in unit.roots),
                                                        *unit.provided.values()))
    helpers = Helpers()
    texts = (piece if isinstance(piece, str) else declared(piece).text(helpers) for piece in parts.pieces)
    return '\n'.join(('#define GIVEN', *(f'#define {name} {PREFIX}{name}' for name in shared), *texts))


def declared(unit: Unit) -> Unit:
    """A unit whose functions are elsewhere."""
    functions = tuple(replace(function, body=(), extern=True) if function.name in unit.roots else function
                      for function in unit.module.functions)
    return Unit(replace(unit.module, functions=functions), unit.roots, unit.provided, unit.prefix)


def code_text(unit: Unit, family: str) -> str:
    """The LLVM IR of the runtime and the program of a unit for a family of machines."""
    symbols = {root: PREFIX + unit.prefix + root for root in sorted(unit.roots)}
    symbols |= {name: PREFIX + given for name, given in unit.provided.items()}
    return emit_module(linked_module(unit.module, unit.roots), family, symbols)


def linked_module(module: lir.Module, roots: frozenset[str]) -> lir.Module:
    """What some functions lead to, with nothing exported but these."""
    functions = tuple(replace(function, exported=function.name in roots) for function in module.functions)
    return reachable(fold_branches(replace(module, functions=functions)), sorted(roots))
