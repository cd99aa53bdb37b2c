"""Programs that perform actions: what the host makes of their results, and what it gives them (spec 07).

The host performs the action that the entry gives, applies the action's continuation, its last field, to a `Result`, and
goes on with what comes of that. So for the analysis of flow it is a function of its own:

    host action = match action { IO/Call magic name argument continuation: host (continuation (Result/Ok anything)) }
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bend.codegen.direct import ir
from bend.codegen.direct.flow import ERASER, NUMBERS, U24, Made, Plain, Solver
from bend.codegen.direct.ir import Unsupported
from bend.codegen.direct.layout import Layout
from bend.desugar import core
from bend.hvm.actions import MAGIC, TAGS
from bend.runtime.direct.program import ActionForms
from bend.runtime.machine import CALL, CALL_FIELDS, SCOTT

HOST = 'the host'
"""The place where the host makes things."""
FIELDS: Mapping[str, int] = {
    'Result/Ok': 1, 'Result/Err': 1, 'IOError/Type': 0, 'IOError/Name': 0, 'IOError/Inner': 1,
    'List/Nil': 0, 'List/Cons': 2, 'String/Nil': 0, 'String/Cons': 2,
}
"""The constructors that primitives give, with how many fields they have."""
LISTS = ('List', 'String')


@dataclass(frozen=True, slots=True)
class Acting:
    """What of a program has to do with actions: the constructors that are actions which ask for something, the ends
    and the cells of lists, and all that the host may make, by how many fields they have. `is_open` says that functions
    of the program around the run may give any data."""

    calls: frozenset[str]
    ends: frozenset[str]
    cells: frozenset[str]
    made: Mapping[str, int]
    is_open: bool


def acting(book: core.Book, program: ir.Program, is_open: bool) -> Acting | None:
    """What of a program has to do with actions; None if it cannot perform any: it never mentions both magic numbers, or
    gives a function. Raises `Unsupported` where the host cannot make what primitives give."""
    numbers = {atom.word for function in program.functions.values() for atom in _atoms(function.body)
               if isinstance(atom, ir.Num)}
    if not numbers.issuperset(MAGIC) or program.functions[program.constants[0]].parameters:
        return None
    for name, tag in TAGS.items():
        constructor = book.constructors.get(name)
        if constructor is None or (constructor.tag, len(constructor.fields)) != (tag, FIELDS[name]):
            raise Unsupported(f"it may perform actions, and has a '{name}' of its own")
    made = {name: len(constructor.fields) for name, constructor in book.constructors.items()} if is_open else FIELDS
    return Acting(frozenset(_like(book, CALL, CALL_FIELDS)), frozenset(_like(book, TAGS['List/Nil'], 0)),
                  frozenset(_like(book, TAGS['List/Cons'], 2)), made, is_open)


def _atoms(body: ir.Block) -> Iterable[ir.Atom]:
    for block in ir.blocks_within(body):
        for step in (*(binding.operation for binding in block.bindings), block.end):
            yield from ir.atoms_of(step)


def _like(book: core.Book, tag: int, fields: int) -> Iterable[str]:
    """The constructors with a tag and so many fields; the host knows them by nothing else (spec 07, section 2)."""
    return (name for name, constructor in book.constructors.items()
            if (constructor.tag, len(constructor.fields)) == (tag, fields)
            and len(book.adts[constructor.type_name].constructors) <= SCOTT)


def add_host(solver: Solver, acting: Acting) -> None:
    """Adds what the host does to the analysis of a program."""
    entry = solver.program.constants[0]
    root, anything, passed, outcome = (solver.node() for _ in range(4))
    solver.edge(solver.result(entry), root)
    _make_anything(solver, acting, anything)
    solver.edge(passed, anything)
    solver.look_node(passed)
    for name in ('Result/Ok', 'Result/Err'):
        solver.add(outcome, solver.bit(Made(name, HOST)))

    def act(fresh: int) -> None:
        for item in solver.objects_in(fresh):
            if isinstance(item, Made) and item.constructor in acting.calls:
                _, _, argument, continuation = solver.field_nodes(item)
                solver.edge(argument, passed)
                if continuation not in solver.looked_at:
                    solver.look_node(continuation)
                solver.apply(continuation, [outcome], root)

    def pass_parts(fresh: int) -> None:
        # Libraries may give back what they are given, or a part of it.
        for item in solver.objects_in(fresh):
            if isinstance(item, Made) and item.constructor is None:
                for part in solver.field_nodes(item):
                    solver.edge(part, passed)

    solver.look_node(root)
    solver.on(root, act)
    solver.on(passed, pass_parts)


def _make_anything(solver: Solver, acting: Acting, anything: int) -> None:
    """What the host makes, as a node that holds all of it."""
    solver.add(anything, NUMBERS | ERASER | solver.bit(Made(None, HOST)))
    for part in solver.field_nodes(Made(None, HOST)):
        solver.edge(anything, part)
    for name, count in acting.made.items():
        if count == 0:
            solver.add(anything, solver.bit(Plain(name)))
            continue
        made = Made(name, HOST)
        fields = solver.field_nodes(made)
        type_name, _, own_name = name.rpartition('/')
        if not acting.is_open and own_name == 'Cons' and type_name in LISTS:
            solver.add(fields[0], U24)
            solver.add(fields[1], solver.bit(Plain(f'{type_name}/Nil')) | solver.bit(made))
        else:
            for part in fields:
                solver.edge(anything, part)
        solver.add(anything, solver.bit(made))


def action_forms(acting: Acting, layout: Layout) -> ActionForms:
    """What the host must know of a program."""
    shapes: dict[str | None, int] = {None: layout.by_place[Made(None, HOST)]}
    for name, count in acting.made.items():
        shapes[name] = layout.by_place[Made(name, HOST)] if count else layout.by_constructor[name]
    return ActionForms(acting.calls, acting.ends, acting.cells, shapes)
