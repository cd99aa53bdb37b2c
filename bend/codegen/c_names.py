"""Names of LIR as identifiers of C: readable, and each its own, also where names differ in punctuation only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bend.codegen import lir
from bend.codegen.lir_walk import locals_of

_PUNCTUATION = re.compile('[^A-Za-z0-9_]')

KERNEL_PREFIX = 'rt_'
"""What functions of the kernel begin with, so that none is called like one of the C library (`sleep`, `power`)."""

_KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true
    false nullptr constexpr static_assert thread_local alignas alignof typeof typeof_unqual asm noreturn
"""
"""Those of later standards and common extensions are among them."""
_OF_CPP = """
    and and_eq asm bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield compl concept
    const_cast consteval constinit decltype delete dynamic_cast explicit export friend mutable namespace new
    not not_eq operator or or_eq private protected public reinterpret_cast requires static_cast template this throw try
    typeid typename using virtual wchar_t xor xor_eq threadIdx blockIdx blockDim gridDim warpSize
"""
"""Those of C++, and what CUDA knows everywhere."""
_MACROS = 'errno stdin stdout stderr linux unix i386 assert complex imaginary offsetof signbit isnan isinf isfinite'
"""What headers may define."""
_OWN = 'main u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 word pause_core stack_pointer'
"""What emitted code itself uses."""
RESERVED = frozenset(f'{_KEYWORDS} {_OF_CPP} {_MACROS} {_OWN}'.split())


class Names:
    """Gives names out, each once.

    `taken` are names that are not to be given.
    """

    def __init__(self, taken: Iterable[str] = RESERVED) -> None:
        self.taken = set(taken)

    def new(self, name: str) -> str:
        """An identifier like `name` that nothing else has."""
        plain = _PUNCTUATION.sub('_', name)
        if not plain or plain[0].isdigit() or plain.startswith('_'):
            plain = f'n{plain}'
        if plain.isupper():
            # Names in capitals may be macros.
            plain += '_'
        found, number = plain, 1
        while found in self.taken:
            number += 1
            found = f'{plain}_{number}'
        self.taken.add(found)
        return found


class ModuleNames:
    """The identifiers of everything in a module that is visible in all of its functions."""

    def __init__(self, module: lir.Module, provided: Iterable[str], prefix: str = '') -> None:
        """`provided` are the functions that the code around the module provides, by names that it chooses itself. With
        a `prefix`, such as `nets_`, the names of all functions begin with it, and those of structs with `Nets`."""
        names = Names()
        struct_prefix = prefix.rstrip('_').capitalize()
        # Exported names are those that other code knows, and come first.
        names.taken.update(provided)
        self.functions = {function.name: names.new(prefix + function.name) for function in module.functions
                          if (function.exported or function.extern) and function.name not in names.taken}
        self.structs = {struct.name: names.new(struct_prefix + struct.name) for struct in module.structs}
        self.globals = {item.name: names.new(prefix + item.name) for item in module.globals}
        for function in module.functions:
            if function.name not in self.functions:
                begin = prefix or (KERNEL_PREFIX if function.file else '')
                self.functions[function.name] = names.new(begin + function.name)
        self.names = names

    def of_locals(self, function: lir.Function, given: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
        """The identifiers of the locals of a function, which hide none of the module's; those of some are given."""
        names = Names((*self.names.taken, *given.values()))
        return {name: given.get(name) or names.new(name) for name in locals_of(function)}
