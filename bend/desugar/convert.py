"""Modules to a book: items of both notations become core definitions (spec 02 §2; 01 §1.2, §1.3).

In the book all fun functions come first, then the imp ones, the prelude's before the program's.
"""

from __future__ import annotations

from collections.abc import Iterable

from bend.desugar import core
from bend.desugar.context import Context
from bend.desugar.convert_imp import ImpConverter, imp_type
from bend.desugar.imported_names import program_names
from bend.desugar.scope import Definitions, Scope
from bend.desugar.shadowing import Renaming
from bend.desugar.terms import pattern_vars
from bend.hvm.net import Net, Ref
from bend.hvm.walk import map_leaves
from bend.records import replace
from bend.source import Source, Span
from bend.syntax import ast
from bend.syntax.imports import Program


def convert_modules(prelude: ast.Module | None, program: Program, context: Context) -> core.Book:
    """Converts a program and the prelude under it to one book.

    Fills in what the context knows about names. Raises `BendError` for names defined twice and wrong imports; reports
    errors in statements and keyword arguments.
    """
    prelude_items = prelude.items if prelude is not None else ()
    found = program_names(prelude_items, program, context.report)
    context.add_names(found)
    modules = [(prelude_items, found.prelude), *((part.items, part.names) for part in found.files)]
    definitions = _definitions(modules)
    parts = [_BookConverter(definitions, context, names, index == 0) for index, (_, names) in enumerate(modules)]
    for part, (items, _) in zip(parts, modules, strict=True):
        for item in items:
            part.item(item)

    book = core.Book({}, {}, {}, {})
    for part in parts:
        book = replace(book, adts={**book.adts, **part.adts}, constructors={**book.constructors, **part.constructors},
                       nets={**book.nets, **part.nets})
    own, imported = parts[:2], parts[2:]
    groups = [*(part.fun_defs for part in own), *(defs for part in imported for defs in (part.fun_defs, part.imp_defs)),
              *(part.imp_defs for part in own)]
    functions = {definition.name: definition for group in groups for definition in group}
    return context.settled(book.with_defs(functions))


def _definitions(modules: Iterable[tuple[Iterable[ast.Item], Renaming]]) -> Definitions:
    """The top-level names of all modules, as the book will know them."""
    types = {names.type(item.name): (item, names) for items, names in modules for item in items
             if isinstance(item, ast.TypeDef)}
    parameters = {names.value(constructor.name): tuple(field.name for field in constructor.fields)
                  for item, names in types.values() for constructor in item.constructors}
    constructors = frozenset(parameters)
    for items, names in modules:
        for item in items:
            match item:
                case ast.ImpDef():
                    parameters[names.value(item.name)] = tuple(p.name for p in item.parameters)
                case ast.FunDef():
                    parameters[names.value(item.name)] = _fun_parameters(item, names, constructors)
                case _:
                    pass
    return Definitions(parameters, constructors, frozenset(types))


def _fun_parameters(function: ast.FunDef, names: Renaming, constructors: frozenset[str]) -> tuple[str, ...]:
    """The parameter names of a fun function: the plain variables of its first rule; others cannot be named."""
    return tuple(
        pattern.name if isinstance(pattern, ast.PatternVar) and pattern.name
        and names.constructor(pattern.name, constructors) is None else '' for pattern in function.rules[0].patterns)


class _BookConverter:
    """Converts the items of one module."""

    def __init__(self, definitions: Definitions, context: Context, names: Renaming, builtin: bool) -> None:
        self.definitions = definitions
        self.context = context
        self.names = names
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

    def converter(self, definition: str) -> ImpConverter:
        """A converter for what belongs to one definition of the book."""
        return ImpConverter(self.definitions, self.context, definition, self.names)

    def imp_def(self, item: ast.ImpDef) -> core.Def:
        """An imp function: checked if anything is annotated (spec 02 §5.1)."""
        name = self.names.value(item.name)
        converter = self.converter(name)
        definition = converter.function(item, Scope())
        type_ = imp_type(item)
        checked = type_ is not None if item.checked is None else item.checked
        return replace(definition, name=name, type=type_ and converter.type(type_), checked=checked,
                       builtin=self.builtin)

    def fun_def(self, item: ast.FunDef) -> core.Def:
        """A fun function: checked if it has a signature."""
        name = self.names.value(item.name)
        converter = self.converter(name)
        rules = []
        for rule in item.rules:
            patterns = tuple(map(converter.pattern, rule.patterns))
            scope = Scope().bind(v for pattern in patterns for v in pattern_vars(pattern))
            rules.append(core.Rule(patterns, converter.scoped(rule.body, scope), span=rule.span))
        checked = item.type is not None if item.checked is None else item.checked
        return core.Def(name, tuple(rules), item.type and converter.type(item.type), checked, self.builtin,
                        parameters=self.definitions.parameters[name], span=item.span)

    def type_def(self, item: ast.TypeDef) -> None:
        """A type and its constructors; constructors are known by name only, there are no functions for them."""
        type_name = self.names.type(item.name)
        with_variables = self.names.with_variables(item.variables, self.definitions.types)
        converter = ImpConverter(self.definitions, self.context, type_name, with_variables)
        variables = tuple(map(with_variables.type, item.variables))
        names = []
        for tag, constructor in enumerate(item.constructors):
            fields = tuple(core.FieldInfo(field.name, field.type and converter.type(field.type), field.recursive)
                           for field in constructor.fields)
            name = self.names.value(constructor.name)
            names.append(name)
            self.constructors[name] = core.Constructor(name, type_name, tag, fields, span=constructor.span)
        self.adts[type_name] = core.Adt(type_name, variables, tuple(names), self.builtin, span=item.span)

    def hvm_def(self, item: ast.HvmDef) -> None:
        """A native net. Its errors point into the file that it stands in."""
        from bend.hvm.text import parse_net  # only few programs need the parser of nets

        name = self.names.value(item.name)
        type_ = item.type and self.converter(name).type(item.type)
        net = parse_net(_net_source(item.net_text, item.span), definition='' if self.builtin else item.name)
        self.nets[name] = core.NetDef(name, self.renamed_net(net), type_, self.builtin, span=item.span)

    def renamed_net(self, net: Net) -> Net:
        """A net with references by the book's names."""
        return map_leaves(net, lambda leaf: Ref(self.names.value(leaf.name)) if isinstance(leaf, Ref) else leaf)


def _net_source(text: str, span: Span) -> Source:
    """The text of a net, with blanks for what stands before it in its file, so that places stay right."""
    start = span.source.text.find(text, span.start)
    before = span.source.text[:max(start, 0)]
    blank = ''.join(character if character in '\r\n' else ' ' for character in before)
    return Source(span.source.name, blank + text, span.source.builtin)
