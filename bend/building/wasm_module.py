"""What WebAssembly modules of both engines have in common: code is made of LIR, and a section of its own tells the host
what it must know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bend import __version__
from bend.codegen import lir
from bend.codegen.c_text import printable_ranges
from bend.codegen.emit_wasm import emit_wasm_module
from bend.codegen.lir_calls import reachable
from bend.codegen.wasm_link import Linked, link
from bend.diagnostics import BendError, error
from bend.records import dataclass, replace
from bend.runtime.wasm_target import NoTarget, compile_wasm_object
from bend.standalone import Render

STACK = 1 << 16
"""The bytes of memory that LLVM gets for what does not fit into the locals of functions."""
SECTION = 'bend'
OPT_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """What a module is made with besides its program: the file that it comes from, what makes texts of diagnostics, and
    the types of the numbers that it takes when it runs."""

    file: str
    render: Render
    given: tuple[str, ...] = ()


def built_module(whole: lir.Module, roots: Sequence[str], setting: Setting,
                 known: Callable[[lir.Module, Linked], dict[str, Any]], sections: Mapping[str, bytes]) -> bytes:
    """A WebAssembly module of which the host calls some functions, and that has no others than these lead to. `known`
    gives what else the host must know of it; `sections` are more of its sections. Raises `BendError`."""
    module = _with_roots(whole, roots)
    try:
        object_file = compile_wasm_object(emit_wasm_module(module), OPT_LEVEL)
    except NoTarget as problem:
        raise BendError(error('no-target', f'The LLVM that llvmlite has here makes no WebAssembly: {problem}.',
                              hint='`pip install --force-reinstall llvmlite` installs one that does.')) from None
    # The section says where memory is free, which is only known when all else is linked.
    linked = link(object_file, STACK, {})
    about = {'version': __version__, 'source': Path(setting.file).name, 'memory': linked.memory_start,
             'arguments': list(setting.given), **known(module, linked)}
    data = json.dumps(about, ensure_ascii=False, separators=(',', ':')).encode()
    return link(object_file, STACK, {SECTION: data, **sections}).module


def _with_roots(module: lir.Module, roots: Sequence[str]) -> lir.Module:
    """What roots lead to, where these are all that others see."""
    module = replace(module, functions=tuple(
        replace(function, exported=function.name in roots) for function in module.functions))
    return reachable(module, roots)


def printable_text(has_strings: bool) -> str:
    """The characters that show as themselves in strings, if results may have some: where ranges begin and end, as
    distances in base 36."""
    ranges = printable_ranges() if has_strings else ((0x20, 0x7E),)
    edges = [edge for first, last in ranges for edge in (first, last + 1)]
    return ','.join(_base_36(edge - before) for edge, before in zip(edges, [0, *edges], strict=False))


def _base_36(number: int) -> str:
    digits = ''
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = '0123456789abcdefghijklmnopqrstuvwxyz'[digit] + digits
    return digits
