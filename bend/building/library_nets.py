"""The nets of a library: functions that need nets run as such, and so do calls that turn out to need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bend import driver
from bend.building.library_api import Api, is_known
from bend.codegen.book_table import BookTable
from bend.codegen.c_text import array, part
from bend.desugar import core
from bend.diagnostics import Report
from bend.hvm.adt import tag_name
from bend.hvm.construct import missing_data
from bend.hvm.net import Book, Era, Net
from bend.hvm.readback import BookInfo, book_info
from bend.hvm.show import LIST, STRING
from bend.hvm.walk import references
from bend.interface import ConstructorShape, Interface
from bend.passes import PassManager
from bend.reached import reached
from bend.records import dataclass, replace
from bend.standalone import Piece, Render
from bend.standalone_nets import (
    TERMS,
    net_code,
    net_tables,
    number_text,
    numbered_constructors,
    of_threads,
    result_tables,
)

LIST_KINDS: Mapping[str, str] = {LIST[0]: 'LIST_CELL', LIST[1]: 'LIST_END', STRING[0]: 'STRING_CELL',
                                 STRING[1]: 'STRING_END'}
"""What the host's part calls the constructors of lists and strings."""


@dataclass(frozen=True, slots=True)
class LibraryNets:
    """The nets of a library, and what is known of its constructors."""

    book: Book
    info: BookInfo
    shapes: Sequence[ConstructorShape]
    api: Api


def nets_of_library(book: core.Book, interface: Interface, api: Api, report: Report,
                    manager: PassManager) -> LibraryNets:
    """The nets of the functions of a library, whose entry reaches them all. Raises `BendError`; warnings go to the
    report."""
    # Results are known by the tags of their constructors, which must not be replaced by numbers.
    manager = replace(manager, options=replace(manager.options, inline=False))
    nets = driver.compile_to_nets(book, report, manager, opens_entry=False)
    defs = {**nets.defs, **missing_data(nets, interface)}
    shapes = [*(constructor.shape for constructor in api.constructors),
              *(interface.constructors[name] for name in LIST_KINDS if name in interface.constructors)]
    roots = [*(function.name for function in api.functions), *map(head_name, shapes)]
    kept = reached(roots, lambda name: [found for found in references(defs[name]) if found in defs])
    # Nets number their definitions from `main` on, which libraries need not have.
    nets = Book({'main': Net(Era()), **{name: definition for name, definition in defs.items() if name in kept}})
    return LibraryNets(nets, book_info(book, nets, 'num-scott'), shapes, api)


def head_name(shape: ConstructorShape) -> str:
    """The definition that the host's part makes constructors with: the tag of one that has fields, else itself."""
    return tag_name(shape.name) if shape.fields else shape.name


def net_pieces(nets: LibraryNets, render: Render, parallel: bool) -> Iterator[Piece]:
    """The parts of a library that runs functions as nets, if it is `parallel` on several threads; not those that every
    library has. Raises `BendError`."""
    code = net_code(nets.book)
    yield from of_threads(parallel)
    yield part('net_system.c')
    yield code.unit()
    yield from net_tables(code, render)
    yield ''
    yield from result_tables(nets.book, nets.info, render)
    yield from call_tables(nets, code.table)
    yield from map(part, ('net_ports.c', 'net_run.c', *TERMS))


def call_tables(nets: LibraryNets, table: BookTable) -> Iterator[str]:
    """What the host's part must know to apply functions to arguments, and to take results."""
    api = nets.api
    heads = {shape.name: number_text(table.reference(head_name(shape))) for shape in nets.shapes}
    ids = {constructor.shape.name: number for number, constructor in enumerate(api.constructors, 1)}
    yield ''
    yield '/* Functions, by the numbers of their definitions, and which of them may give any data. */'
    yield from array('static const u64 net_functions[]', (str(table.ids[function.name]) for function in api.functions))
    yield from array('static const bool gives_any_data[]', (str(int(not is_known(function.result)))
                                                            for function in api.functions))
    yield ''
    yield '/* What constructors are made with: references to tags, or to those that have no fields. */'
    yield from array('static const u64 net_heads[]', ['0', *(heads[constructor.shape.name]
                                                             for constructor in api.constructors)])
    yield from array('static const u64 net_list_heads[]', (f'[{kind}] = {heads.get(name, "0")}'
                                                           for name, kind in LIST_KINDS.items()))
    yield ''
    yield '/* The numbers that constructors of results have in the library. */'
    yield from array('static const i32 constructor_of_net[]', (str(ids.get(name, -1))
                                                               for name in numbered_constructors(nets.info)))
    yield ''
