"""Moving a struct to a memory of its own on a GPU: all pointers to it say so."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from bend.codegen import lir
from bend.records import replace


def in_space(module: lir.Module, struct: str, space: lir.Space) -> lir.Module:
    """The module, with all pointers to a struct and to its fields as such into an address space: accesses through them
    need not find out at run time which memory they mean. All objects of the struct must lie there."""
    old, new = lir.Ptr(lir.StructName(struct)), lir.Ptr(lir.StructName(struct), space)

    def moved(item: Any) -> Any:
        if isinstance(item, lir.Ptr) and item == old:
            return new
        if isinstance(item, tuple):
            found = tuple(map(moved, item))
            return item if all(a is b for a, b in zip(found, item, strict=True)) else found
        if not dataclasses.is_dataclass(item) or isinstance(item, type):
            return item
        changes = {name: found for name in _names(type(item))
                   if (found := moved(before := getattr(item, name))) is not before}
        if changes:
            node: Any = item
            item = replace(node, **changes)
        if isinstance(item, lir.FieldAddress):
            assert isinstance(item.pointer.type, lir.Ptr)
            if item.pointer.type.space != item.type.space:
                return replace(item, type=lir.Ptr(item.type.pointee, item.pointer.type.space))
        if isinstance(item, lir.Call):
            return replace(item, arguments=tuple(map(passed, item.arguments)))
        return item

    def passed(argument: lir.Expr) -> lir.Expr:
        type_ = argument.type
        if isinstance(type_, lir.Ptr) and type_.space == space and type_ != new:
            return lir.Convert(argument, lir.Ptr(type_.pointee))
        return argument

    found = moved(module)
    assert isinstance(found, lir.Module)
    return found


@cache
def _names(class_: type[Any]) -> tuple[str, ...]:
    """The fields of a class of nodes."""
    return tuple(item.name for item in dataclasses.fields(class_))
