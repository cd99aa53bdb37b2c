"""Programs as WebAssembly modules (docs/wasm.md).

A module has the runtime kernel and the program, and in a section of its own what the host must know: the JavaScript in
`bend/runtime/wasm`, which runs it, prints results, performs actions and says why a run fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bend import __version__
from bend.building.halves import beside
from bend.building.output import STANDARD_OUTPUT
from bend.building.targets import Artefact, File, Job
from bend.building.without_nets import build_stage, prepare
from bend.codegen import lir
from bend.codegen.c_text import printable_ranges
from bend.codegen.direct.compile import Lowered
from bend.codegen.direct.kernel_code import wasm_kernel
from bend.codegen.direct.operations import apply_name
from bend.codegen.emit_wasm import emit_wasm_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_merge import merge
from bend.codegen.wasm_link import Linked, link
from bend.codegen.wasm_stacks import RESUME, count_stack
from bend.desugar import core
from bend.diagnostics import BendError, Diagnostic, error
from bend.hvm.readback import BookInfo
from bend.hvm.show import STRING
from bend.options import Options
from bend.records import replace
from bend.runtime.direct.actions import list_kind
from bend.runtime.direct.program import DirectProgram, Shape
from bend.runtime.wasm_target import NoTarget, compile_wasm_object
from bend.standalone import (
    KINDS,
    MADE,
    Render,
    ShownNames,
    failures,
    lowered_standalone,
    shape_name,
    shown_names,
)

KIND = 'WebAssembly programs'
ROOTS = ('begin', 'evaluate', 'constant_value', 'apply', RESUME)
"""What the host calls."""
ACTING_ROOTS = ('make_cell', 'make_list', 'make_room', 'take_part')
"""The same in programs that perform actions."""
STACK = 1 << 16
"""The bytes of memory that LLVM gets for what does not fit into the locals of functions."""
SECTION = 'bend'
OPT_LEVEL = 2
_HOST = Path(__file__).resolve().parent.parent / 'runtime' / 'wasm'
HOST_NAME = 'bend.js'
_HOST_PARTS = ('begin', 'program', 'run', 'result', 'actions', 'node', 'page', 'interface', 'end')


def build_wasm(job: Job) -> Artefact:
    """A module for Node and browsers, and the script that runs it, unless the module goes to standard output."""
    ready = prepare(job.request, job.manager, job.files, KIND)
    module, warnings = build_stage(job.manager, KIND, lambda: wasm_module(
        ready.book, ready.info, job.request.source.name, beside(job.request.source.name, job.render),
        job.request.options, ready.given))
    scripts = () if str(job.output) == STANDARD_OUTPUT else (File(host_script().encode(), HOST_NAME),)
    return Artefact((File(module), *scripts), (*ready.warnings, *warnings))


def wasm_module(book: core.Book, info: BookInfo, file: str, render: Render, options: Options,
                given: Sequence[str] = ()) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The module of a program, and what to warn of. Raises `Unsupported` for what only nets can do, and `BendError` for
    what standalone programs cannot do. `given` are the types of the numbers that it takes when it runs."""
    lowered, warnings = lowered_standalone(book, options, given, parallel=False)
    actions = lowered.program.actions
    module = _with_roots(count_stack(merge(wasm_kernel(actions is not None), lowered.module)),
                         ROOTS if actions is None else ROOTS + ACTING_ROOTS)
    try:
        object_file = compile_wasm_object(emit_wasm_module(module), OPT_LEVEL)
    except NoTarget as problem:
        raise BendError(error('no-target', f'The LLVM that llvmlite has here makes no WebAssembly: {problem}.',
                              hint='`pip install --force-reinstall llvmlite` installs one that does.')) from None
    # The section says where memory is free, which is only known when all else is linked.
    linked = link(object_file, STACK, {})
    known = _known_to_host(lowered, linked, module, info, book, file, render, given)
    data = json.dumps(known, ensure_ascii=False, separators=(',', ':')).encode()
    return link(object_file, STACK, {SECTION: data}).module, warnings


def host_script() -> str:
    """The JavaScript that runs modules of this version, in Node and in browsers (`bend.js`)."""
    parts = [(_HOST / f'{name}.js').read_text(encoding='utf-8') for name in _HOST_PARTS]
    return '\n'.join(parts).replace('@VERSION@', __version__)


def _with_roots(module: lir.Module, roots: Sequence[str]) -> lir.Module:
    """What roots lead to, where these are all that others see."""
    module = replace(module, functions=tuple(
        replace(function, exported=function.name in roots) for function in module.functions))
    return reachable(module, roots)


# ---- what the host must know ---------------------------------------------------------------------


def _known_to_host(lowered: Lowered, linked: Linked, module: lir.Module, info: BookInfo, book: core.Book, file: str,
                   render: Render, given: Sequence[str]) -> dict[str, Any]:
    program = lowered.program
    names = shown_names(program, info, book)
    texts = failures(module, program, render)
    return {
        'version': __version__,
        'source': Path(file).name,
        'memory': linked.memory_start,
        'constants': len(program.constants),
        'arguments': list(given),
        'shapes': [_shape(shape, program, names) for shape in program.shapes],
        'made': _made(program),
        'entryNames': names.entries,
        'constantNames': names.constants,
        'constantLabels': names.labels,
        'printable': _printable(program),
        'functions': _functions(lowered, linked),
        'divisions': {'': texts.division, **{str(place): text for place, text in texts.divisions.items()}},
        'stack': [*texts.functions, texts.stack],
        'wrongShape': texts.wrong_shape,
        'functionResult': texts.function_result,
    }


def _shape(shape: Shape | None, program: DirectProgram, names: ShownNames) -> list[str | int]:
    """A row of the table of shapes: name, kind, fields, the one that is a payload (or -1) and the kind of that number;
    in programs that act what it is for lists of numbers, and whether it asks for an action."""
    if shape is None:
        return []
    forms = program.actions
    of_actions = [] if forms is None else [list_kind(shape, forms), int(shape.constructor in forms.calls)]
    return [shape_name(shape, names.show), KINDS.get(shape.constructor, 'PLAIN'), shape.fields,
            -1 if shape.packed is None else shape.packed, shape.kind, *of_actions]


def _made(program: DirectProgram) -> dict[str, int] | None:
    """The shapes of what the host makes; None for programs that do not act."""
    if program.actions is None:
        return None
    return {name: program.made[constructor] for constructor, name in MADE.items()}


def _printable(program: DirectProgram) -> str:
    """The characters that show as themselves in strings: where ranges begin and end, as distances in base 36."""
    has_strings = any(shape is not None and shape.constructor == STRING[0] for shape in program.shapes)
    ranges = printable_ranges() if has_strings else ((0x20, 0x7E),)
    edges = [edge for first, last in ranges for edge in (first, last + 1)]
    return ','.join(_base_36(edge - before) for edge, before in zip(edges, [0, *edges], strict=False))


def _base_36(number: int) -> str:
    digits = ''
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = '0123456789abcdefghijklmnopqrstuvwxyz'[digit] + digits
    return digits


def _functions(lowered: Lowered, linked: Linked) -> Mapping[int, int]:
    """The numbers of the program's functions by those that the module knows them by: what to blame when the stack has
    no room left."""
    context = lowered.context
    found: dict[int, int] = {}
    for number, name in enumerate(context.program.functions):
        if (index := linked.functions.get(context.lir_name(name))) is not None:
            found[index] = number
    for count in range(1, 256):
        if (index := linked.functions.get(apply_name(count))) is None:
            break
        found[index] = len(context.program.functions)
    return found
