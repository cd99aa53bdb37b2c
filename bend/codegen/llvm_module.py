"""LIR to LLVM IR, as text: what stands around the functions of a module (their bodies: `emit_llvm`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from bend.codegen import lir
from bend.codegen.debug_info import DebugInfo
from bend.codegen.llvm_text import SPACES, extension, memory_type, quoted, value_type
from bend.records import dataclass

_ALIAS_NUMBERS: dict[str, int] = {}
"""The numbers of alias classes, the same in all modules of a process. They do not show in the code."""


@dataclass(frozen=True, slots=True)
class FunctionText:
    """The definition of a function without its linkage, and what it needs: declarations of intrinsics by name, alias
    classes, static data, and the functions that it calls, with the number of calls."""

    function: lir.Function
    lines: Sequence[str]
    intrinsics: Mapping[str, str]
    alias_classes: Collection[str]
    data: Collection[str]
    calls: Mapping[str, int]


KernelTexts: TypeAlias = dict[int, FunctionText]
"""The texts of kernel functions by identity."""


class BodyEmitter(Protocol):
    """Who emits a function."""

    calls: Counter[str]

    def emit(self) -> list[str]:
        """The lines of its definition."""


class ModuleEmitter:
    """Emits a module, or several that call each other. `machine` is the CPU that it is for, if it is for one. With
    `symbols`, it is for a file that it is linked to; see `bend.codegen.emit_llvm.emit_module`."""

    is_traced = True

    def __init__(self, module: lir.Module, kernel_texts: KernelTexts, machine: str = '',
                 symbols: Mapping[str, str] | None = None) -> None:
        self.module = module
        self.kernel_texts = kernel_texts
        self.machine = machine
        self.symbols = symbols or {}
        self.visibility = '' if symbols is None else 'hidden '
        self.structs = {struct.name: struct for struct in module.structs}
        self.functions = {function.name: function for function in module.functions}
        self.intrinsics: dict[str, str] = {}
        self.alias_classes: set[str] = set()
        self.data: set[str] = set()
        self.debug = DebugInfo(self.is_traced and symbols is None)

    def emit(self) -> str:
        """The text of the whole module."""
        return self.assembled([self.text_of(function) for function in self.module.functions if not function.extern])

    def assembled(self, texts: Sequence[FunctionText], exported: Collection[str] = ()) -> str:
        """The text of a module of some functions; the others that they call are declared. What is `exported` besides
        what always is can be called by other modules."""
        lines = [
            f'%{quoted("struct." + struct.name)} = type {{ '
            f'{", ".join(memory_type(type_) for _, type_ in struct.fields)} }}'
            for struct in self.module.structs
        ]
        used = {name for text in texts for name in text.data}
        lines.extend(self.global_data(item) for item in self.module.globals if item.name in used)
        defined = {text.function.name for text in texts}
        declared: dict[str, None] = {}
        intrinsics: dict[str, str] = {}
        classes: set[str] = set()
        for text in texts:
            is_exported = text.function.exported or text.function.name in exported
            lines.append(f'define {self.visibility if is_exported else "internal "}{text.lines[0]}')
            lines.extend(text.lines[1:])
            declared.update((name, None) for name in text.calls if name not in defined)
            intrinsics.update(text.intrinsics)
            classes.update(text.alias_classes)
        for name in declared:
            function = self.functions[name]
            lines.append(f'declare {self.visibility}{self.signature(function, named=False)} nounwind{ending(function)}')
        lines.extend(intrinsics.values())
        lines.extend(self.metadata(classes))
        lines.extend(self.debug.metadata(defined))
        return '\n'.join(lines) + '\n'

    def text_of(self, function: lir.Function) -> FunctionText:
        """The text of a function. That of kernel functions, which are the same in all programs, is kept."""
        known = self.kernel_texts.get(id(function))
        if known is None or known.function is not function:
            self.intrinsics, self.alias_classes, self.data = {}, set(), set()
            emitter = self.function_emitter(function)
            known = FunctionText(function, emitter.emit(), self.intrinsics, self.alias_classes, self.data,
                                 emitter.calls)
            # Where debug information is depends on the module.
            if function.file and not function.traced:
                self.kernel_texts[id(function)] = known
        return known

    def function_emitter(self, function: lir.Function) -> BodyEmitter:
        """Who emits a function for the target."""
        raise NotImplementedError

    def symbol(self, name: str) -> str:
        """The name of a function or of data, for the assembler."""
        return f'@{quoted(self.symbols.get(name, name))}'

    def global_data(self, item: lir.Global) -> str:
        """The definition of data."""
        element = memory_type(item.element)
        kind = 'constant' if item.constant else 'global'
        if item.space == 'shared':
            initial = 'undef'
        elif item.words is None:
            initial = 'zeroinitializer'
        else:
            initial = '[' + ', '.join(f'{element} {word}' for word in item.words) + ']'
        space = '' if item.space == 'generic' else f'addrspace({SPACES[item.space]}) '
        return f'{self.symbol(item.name)} = internal {space}{kind} [{item.count} x {element}] {initial}, align 8'

    def signature(self, function: lir.Function, *, named: bool = True) -> str:
        """The type of a function around its name, with the names of parameters where it is defined."""
        parameters = ', '.join(
            f'{value_type(type_)} {extension(type_)}' + (f'%{quoted("p." + name)}' if named else '')
            for name, type_ in function.parameters
        )
        convention = 'tailcc ' if function.tail else ''
        return (f'{convention}{extension(function.result)}{value_type(function.result)} '
                f'{self.symbol(function.name)}({parameters})')

    def intrinsic(self, name: str, result: str, parameters: Sequence[str]) -> str:
        """Declares an intrinsic of LLVM; gives its name."""
        self.intrinsics.setdefault(name, f'declare {result} @{name}({", ".join(parameters)})')
        return f'@{name}'

    def alias_tag(self, pointer: lir.Expr) -> str:
        """The alias class of a plain access: a field of a struct, or memory behind a pointer to scalars."""
        while isinstance(pointer, lir.IndexAddress):
            pointer = pointer.pointer
        name = 'memory'
        if isinstance(pointer, lir.FieldAddress):
            struct = lir.pointee(pointer.pointer.type)
            name = f'{struct}.{pointer.field}'
        self.alias_classes.add(name)
        number = _ALIAS_NUMBERS.setdefault(name, len(_ALIAS_NUMBERS))
        return f', !tbaa !{4 + number * 2}'

    def metadata(self, classes: Collection[str]) -> list[str]:
        """Branch weights, and a flat tree of alias classes under one root."""
        lines = [
            '!0 = !{!"branch_weights", i32 2000, i32 1}',
            '!1 = !{!"branch_weights", i32 1, i32 2000}',
            '!2 = !{!"bend"}',
        ]
        for name in sorted(classes, key=_ALIAS_NUMBERS.__getitem__):
            node = 3 + _ALIAS_NUMBERS[name] * 2
            lines.append(f'!{node} = !{{!"{name}", !2, i64 0}}')
            lines.append(f'!{node + 1} = !{{!{node}, !{node}, i64 0}}')
        return lines


def ending(function: lir.Function) -> str:
    """The attributes of a function that ends the run: calls of it tell by where they are how it came there."""
    return ' noreturn nomerge' if function.noreturn else ''
