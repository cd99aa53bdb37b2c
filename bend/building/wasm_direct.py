"""Programs of the direct engine as WebAssembly modules: the kernel, the program, and what the host must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bend.building.wasm_module import Setting, built_module, printable_text
from bend.codegen import lir
from bend.codegen.direct.compile import Lowered
from bend.codegen.direct.kernel_code import wasm_kernel
from bend.codegen.direct.operations import apply_name
from bend.codegen.lir_merge import merge
from bend.codegen.wasm_link import Linked
from bend.codegen.wasm_stacks import RESUME, count_stack
from bend.desugar import core
from bend.diagnostics import Diagnostic
from bend.hvm.readback import BookInfo
from bend.hvm.show import STRING
from bend.options import Options
from bend.records import dataclass, replace
from bend.running_direct import OUT_OF_BUDGET, too_late, wrong_shape
from bend.runtime.direct.actions import list_kind
from bend.runtime.direct.program import DirectProgram, Shape
from bend.standalone import (
    KINDS,
    MADE,
    MAY_NEED_NETS,
    ShownNames,
    failures,
    lowered_standalone,
    nets_to_begin_again,
    shape_name,
    shown_names,
)

ROOTS = ('begin', 'evaluate', 'constant_value', 'apply', RESUME)
"""What the host calls."""
ACTING_ROOTS = ('make_cell', 'make_list', 'make_room', 'take_part')
"""The same in programs that perform actions."""
NETS_SECTION = 'nets'
"""Where the module of the nets lies of a program that may begin again as nets."""


@dataclass(frozen=True, slots=True)
class WasmNets:
    """The module of the nets of a program, and whether they may perform actions."""

    module: bytes
    is_acting: bool


def wasm_direct(book: core.Book, info: BookInfo, setting: Setting, options: Options, budgeted: bool,
                nets: Callable[[], WasmNets | None]) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The module of a program, and what to warn of. Raises `Unsupported` for what only nets can do, and `BendError` for
    what standalone programs cannot do. `nets` are asked for where the program may have to begin again as nets; one that
    is `budgeted` does so after some time."""
    lowered, doubts = lowered_standalone(book, options, setting.given, parallel=False)
    actions = lowered.program.actions
    beside = nets_to_begin_again(lowered, budgeted or bool(doubts), nets)
    kernel = wasm_kernel(actions is not None, budgeted and beside is not None)
    code = built_module(
        count_stack(merge(kernel, lowered.module)), ROOTS if actions is None else ROOTS + ACTING_ROOTS, setting,
        lambda module, linked: _known_to_host(lowered, linked, module, info, book, setting, beside is not None),
        {} if beside is None else {NETS_SECTION: beside.module})
    warnings = (*((MAY_NEED_NETS,) if budgeted else ()), *doubts)
    return code, warnings if beside is None else ()


# ---- what the host must know ---------------------------------------------------------------------


def _known_to_host(lowered: Lowered, linked: Linked, module: lir.Module, info: BookInfo, book: core.Book,
                   setting: Setting, restarts: bool) -> dict[str, Any]:
    program = lowered.program
    names = shown_names(program, info, book)
    texts = failures(module, program, setting.render)
    if restarts:
        texts = replace(texts, wrong_shape=setting.render(too_late(wrong_shape(program, 0))))
    has_strings = any(shape is not None and shape.constructor == STRING[0] for shape in program.shapes)
    return {
        'engine': 'direct',
        'constants': len(program.constants),
        'shapes': [_shape(shape, program, names) for shape in program.shapes],
        'made': _made(program),
        'entryNames': names.entries,
        'constantNames': names.constants,
        'constantLabels': names.labels,
        'printable': printable_text(has_strings),
        'functions': _functions(lowered, linked),
        'divisions': {'': texts.division, **{str(place): text for place, text in texts.divisions.items()}},
        'stack': [*texts.functions, texts.stack],
        'wrongShape': texts.wrong_shape,
        'outOfBudget': setting.render(too_late(OUT_OF_BUDGET)) if restarts else '',
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
