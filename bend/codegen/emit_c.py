"""LIR to C11, as text that people can read.

It says exactly what LIR means, whatever a compiler makes of what C leaves open: the order of operands, overflow,
shifts, conversions, and which pointers may point to the same memory. Calls in the place of their caller become jumps
where the stack would grow otherwise (`c_tails`). What the text takes for granted stands in `support.h` and `types.h` of
`bend/runtime/c`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bend.codegen import lir
from bend.codegen.c_effects import Effects
from bend.codegen.c_expressions import Surroundings, bare, constant
from bend.codegen.c_functions import FunctionEmitter, Jumps
from bend.codegen.c_helpers import Helpers
from bend.codegen.c_masks import without_masks
from bend.codegen.c_names import ModuleNames, Names
from bend.codegen.c_prune import needed
from bend.codegen.c_swaps import without_swaps
from bend.codegen.c_tails import Edge, Group, tail_groups
from bend.codegen.c_types import declaration, field_declaration

_FOLDER = Path(__file__).resolve().parent.parent / 'runtime' / 'c'
SUPPORT = (_FOLDER / 'types.h', _FOLDER / 'support.h')
_INLINE: Mapping[lir.Inline, str] = {'always': 'ALWAYS_INLINE ', 'never': 'NEVER_INLINE ', 'hint': 'inline ',
                                     'auto': ''}


@dataclass(frozen=True, slots=True)
class Style:
    """How a module is emitted. `roots` are the functions that the code around it calls; all functions are static then,
    and only what the roots lead to is there. Without roots, exported functions are visible outside. `provided` are
    functions that the code around it defines, by their names in C. `rare` are calls that may nest (`c_tails`).
    `comments` stand before functions, by name. `prefix` is what the names of functions and structs begin with."""

    roots: frozenset[str] | None = None
    provided: Mapping[str, str] = field(default_factory=dict)
    rare: Collection[Edge] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ''


def emit_c(module: lir.Module, style: Style = Style(), helpers: Helpers | None = None) -> str:
    """The C of a module that is valid (`lir_validate`), to stand behind `support.h`, and behind other modules that had
    the same `helpers`."""
    roots = style.roots
    if roots is None:
        roots = frozenset(function.name for function in module.functions if function.exported)
    module = without_swaps(without_masks(needed(module, roots), roots))
    return ModuleEmitter(module, style, helpers or Helpers()).emit()


def support() -> str:
    """The text that all emitted C begins with."""
    return '\n'.join(path.read_text(encoding='utf-8') for path in SUPPORT)


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Lines with the indentation that their braces ask for."""
    depth = 0
    for line in lines:
        depth -= line.startswith('}')
        yield f'{"    " * depth}{line}' if line else line
        depth += line.endswith('{')


def wrapped(items: Iterable[str], width: int = 100) -> Iterator[str]:
    """Items of a list, as many on a line as there is room for."""
    line = ''
    for item in items:
        if line and len(line) + len(item) > width:
            yield line.rstrip()
            line = ''
        line += f'{item}, '
    yield line.rstrip()


