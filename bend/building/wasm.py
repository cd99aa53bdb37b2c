"""Programs as WebAssembly modules (docs/wasm.md).

A module has the runtime kernel and the program, and in a section of its own what the host must know: the JavaScript in
`bend/runtime/wasm`, which runs it, prints results, performs actions and says why a run fails. A program of the direct
engine that may have to begin again as nets has these in another section, as a module of their own.
"""

from __future__ import annotations

from pathlib import Path

from bend import __version__, driver
from bend.building.halves import beside
from bend.building.output import STANDARD_OUTPUT
from bend.building.targets import Artefact, File, Job
from bend.building.wasm_direct import WasmNets, wasm_direct
from bend.building.wasm_module import Setting
from bend.building.wasm_nets import wasm_nets
from bend.diagnostics import Diagnostic
from bend.hvm.actions import action_names
from bend.standalone_choice import made_directly

_HOST = Path(__file__).resolve().parent.parent / 'runtime' / 'wasm'
HOST_NAME = 'bend.js'
_HOST_PARTS = ('begin', 'program', 'memory', 'run', 'result', 'actions', 'direct_actions', 'net_run', 'net_graph',
               'net_terms', 'net_readback', 'net_show', 'net_actions', 'node', 'page', 'interface', 'end')


def build_wasm(job: Job) -> Artefact:
    """A module for Node and browsers, and the script that runs it, unless the module goes to standard output."""
    module, warnings = _program(job)
    scripts = () if str(job.output) == STANDARD_OUTPUT else (File(host_script().encode(), HOST_NAME),)
    return Artefact((File(module), *scripts), warnings)


def _program(job: Job) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The module of a program, and what to warn of. Raises `BendError`."""
    request, manager, engine = job.request, job.manager, job.settings.engine
    compiled, given = driver.compile_standalone(request, manager, job.files)
    setting = Setting(request.source.name, beside(request.source.name, job.render), given)
    if engine != 'net':
        made = made_directly(
            compiled, request, manager, engine,
            lambda info, budgeted, nets: wasm_direct(compiled.book, info, setting, request.options, budgeted, nets),
            lambda nets, info: WasmNets(wasm_nets(nets, info, setting), bool(action_names(nets).possible)))
        if made is not None:
            module, warnings = made
            return module, (*compiled.warnings, *warnings)
    return driver.made_of_nets(compiled, request, manager, lambda nets, info: wasm_nets(nets, info, setting))


def host_script() -> str:
    """The JavaScript that runs modules of this version, in Node and in browsers (`bend.js`)."""
    parts = [(_HOST / f'{name}.js').read_text(encoding='utf-8') for name in _HOST_PARTS]
    return '\n'.join(parts).replace('@VERSION@', __version__)
