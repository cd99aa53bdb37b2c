"""Modules of LIR are put together: the kernel, programs, and what they need besides."""

from __future__ import annotations

from bend.codegen import lir


def merge(*modules: lir.Module) -> lir.Module:
    """One module with everything of all: definitions replace declarations, equal structs are one.

    Raises ValueError if a name is defined twice.
    """
    functions: dict[str, lir.Function] = {}
    structs: dict[str, lir.Struct] = {}
    data: dict[str, lir.Global] = {}
    for module in modules:
        for function in module.functions:
            known = functions.get(function.name)
            if known is None or known.extern:
                functions[function.name] = function
            elif not function.extern:
                raise ValueError(f'the function {function.name} is defined twice')
        for struct in module.structs:
            if structs.setdefault(struct.name, struct) != struct:
                raise ValueError(f'the struct {struct.name} is defined twice')
        for item in module.globals:
            if data.setdefault(item.name, item) is not item:
                raise ValueError(f'the global {item.name} is defined twice')
    return lir.Module(tuple(functions.values()), tuple(structs.values()), tuple(data.values()))
