"""What the lowering of all functions of a program shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.arithmetic import Arithmetic
from bend.codegen.direct.flow import Flow, Given, Made, results_of
from bend.codegen.direct.ir import Atom
from bend.codegen.direct.layout import Layout, may_be_cell, number_kind
from bend.codegen.direct.ownership import Parameter
from bend.codegen.direct.values import Rep, u64
from bend.records import dataclass
from bend.runtime.direct import program as words

WORKER = lir.Local('w', lir.Ptr(lir.StructName('Worker')))
STOP_SHAPE = 5


@dataclass
class Context:
    """What the lowering of all functions of a program shares."""

    program: ir.Program
    flow: Flow
    layout: Layout
    borrowed: frozenset[Parameter]
    recursive: frozenset[str]
    arithmetic: Arithmetic
    entries: dict[Given, int]
    forking: frozenset[str] = frozenset()
    """The functions that have a serial version as well, because they fork and may run often."""
    seldom: frozenset[str] = frozenset()
    """The functions that run a few times at most."""
    counting: bool = False
    """Whether the program counts its calls and cells."""
    parallel: bool = False
    """Whether several workers may run."""
    unrolling: Mapping[str, int] = field(default_factory=dict)
    """The functions that are unrolled, if they are not too large (`unroll`)."""
    compact: bool = False
    """Whether what is done seldom is called instead of inlined, which makes less code."""
    structs: dict[str, lir.Struct] = field(default_factory=dict)
    applied: set[int] = field(default_factory=set)
    literals: dict[int, lir.Global] = field(default_factory=dict)
    """The tables of the literals that the code makes, by their numbers."""
    forked: dict[int, set[int]] = field(default_factory=dict)
    """The numbers of the functions that are forked, with the places of the calls."""

    def header_of(self, cell: lir.Expr) -> lir.Expr:
        """The header of a cell. Other workers may change the count in it meanwhile."""
        address = val.word_address(cell, 0)
        return lir.AtomicLoad(address, 'unordered') if self.parallel else lir.Load(address)

    def rep(self, name: str) -> Rep:
        """The representation of a variable."""
        return val.REPS[number_kind(self.flow.sets.get(name, 0))]

    def occurs(self, given: Given) -> bool:
        """Whether a function may be passed around that has got so many arguments. The host gives the entry its own."""
        return given in self.flow.numbers or given.function == self.program.constants[0]

    def is_counted(self, name: str) -> bool:
        """Whether a variable can hold a cell."""
        return may_be_cell(self.flow, self.layout, self.flow.sets.get(name, 0))

    def local(self, name: str) -> lir.Local:
        """The local of a variable."""
        return lir.Local(name, val.TYPES[self.rep(name)])

    def result_reps(self, function: str) -> tuple[Rep, ...]:
        """The representations of what a function gives."""
        if self.program.functions[function].results == 2:
            return tuple(val.REPS[number_kind(bits)] for bits in self.flow.fields[results_of(function)])
        return (val.REPS[number_kind(self.flow.results.get(function, 0))],)

    def result_type(self, function: str) -> lir.Type:
        """The type of what a function gives: a struct for two values."""
        reps = self.result_reps(function)
        if len(reps) == 1:
            return val.TYPES[reps[0]]
        name = f'two.{reps[0]}.{reps[1]}'
        fields = (('first', val.TYPES[reps[0]]), ('second', val.TYPES[reps[1]]))
        self.structs[name] = lir.Struct(name, fields)
        return lir.StructName(name)

    def lir_name(self, function: str, serial: bool = False) -> str:
        """What a function, or its serial version if it has one, is called in LIR."""
        return f's.{function}' if serial and function in self.forking else f'f.{function}'

    def shape_of(self, binding: ir.Binding) -> int:
        """The number of the shape of what a binding makes."""
        name, operation = binding.names[0], binding.operation
        constructor = operation.constructor if isinstance(operation, ir.Construct) else None
        for item in self.flow.objects_in(self.flow.sets[name]):
            if isinstance(item, Made) and item.constructor == constructor:
                return self.layout.by_place[item]
        raise AssertionError(name)

    def atom_rep(self, atom: Atom) -> Rep:
        """The representation that an atom has by itself."""
        if isinstance(atom, ir.Var):
            return self.rep(atom.name)
        return val.REPS[number_kind(self.flow.of(atom))] if isinstance(atom, ir.Num) else 'word'

    def atom(self, atom: Atom, rep: Rep) -> lir.Expr:
        """An atom in a representation."""
        match atom:
            case ir.Var(name):
                return val.converted(self.local(name), self.rep(name), rep)
            case ir.Num(word):
                return val.number_constant(word, rep)
            case _:
                return val.converted(u64(self.word(atom)), 'word', rep)

    def word(self, atom: ir.Num | ir.Nullary | ir.Reference | ir.Eraser) -> int:
        """The word of an atom that is no variable."""
        match atom:
            case ir.Num(word):
                return val.number_word(word)
            case ir.Nullary(constructor):
                return val.immediate(self.layout.by_constructor[constructor])
            case ir.Reference(name):
                entry = self.entries.get(Given(name, 0))
                if entry is not None:
                    return entry << words.INDEX_SHIFT | words.FUNCTION
                return self.program.constants.index(name) << words.INDEX_SHIFT | words.CONSTANT
            case ir.Eraser():
                return words.ERASER
