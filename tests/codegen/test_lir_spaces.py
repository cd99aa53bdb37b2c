"""A struct that moves to a memory of its own on a GPU."""

from __future__ import annotations

from pathlib import Path

from bend.codegen import lir
from bend.codegen.lir_printer import print_module
from bend.codegen.lir_spaces import in_space
from bend.codegen.lir_validate import validate_module
from bend.codegen.pylir import compile_kernel

KERNEL = '''from bend.runtime.kernel.lang import Array, Ptr, addr, export, struct, u64


@struct
class Lane:
    count: u64
    words: Array[u64, 4]


def clear(target: Ptr[u64]) -> None:
    target[0] = 0


@export
def run(lane: Ptr[Lane], heap: Ptr[u64], index: u64) -> u64:
    lane.count += 1
    lane.words[index] = heap[index]
    clear(addr(lane.words[0]))
    return lane.count
'''


def test_pointers_to_a_struct_move_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / 'lanes.py'
    path.write_text(KERNEL, encoding='utf-8')
    module = compile_kernel([path])
    moved = in_space(module, 'Lane', 'shared')
    validate_module(moved)
    lane, heap, _ = (type_ for _, type_ in moved.function('run').parameters)
    assert lane == lir.Ptr(lir.StructName('Lane'), 'shared')
    assert heap == lir.Ptr(lir.U64)
    assert moved.function('clear') == module.function('clear')
    # What is passed on as a plain pointer is one again.
    assert 'clear(u64*(' in print_module(moved)
    assert 'clear(u64*(' not in print_module(module)
