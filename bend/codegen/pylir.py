"""Restricted Python to LIR: reads the kernel modules of `bend/runtime/kernel` (or any written like them).

A kernel module has imports of other kernel modules and of `bend.runtime.kernel.lang`, constants, structs and typed
functions. It is read with the standard `ast` module, never run here. Modules that are imported are compiled along.
The bodies of functions are lowered by `bend.codegen.pylir_body`.

    @inline
    def push(w: Ptr[Worker], a: u64) -> None:        define internal, always inline
        w.bag[w.top] = a                             Store(IndexAddress(Load(FieldAddress(w, bag)), ...), a)
        w.top += 1                                   Store(FieldAddress(w, top), ...)

Integers wrap, `//` and `%` cut towards zero, shift counts are taken modulo the width, `and`, `or` and `a if c else b`
are lazy. Literals and constants without a type take the type of what they meet; alone they are u64 or f64. Nothing is
converted silently but the count of a shift.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from bend.codegen import lir
from bend.codegen.lir_validate import ValidationError, validate_module
from bend.codegen.pylir_body import lower_body
from bend.codegen.pylir_scope import (
    KERNEL_PACKAGE,
    LANG_MODULE,
    LANG_NAMES,
    Constant,
    FunctionEntity,
    KernelError,
    LangName,
    Scope,
    StructEntity,
    constant,
)

__all__ = ['KernelError', 'compile_kernel']

_KERNEL_FOLDER = Path(__file__).resolve().parent.parent / 'runtime' / 'kernel'
_INLINE: Mapping[str, lir.Inline] = {'inline': 'always', 'noinline': 'never'}


def compile_kernel(
    modules: Sequence[ModuleType | str | Path], parameters: Mapping[str, int] | None = None
) -> lir.Module:
    """Compiles kernel modules, and those that they import, to one LIR module.

    `modules` are module objects or paths of source files; `parameters` override module constants of these names.
    Raises KernelError, which says where and why.
    """
    compiler = _Compiler(parameters or {})
    for module in modules:
        path = module.__file__ if isinstance(module, ModuleType) else module
        assert path is not None
        compiler.load(Path(path).resolve())
    return compiler.finish()


class _Compiler:
    """Collects modules, then lowers all functions."""

    def __init__(self, parameters: Mapping[str, int]) -> None:
        self.parameters = parameters
        self.scopes: dict[Path, Scope] = {}
        self.structs: dict[str, lir.Struct] = {}
        self.functions: dict[str, tuple[Scope, FunctionEntity]] = {}

    def load(self, path: Path) -> Scope:
        """Reads a module (once) and what it imports; gives its names."""
        if path in self.scopes:
            return self.scopes[path]
        scope = self.scopes[path] = Scope(path.name)
        try:
            tree = ast.parse(path.read_text(encoding='utf-8'), str(path))
        except OSError as error:
            raise KernelError(path.name, 0, f'cannot be read: {error}') from error
        except SyntaxError as error:
            raise KernelError(path.name, error.lineno or 0, f'not Python: {error.msg}') from error
        for node in tree.body:
            self.declare(scope, node, path)
        return scope

    def declare(self, scope: Scope, node: ast.stmt, path: Path) -> None:
        """Enters what a top-level statement defines."""
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.ImportFrom(module='__future__'):
                pass
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                self.import_names(scope, node, module, names, path)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.declare_constant(scope, node, name, None, value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                self.declare_constant(scope, node, name, scope.type_of(annotation), value)
            case ast.ClassDef():
                self.declare_struct(scope, node)
            case ast.FunctionDef():
                self.declare_function(scope, node)
            case _:
                raise scope.error(node, 'a kernel module has only from-imports, constants, structs and functions')

    def import_names(self, scope: Scope, node: ast.stmt, module: str, names: list[ast.alias], path: Path) -> None:
        if module == LANG_MODULE:
            for alias in names:
                if alias.name not in LANG_NAMES:
                    raise scope.error(node, f'{alias.name} is no name of {LANG_MODULE}')
                scope.names[alias.asname or alias.name] = LangName(alias.name)
            return
        if module.startswith(f'{KERNEL_PACKAGE}.'):
            file = _KERNEL_FOLDER.joinpath(*module.removeprefix(f'{KERNEL_PACKAGE}.').split('.'))
        else:
            file = path.parent / module.rpartition('.')[2]
        source = self.load(file.with_suffix('.py'))
        for alias in names:
            if alias.name not in source.names:
                raise scope.error(node, f'{module} does not define {alias.name} (before it imports this module)')
            if alias.asname not in (None, alias.name):
                raise scope.error(node, 'kernel names are imported under their own names')
            scope.names[alias.name] = source.names[alias.name]

    def define(self, scope: Scope, node: ast.AST, name: str) -> None:
        if name in scope.names:
            raise scope.error(node, f'{name} is defined twice')

    def declare_constant(
        self, scope: Scope, node: ast.stmt, name: str, type_: lir.Type | None, value: ast.expr
    ) -> None:
        self.define(scope, node, name)
        folded = self.parameters.get(name, scope.fold(value, typed=True))
        if folded is None:
            raise scope.error(node, f'{name} is no constant: {ast.unparse(value)}')
        if type_ is not None and constant(folded, type_) is None:
            raise scope.error(node, f'{folded} is no {type_}')
        scope.names[name] = Constant(folded, type_)

    def declare_struct(self, scope: Scope, node: ast.ClassDef) -> None:
        self.define(scope, node, node.name)
        if [scope.lang_name(decorator) for decorator in node.decorator_list] != ['struct']:
            raise scope.error(node, 'a class in a kernel module must be a @struct')
        if node.name in self.structs:
            raise scope.error(node, f'another module has a struct {node.name}')
        scope.names[node.name] = StructEntity(node.name)
        fields: list[tuple[str, lir.Type]] = []
        for item in node.body:
            match item:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
                    fields.append((name, scope.type_of(annotation)))
                case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                    pass
                case _:
                    raise scope.error(item, 'a struct has only fields: NAME: TYPE')
        self.structs[node.name] = lir.Struct(node.name, tuple(fields))

    def declare_function(self, scope: Scope, node: ast.FunctionDef) -> None:
        self.define(scope, node, node.name)
        words = [scope.lang_name(decorator) for decorator in node.decorator_list]
        for decorator, word in zip(node.decorator_list, words, strict=True):
            if word not in ('inline', 'noinline', 'noreturn', 'export', 'extern'):
                raise scope.error(decorator, f'{ast.unparse(decorator)} is no decorator for functions')
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
            raise scope.error(node, 'parameters are plain, without defaults')
        parameters: list[tuple[str, lir.Type]] = []
        for argument in [*arguments.posonlyargs, *arguments.args]:
            if argument.annotation is None:
                raise scope.error(argument, f'the parameter {argument.arg} has no type')
            parameters.append((argument.arg, scope.type_of(argument.annotation)))
        inline: lir.Inline = next((_INLINE[word] for word in words if word is not None and word in _INLINE), 'auto')
        function = lir.Function(
            node.name, tuple(parameters), scope.type_of(node.returns), (), inline, 'export' in words,
            'extern' in words, noreturn='noreturn' in words, file=scope.file, line=node.lineno,
        )
        entity = FunctionEntity(function, node)
        scope.names[node.name] = entity
        known = self.functions.get(node.name)
        if known is None or known[1].function.extern:
            self.functions[node.name] = (scope, entity)
        elif not function.extern:
            raise scope.error(node, f'another module has a function {node.name} ({known[0].file})')

    def finish(self) -> lir.Module:
        """Lowers all bodies, and validates."""
        functions: list[lir.Function] = []
        for scope, entity in self.functions.values():
            function = entity.function
            if not function.extern:
                function = dataclasses.replace(function, body=lower_body(scope, entity, self.structs))
            functions.append(function)
        module = lir.Module(tuple(functions), tuple(self.structs.values()))
        try:
            validate_module(module)
        except ValidationError as error:
            scope, entity = self.functions[error.function]
            raise KernelError(scope.file, error.line or entity.node.lineno, error.message) from error
        return module
