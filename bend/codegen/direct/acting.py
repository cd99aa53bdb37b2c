"""Programs that perform actions: what the host makes of their results, and what it gives them (spec 07).

The host performs the action that the entry gives, applies the action's continuation, its last field, to a `Result`, and
goes on with what comes of that. So for the analysis of flow it is a function of its own:

    host action = match action { IO/Call magic name argument continuation: host (continuation (Result/Ok anything)) }
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bend.codegen.direct import ir
from bend.codegen.direct.arguments import HOST, make_data
from bend.codegen.direct.flow import U24, Made, Plain, Solver
from bend.codegen.direct.ir import Unsupported
from bend.desugar import core
from bend.hvm.actions import MAGIC, TAGS
from bend.records import dataclass
from bend.runtime.machine import CALL, CALL_FIELDS, SCOTT

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


def acting(book: core.Book, program: ir.Program, is_open: bool, is_applied: bool) -> Acting | None:
    """What of a program has to do with actions; None if it cannot perform any: it never mentions both magic numbers, or
    gives a function that nobody applies. Raises `Unsupported` where the host cannot make what primitives give."""
    numbers = {atom.word for function in program.functions.values() for atom in _atoms(function.body)
               if isinstance(atom, ir.Num)}
    gives_function = program.functions[program.constants[0]].parameters and not is_applied
    if not numbers.issuperset(MAGIC) or gives_function:
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


def add_host(solver: Solver, acting: Acting, given: int) -> None:
    """Adds what the host does with what the program gives to the analysis."""
    root, anything, passed, outcome = (solver.node() for _ in range(4))
    solver.edge(given, root)
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
    lists = {} if acting.is_open else {f'{name}/Cons': f'{name}/Nil' for name in LISTS}
    make_data(solver, anything, ((name, count) for name, count in acting.made.items() if name not in lists))
    for cons, nil in lists.items():
        # Bytes and texts: primitives give no other lists.
        made = Made(cons, HOST)
        head, tail = solver.field_nodes(made)
        solver.add(head, U24)
        solver.add(tail, solver.bit(Plain(nil)) | solver.bit(made))
        solver.add(anything, solver.bit(made))
