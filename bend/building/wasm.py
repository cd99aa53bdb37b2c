"""Programs as WebAssembly modules (docs/wasm.md).

A module has the runtime kernel and the program, and in a section of its own what the host must know: the JavaScript in
`bend/runtime/wasm`, which runs it, prints results, performs actions and says why a run fails. A program of the direct
engine that may have to begin again as nets has these in another section, as a module of their own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bend import __version__, driver
from bend.building.halves import beside
from bend.building.output import STANDARD_OUTPUT
from bend.building.targets import Artefact, File, Job
from bend.building.wasm_direct import WasmNets, wasm_direct
from bend.building.wasm_module import Setting
from bend.building.wasm_nets import wasm_nets
from bend.codegen.direct.ir import Unsupported
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic, Report
from bend.hvm.actions import action_names
from bend.hvm.names import readable
from bend.hvm.net import Book
from bend.hvm.readback import book_info
from bend.standalone import OnlyNetsPrint

_HOST = Path(__file__).resolve().parent.parent / 'runtime' / 'wasm'
HOST_NAME = 'bend.js'
_HOST_PARTS = ('begin', 'program', 'memory', 'run', 'result', 'actions', 'direct_actions', 'net_run', 'net_graph',
               'net_terms', 'net_readback', 'net_show', 'net_actions', 'node', 'page', 'interface', 'end')


def build_wasm(job: Job) -> Artefact:
    """A module for Node and browsers, and the script that runs it, unless the module goes to standard output."""
    compiled, given = driver.compile_standalone(job.request, job.manager, job.files)
    setting = Setting(job.request.source.name, beside(job.request.source.name, job.render), given)
    made = None if job.settings.engine == 'net' else _directly(job, compiled, setting)
    module, warnings = _as_nets(job, compiled, setting) if made is None else made
    scripts = () if str(job.output) == STANDARD_OUTPUT else (File(host_script().encode(), HOST_NAME),)
    return Artefact((File(module), *scripts), tuple(dict.fromkeys((*compiled.warnings, *warnings))))


def _directly(job: Job, compiled: driver.Compiled, setting: Setting) -> tuple[bytes, tuple[Diagnostic, ...]] | None:
    """The module of a program for the direct engine, and what to warn of; None for what only nets can do, if any engine
    will do. Raises `BendError`."""
    engine = job.settings.engine
    choice = driver.choose_engine(replace(compiled, is_applied=False), job.manager)
    info = book_info(compiled.book, Book({}), job.request.options.encoding)

    def nets() -> WasmNets | None:
        # Where the nets cannot be, the program does without them.
        with suppress(BendError):
            book, net_info = driver.nets_of(compiled, job.request, Report(), job.manager)
            return WasmNets(wasm_nets(book, net_info, setting), bool(action_names(book).possible))
        return None

    def work() -> tuple[bytes, tuple[Diagnostic, ...]] | BendError:
        try:
            if choice.engine != 'direct':
                raise Unsupported(choice.reason)
            return wasm_direct(compiled.book, info, setting, job.request.options, choice.budgeted,
                               nets if engine == 'auto' else lambda: None)
        except Unsupported as problem:
            return BendError(driver.needs_nets(readable(problem.reason)))
        except OnlyNetsPrint as problem:
            return problem

    made = with_deep_stack(lambda: job.manager.stage('build', work))
    if not isinstance(made, BendError):
        return made
    if engine == 'direct':
        raise made
    return None


def _as_nets(job: Job, compiled: driver.Compiled, setting: Setting) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The module of a program that runs as nets, and what to warn of. Raises `BendError`."""
    report = driver.PolicyReport(job.request.severities)

    def work() -> bytes:
        book, info = driver.nets_of(compiled, job.request, report, job.manager)
        return job.manager.stage('build', lambda: wasm_nets(book, info, setting))

    return with_deep_stack(work), tuple(map(driver.without_marks, report.diagnostics))


def host_script() -> str:
    """The JavaScript that runs modules of this version, in Node and in browsers (`bend.js`)."""
    parts = [(_HOST / f'{name}.js').read_text(encoding='utf-8') for name in _HOST_PARTS]
    return '\n'.join(parts).replace('@VERSION@', __version__)
