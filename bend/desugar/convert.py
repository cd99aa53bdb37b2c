"""Modules to a book: items of both notations become core definitions (spec 02 §2; 01 §1.2, §1.3).

In the book all fun functions come first, then the imp ones, the prelude's before the program's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bend.desugar import core
from bend.desugar.context import Context
from bend.desugar.convert_imp import ImpConverter, imp_type
from bend.desugar.scope import Definitions, Scope
from bend.desugar.shadowing import Renaming, TopLevel, renaming, top_level
from bend.desugar.terms import pattern_vars
from bend.diagnostics import error
from bend.source import Source, Span
from bend.syntax import ast


def convert_modules(prelude: ast.Module | None, program: ast.Module, context: Context) -> core.Book:
    """Converts a program and the prelude under it to one book.

    Fills in `context.renamed`. Raises `BendError` with all errors found in names, statements and keyword arguments.
    """
    prelude_items = prelude.items if prelude is not None else ()
    prelude_names = top_level(prelude_items, context.report.add)
    program_names = top_level(program.items, context.report.add)
    for item in program.items:
        if isinstance(item, ast.Import):
            context.report.add(error('import', 'Imports are not supported yet.', item.span,
                                     hint='Put the definitions into this file.'))
    context.report.stop_on_errors()

    types = [item for item in prelude_items if isinstance(item, ast.TypeDef)]
    renamed = renaming(prelude_names, program_names, types)
    context.renamed.update(renamed.values)
    definitions = _definitions((prelude_items, prelude_names, renamed), (program.items, program_names, Renaming()))
    parts = [_BookConverter(definitions, context, renamed, True),
             _BookConverter(definitions, context, Renaming(), False)]
    for part, items in zip(parts, (prelude_items, program.items), strict=True):
        for item in items:
            part.item(item)
    context.report.stop_on_errors()

    book = core.Book({}, {}, {}, {})
    for part in parts:
        book = replace(book, adts={**book.adts, **part.adts}, constructors={**book.constructors, **part.constructors},
                       nets={**book.nets, **part.nets})
    functions = {d.name: d for group in ('fun_defs', 'imp_defs') for part in parts for d in getattr(part, group)}
    return book.with_defs(functions)


def _definitions(*modules: tuple[Iterable[ast.Item], TopLevel, Renaming]) -> Definitions:
    """The top-level names of all modules, as the book will know them."""
    constructors = frozenset(renamed.values.get(name, name)
                             for _, found, renamed in modules for name in found.constructors)
    types = frozenset(renamed.types.get(name, name) for _, found, renamed in modules for name in found.types)
    parameters: dict[str, tuple[str, ...]] = {}
    for items, _, renamed in modules:
        for item in items:
            match item:
                case ast.ImpDef():
                    parameters[renamed.values.get(item.name, item.name)] = tuple(p.name for p in item.parameters)
                case ast.FunDef():
                    parameters[renamed.values.get(item.name, item.name)] = _fun_parameters(item, constructors)
                case ast.TypeDef():
                    for constructor in item.constructors:
                        name = renamed.values.get(constructor.name, constructor.name)
                        parameters[name] = tuple(field.name for field in constructor.fields)
                case _:
                    pass
    return Definitions(parameters, constructors, types)


def _fun_parameters(function: ast.FunDef, constructors: frozenset[str]) -> tuple[str, ...]:
    """The parameter names of a fun function: the plain variables of its first rule; others cannot be named."""
    return tuple(
        pattern.name if isinstance(pattern, ast.PatternVar) and pattern.name and pattern.name not in constructors
        else '' for pattern in function.rules[0].patterns)


class _BookConverter:
    """Converts the items of one module."""

    def __init__(self, definitions: Definitions, context: Context, renamed: Renaming, builtin: bool) -> None:
        self.definitions = definitions
        self.context = context
        self.renamed = renamed
        self.builtin = builtin
        self.fun_defs: list[core.Def] = []
        self.imp_defs: list[core.Def] = []
        self.adts: dict[str, core.Adt] = {}
        self.constructors: dict[str, core.Constructor] = {}
        self.nets: dict[str, core.NetDef] = {}

    def item(self, item: ast.Item) -> None:
        """Converts one item."""
        match item:
            case ast.ImpDef():
                self.imp_defs.append(self.imp_def(item))
            case ast.FunDef():
                self.fun_defs.append(self.fun_def(item))
            case ast.TypeDef():
                self.type_def(item)
            case ast.HvmDef():
                self.hvm_def(item)
            case ast.Import():
                pass

    def name(self, name: str) -> str:
        """The name of a definition in the book."""
        return self.renamed.values.get(name, name)

    def converter(self, definition: str) -> ImpConverter:
        """A converter for what belongs to one definition."""
        return ImpConverter(self.definitions, self.context, definition, self.renamed.values, self.renamed.types)

    def imp_def(self, item: ast.ImpDef) -> core.Def:
        """An imp function: checked if anything is annotated (spec 02 §5.1)."""
        converter = self.converter(item.name)
        definition = converter.function(item, Scope())
        type_ = imp_type(item)
        checked = type_ is not None if item.checked is None else item.checked
        return replace(definition, name=self.name(item.name), type=type_ and converter.type(type_), checked=checked,
                       builtin=self.builtin)

    def fun_def(self, item: ast.FunDef) -> core.Def:
        """A fun function: checked if it has a signature."""
        converter = self.converter(item.name)
        rules = []
        for rule in item.rules:
            patterns = tuple(map(converter.pattern, rule.patterns))
            scope = Scope().bind(v for pattern in patterns for v in pattern_vars(pattern))
            rules.append(core.Rule(patterns, converter.scoped(rule.body, scope), span=rule.span))
        checked = item.type is not None if item.checked is None else item.checked
        name = self.name(item.name)
        return core.Def(name, tuple(rules), item.type and converter.type(item.type), checked, self.builtin,
                        parameters=self.definitions.parameters[name], span=item.span)

    def type_def(self, item: ast.TypeDef) -> None:
        """A type and its constructors; constructors are known by name only, there are no functions for them."""
        converter = self.converter(item.name)
        # A program's own type variables may have names that it also gives to types; only the prelude's are renamed.
        type_name = self.renamed.types.get(item.name, item.name) if self.builtin else item.name
        variables = tuple(self.renamed.types.get(variable, variable) for variable in item.variables)
        names = []
        for tag, constructor in enumerate(item.constructors):
            fields = tuple(core.FieldInfo(field.name, field.type and converter.type(field.type), field.recursive)
                           for field in constructor.fields)
            name = self.name(constructor.name)
            names.append(name)
            self.constructors[name] = core.Constructor(name, type_name, tag, fields, span=constructor.span)
        self.adts[type_name] = core.Adt(type_name, variables, tuple(names), self.builtin, span=item.span)

    def hvm_def(self, item: ast.HvmDef) -> None:
        """A native net. Its errors point into the file that it stands in."""
        from bend.hvm.text import parse_net  # only few programs need the parser of nets

        type_ = item.type and self.converter(item.name).type(item.type)
        net = parse_net(_net_source(item.net_text, item.span))
        name = self.name(item.name)
        self.nets[name] = core.NetDef(name, net, type_, self.builtin, span=item.span)


def _net_source(text: str, span: Span) -> Source:
    """The text of a net, with blanks for what stands before it in its file, so that places stay right."""
    start = span.source.text.find(text, span.start)
    before = span.source.text[:max(start, 0)]
    blank = ''.join(character if character in '\r\n' else ' ' for character in before)
    return Source(span.source.name, blank + text, span.source.builtin)