class ModuleEmitter:
    """Emits a module."""

    noreturn = '_Noreturn '
    table_linkage = 'static '

    def __init__(self, module: lir.Module, style: Style, helpers: Helpers) -> None:
        self.module = module
        self.style = style
        self.names = ModuleNames(module, style.provided.values(), style.prefix)
        self.names.functions.update(style.provided)
        self.groups = tail_groups(module, style.rare)
        self.group_of = {name: group for group in self.groups for name in group.names}
        self.group_names = {group.names: self.names.names.new(f'group.{group.names[0]}') for group in self.groups}
        self.slots = {group.names: self.slot_names(group) for group in self.groups}
        self.helpers = helpers
        self.shared = Surroundings(self.names, {function.name: function for function in module.functions},
                                   Effects(module), self.helpers)

    def emit(self) -> str:
        """The whole text."""
        definitions = [line for part in self.definitions() for line in ('', *part)]
        lines = [*self.structs(), '', *self.helpers.lines(), '', *self.tables(), '', *self.prototypes(), *definitions]
        return '\n'.join(indented(lines)) + '\n'

    def definitions(self) -> Iterator[list[str]]:
        """All functions, groups in the place of their first members."""
        for function in self.module.functions:
            if function.extern:
                continue
            group = self.group_of.get(function.name)
            if group is None:
                body = self.function_emitter(function).body()
                yield [*self.comment(function.name), f'{self.head(function)} {{', *body, '}']
                continue
            if group.members[0] is function:
                yield self.group(group)
            yield self.entrance(group, function)

    def function_emitter(self, function: lir.Function) -> FunctionEmitter:
        """What emits a function that is no member of a group."""
        return FunctionEmitter(self.shared, function)

    def structs(self) -> list[str]:
        """The types of structs, then their fields."""
        structs = self.names.structs
        lines = [f'typedef struct {structs[item.name]} {structs[item.name]};' for item in self.module.structs]
        for item in self.module.structs:
            is_memory = item.name[:1].isupper()
            declare = field_declaration if is_memory else declaration
            lines += ['', f'struct {structs[item.name]} {{',
                      *(f'{declare(type_, name, structs)};' for name, type_ in item.fields), '};']
        return lines

    def tables(self) -> Iterator[str]:
        """Static data."""
        for item in self.module.globals:
            element = declaration(item.element, self.names.globals[item.name], self.names.structs)
            head = f'{self.table_linkage}{"const " if item.constant else ""}{element}[{item.count}]'
            if item.words is None:
                yield f'{head};'
            else:
                yield f'{head} = {{'
                yield from wrapped([bare(lir.Const(word, item.element)) or constant(word, item.element).text
                                    for word in item.words])
                yield '};'

    def prototypes(self) -> Iterator[str]:
        """Declarations of all functions."""
        for function in self.module.functions:
            if function.name not in self.style.provided:
                yield f'{self.head(function)};'
        for group in self.groups:
            yield f'{self.group_head(group)};'

    def head(self, function: lir.Function) -> str:
        """The declaration of a function."""
        parameters = self.parameters(function)
        noreturn = self.noreturn if function.noreturn else ''
        result = declaration(function.result, f'{self.names.functions[function.name]}({parameters})',
                             self.names.structs)
        return f'{self.linkage(function)}{noreturn}{result}'

    def linkage(self, function: lir.Function) -> str:
        """Who sees a function, and whether it is inlined."""
        if function.extern:
            return 'extern '
        if function.name in self.group_of and not function.exported:
            return 'static inline __attribute__((unused)) '
        is_visible = function.exported and self.style.roots is None
        return '' if is_visible else f'static {_INLINE[function.inline]}'

    def parameters(self, function: lir.Function) -> str:
        """The parameters of a function."""
        local_names = self.names.of_locals(function)
        return ', '.join(declaration(type_, local_names[name], self.names.structs)
                         for name, type_ in function.parameters) or 'void'

    def comment(self, name: str) -> list[str]:
        """What stands before a function."""
        text = self.style.comments.get(name)
        return [f'/* {text.replace("*/", "* /")} */'] if text else []

    # ---- groups --------------------------------------------------------------------------------

    def group_head(self, group: Group) -> str:
        """The declaration of the function that a group becomes."""
        slots = ', '.join(declaration(slot.type, name, self.names.structs)
                          for slot, name in zip(group.slots, self.slots[group.names], strict=True))
        name = self.group_names[group.names]
        return f'static {declaration(group.members[0].result, name, self.names.structs)}(u32 entrance, {slots})'

    def group(self, group: Group) -> list[str]:
        """The function that a group becomes: its members one after the other."""
        lines = [f'{self.group_head(group)} {{', 'switch (entrance) {']
        labels = [self.label(member.name) for member in group.members]
        for number, label in enumerate(labels):
            case = 'default' if number == len(labels) - 1 else f'case {number}'
            lines.append(f'{case}: goto {label};')
        lines.append('}')
        for member, label in zip(group.members, labels, strict=True):
            body = FunctionEmitter(self.shared, member, self.jumps(group)).body()
            lines += [*self.comment(member.name), f'{label}: {{', *body, '}']
        return [*lines, '}']

    def jumps(self, group: Group) -> Jumps:
        """What calls inside of a group become."""
        labels = {member.name: self.label(member.name) for member in group.members}
        slots: dict[str, dict[str, str]] = {member.name: {} for member in group.members}
        fixed = {}
        for slot, name in zip(group.slots, self.slots[group.names], strict=True):
            for member, parameter in slot.of.items():
                slots[member][parameter] = name
            if slot.fixed:
                fixed[slot.name] = name
        return Jumps(labels, slots, fixed)

    def slot_names(self, group: Group) -> list[str]:
        """The parameters of the function that a group becomes, besides the first one."""
        names = Names((*self.names.names.taken, 'entrance'))
        return [names.new(slot.name if slot.fixed else f'next.{slot.name}') for slot in group.slots]

    def label(self, name: str) -> str:
        """Where a member of a group begins."""
        return f'begin_{self.names.functions[name]}'

    def entrance(self, group: Group, member: lir.Function) -> list[str]:
        """A member of a group as a function of its own, which is called from elsewhere."""
        local_names = self.names.of_locals(member)
        values = []
        for slot in group.slots:
            name = slot.of.get(member.name)
            values.append('0' if name is None else local_names[name])
        number = group.names.index(member.name)
        call = f'{self.group_names[group.names]}({", ".join([str(number), *values])})'
        result = '' if member.result == lir.VOID else 'return '
        return [f'{self.head(member)} {{', f'{result}{call};', '}']


