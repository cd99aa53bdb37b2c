"""Nets as one C file that needs nothing else (`gen-c`), from Bend or from HVM core.

The file is put together as that of `bend.standalone`: the kernel of the net engine and the compiled definitions from
LIR, tables, and the host's part in C.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.book_table import NUM, REF, BookTable, port, tabulate
from bend.codegen.c_text import array, comment, kernel_comments, literal, part, printable_table, switch_text
from bend.codegen.lir_merge import merge
from bend.codegen.net_entry import entry_name
from bend.codegen.nets import ACTION_MODULES, KERNEL, KERNEL_MODULES, Compiler, net_kernel
from bend.diagnostics import BendError, Diagnostic
from bend.hvm import net
from bend.hvm.actions import MAGIC, TAGS, ActionNames, action_names, is_magic
from bend.hvm.adt import TAG_SUFFIX
from bend.hvm.names import HIDDEN
from bend.hvm.numbers import DIV, FLIPPED, REM, SYMBOL, TYPE_BITS, TYPE_MASK, U24, make_word
from bend.hvm.places import division_by_zero
from bend.hvm.readback import HINTS, BookInfo, improper
from bend.hvm.result import Reference
from bend.hvm.show import LIST, STRING, show
from bend.hvm.size import check_pairs
from bend.hvm.walk import net_trees, subtrees
from bend.records import dataclass
from bend.runtime.cpu import FRESH_LABELS
from bend.runtime.machine import SIBLINGS
from bend.standalone import KINDS, NetsBeside, Parts, Unit, argument_table, head_of

PREFIX = 'nets_'
ROOTS = frozenset(('boot', 'run_alone', 'worker_main', 'wake_all', 'gather'))
"""What the host's part calls."""
ACTING_ROOTS = frozenset(('force', 'constant_of', 'read_action', 'take_numbers', 'make_constructor', 'make_pair',
                          'make_list', 'go_on'))
"""The same for programs that perform actions."""
MADE = {'Result/Ok': 'OK', 'Result/Err': 'ERR', 'IOError/Type': 'TYPE_ERROR', 'IOError/Name': 'NAME_ERROR',
        'IOError/Inner': 'INNER_ERROR', 'List/Nil': 'LIST_END', 'List/Cons': 'LIST_CELL',
        'String/Nil': 'STRING_END', 'String/Cons': 'STRING_CELL'}
"""What the host's part calls the constructors that it makes."""
TERMS = ('net_graph.c', 'net_terms.c', 'net_plain.c', 'net_readback.c')
"""What reads results of Bend programs."""
READING = (*TERMS, 'net_show.c')
"""What reads and shows them."""
ACTING = ('net_values.c', 'actions.c', 'net_actions.c')
"""What reads and makes the values of actions, and performs these."""
SPARE_SCRATCH = 64
"""Words of scratch space beyond what definitions need."""

DIVISIONS = frozenset((DIV, REM, FLIPPED[DIV], FLIPPED[REM]))

Render = Callable[[Diagnostic], str]


@dataclass(frozen=True, slots=True)
class NetCode:
    """The code of a book: kernel and compiled definitions, the numbering, what has to do with actions, and what stands
    before functions."""

    book: net.Book
    module: lir.Module
    table: BookTable
    actions: ActionNames
    comments: Mapping[str, str]

    @property
    def is_acting(self) -> bool:
        """Whether the program may perform actions."""
        return bool(self.actions.possible)

    def unit(self) -> Unit:
        """What is made from LIR."""
        return Unit(self.module, ROOTS | ACTING_ROOTS if self.is_acting else ROOTS, {'syscall': 'net_system_call'},
                    PREFIX, comments=self.comments)


def net_code(book: net.Book) -> NetCode:
    """The code of a book. Raises `BendError` for a definition that is too large."""
    if findings := check_pairs(book):
        raise BendError(findings)
    actions = action_names(book)
    kernel = net_kernel(bool(actions.possible), False)
    table = tabulate(book)
    compiler = Compiler(book, table, kernel.struct('Worker'))
    module = merge(kernel, compiler.compile())
    comments = kernel_comments(KERNEL / f'{name}.py' for name in (*KERNEL_MODULES, *ACTION_MODULES))
    comments.update((entry_name(table.ids[name], ports), comment(f'@{name}')) for name, ports in compiler.entries)
    return NetCode(book, module, table, actions, comments)


def standalone_core(book: net.Book, render: Render) -> Parts:
    """The parts of a book of HVM core, which prints what `hvm run` prints. Raises `BendError`."""
    code = net_code(book)
    names = array('static const char *const net_names[]', map(literal, code.table.names))
    return whole(code, (), True, net_tables(code, render), ['/* The definitions. */', *names],
                 ('numbers.c', 'net_core.c'))


def standalone_nets(book: net.Book, info: BookInfo, render: Render, given: Sequence[str] = (), *,
                    parallel: bool = True) -> Parts:
    """The parts of the nets of a Bend program, which prints what `bend run --engine net` prints. `given` are the types
    of the numbers that the program takes on its command line, as arguments of `main`; one that is not `parallel` has
    one thread. Raises `BendError`."""
    code = net_code(book)
    return whole(code, given, parallel, net_tables(code, render),
                 [*result_tables(book, info, render), '', *printable_table(has_strings(book))],
                 ('numbers.c', 'text.c', 'strings.c', 'pieces.c', *READING))


def whole(code: NetCode, given: Sequence[str], parallel: bool, tables: Iterable[str], result: Iterable[str],
          printing: Sequence[str]) -> Parts:
    """The parts of a program. The tables of `result` and the files of `printing` are what shows the result."""
    acting = ('numbers.c', 'text.c', 'streams.c', 'outcomes.c', 'net_data.c', *ACTING)
    files = dict.fromkeys(('arrays.c', 'memory.c', 'cores.c', 'process.c', 'net_ports.c', 'net_run.c',
                           *(acting if code.is_acting else ()), *printing,
                           'options.c', 'thread_options.c', 'command_line.c', 'net_program.c', 'net_main.c'))
    return Parts((
        *head_of('net_system.c'), code.unit(), *of_threads(parallel), f'#define IS_ACTING {int(code.is_acting)}',
        *tables, '', *result, '', *argument_table(given), '', *map(part, files)))


def nets_beside(book: net.Book, info: BookInfo, render: Render, parallel: bool) -> NetsBeside:
    """The nets of a Bend program, for a file where something else runs first; `parallel` as in `standalone_nets`.
    Raises `BendError`."""
    code = net_code(book)
    tables = (*of_threads(parallel), *net_tables(code, render), '', *result_tables(book, info, render), '')
    acting = (part('net_data.c'), *names_of_their_own(), *map(part, ACTING)) if code.is_acting else ()
    files = map(part, ('net_ports.c', 'net_run.c'))
    return NetsBeside((part('net_system.c'), code.unit(), *tables, *files, *acting, *map(part, READING)),
                      code.is_acting, has_strings(book))


def of_threads(parallel: bool) -> Iterator[str]:
    """Whether nets have several threads."""
    yield f'#define NETS_ARE_PARALLEL {"true" if parallel else "false"}'


def names_of_their_own() -> Iterator[str]:
    """Other names for what the host's part of nets calls as that of the direct engine does, which stands before it:
    each reads and makes values of its own, and what actions do is written once for both."""
    names = sorted({name for file in ACTING for found in _DEFINED.findall(part(file)) for name in found if name})
    yield '#undef NOTHING'
    yield from (f'#define {name} {name}_of_nets' for name in names if not name.startswith('net_'))
    yield ''


_DEFINED = re.compile(r'^(?:static \w+ \**(\w+)\(|} (\w+)\[\] = \{)', re.MULTILINE)
"""A function or a table of its own at the beginning of a line of C."""


def has_strings(book: net.Book) -> bool:
    """Whether results may hold strings."""
    return any(name.startswith('String/') for name in book.defs)


# ---- tables --------------------------------------------------------------------------------------


def net_tables(code: NetCode, render: Render) -> Iterator[str]:
    """What the host's part must know of any book, for the CPU."""
    table = code.table
    yield f'#define NET_FRESH_LABELS {FRESH_LABELS}'
    yield f'#define NET_SCRATCH ((u64){table.scratch_words + SPARE_SCRATCH})'
    yield ''
    yield from book_tables(code.book, table, render)
    if code.is_acting:
        yield ''
        yield from action_tables(code.table, code.actions)


def book_tables(book: net.Book, table: BookTable, render: Render) -> Iterator[str]:
    """The definitions, and what to say of divisions by zero."""
    yield '/* The definitions as nets, from which those are made that are not compiled, or not completely. */'
    words = struct.unpack(f'<{len(table.words) // 8}Q', table.words)
    yield from array('static const u64 net_book[]', (number_text(word) for word in words))
    yield ''
    yield from switch_text('static const char *net_division_text(u64 place)', 'place',
                           ((number, render(division_by_zero(place))) for place, number in table.places.items())
                           if may_divide(book) else (), render(division_by_zero(None)))


def number_text(word: int) -> str:
    """A word as a literal."""
    return str(word) if word < 1 << 16 else f'{word:#x}'


def action_tables(table: BookTable, actions: ActionNames) -> Iterator[str]:
    """What the host's part must know to perform actions."""
    yield '/* Which definitions may be or make an action. */'
    yield from array('static const bool net_may_act[]', (str(int(name in actions.possible)) for name in table.names))
    yield ''
    yield '/* The references that stand for the pair by which actions are known: how many, the pair, and these. */'
    magic = [port(REF, table.ids[name]) for name in sorted(actions.magic)]
    yield from array('static const u64 net_magic[]',
                     map(number_text, (len(magic), *(port(NUM, word) for word in MAGIC), *magic)))
    yield ''
    yield '/* The constructors that actions give: their tags; or how many siblings they have, and which they are. */'
    yield f'typedef enum {{ {", ".join(f"MADE_{name}" for name in MADE.values())} }} NetMade;'
    yield ''
    yield 'static const struct {'
    yield '    u64 tag;'
    yield '    u64 siblings;'
    yield '    u64 arm;'
    yield '} net_shapes[] = {'
    tags = dict(actions.tags)
    for name in MADE:
        tag = port(REF, table.ids[tags[name]]) if name in tags else port(NUM, make_word(TAGS[name], U24))
        yield f'    {{{number_text(tag)}, {SIBLINGS[name.partition("/")[0]]}, {TAGS[name]}}},'
    yield '};'


def may_divide(book: net.Book) -> bool:
    """Whether any number of a book is a division, or the remainder of one."""
    return any(isinstance(part, net.Num) and operator_of(part.word) in DIVISIONS
               for definition in book.defs.values() for tree in net_trees(definition) for part in subtrees(tree))


def operator_of(word: int) -> int:
    """The operator that a number word is or holds, if any."""
    kind = word & TYPE_MASK
    return word >> TYPE_BITS if kind == SYMBOL else kind


# ---- results -------------------------------------------------------------------------------------


def result_tables(book: net.Book, info: BookInfo, render: Render) -> Iterator[str]:
    """What the host's part must know to read and show results of Bend programs."""
    names = ('main', *sorted((name for name in book.defs if name != 'main'), key=lambda name: name.encode()))
    constructors = numbered_constructors(info)
    numbers = {name: number for number, name in enumerate(constructors)}
    yield part('net_program.h').rstrip()
    yield ''
    yield 'static const NetConstructor net_constructors[] = {'
    yield from (f'    {constructor_row(name, info)},' for name in constructors)
    yield '};'
    yield ''
    yield 'static const NetDefinition net_definitions[] = {'
    yield from (f'    {definition_row(name, info, numbers)},' for name in names)
    yield '};'
    yield ''
    yield f'#define NET_DEFINITIONS {len(names)}'
    yield f'#define NET_MOST_FIELDS {max((1, *(row.arity for row in info.constructors.values())))}'
    yield f'#define NET_IS_SCOTT {int(info.encoding == "scott")}'
    yield f'#define NET_LIST_CONSTRUCTOR {numbers[LIST[0]]}'
    yield f'#define NET_STRING_CONSTRUCTOR {numbers[STRING[0]]}'
    for number, word in enumerate(MAGIC, 1):
        yield f'#define NET_MAGIC_{number} ((u64){number_text(port(NUM, word))})'
    yield ''
    yield '/* Which definitions stand for the pair by which actions are known. */'
    yield from array('static const bool net_is_magic_definition[]',
                     (str(int(is_magic(book.defs[name].root))) for name in names))
    yield ''
    yield '/* What to say of what is no term: what stands before the number of times, and what after it. */'
    yield 'static const char *const problem_texts[][2] = {'
    yield from (f'    {{{literal(before)}, {literal(after)}}},' for before, after in problem_texts(render))
    yield '};'


def numbered_constructors(info: BookInfo) -> list[str]:
    """The constructors that results may have, in the order of their numbers."""
    return list(dict.fromkeys((*info.constructors, LIST[0], STRING[0])))


_MANY = 987654321
"""Stands for the number of times."""


def problem_texts(render: Render) -> Iterator[tuple[str, str]]:
    """What to say of each kind of what is no term: what stands before the number of times, and what after it."""
    for kind in HINTS:
        before, after = render(improper(kind, _MANY)).split(str(_MANY))
        yield before, after


def constructor_facts(name: str, info: BookInfo) -> tuple[str, str, int]:
    """What a constructor shows as, what it is for, and how many fields it has."""
    known = info.constructors.get(name)
    arity = 2 if known is None else known.arity
    text = name.removeprefix(HIDDEN) if arity else show(Reference(name), info=info)
    return text, KINDS.get(name, 'PLAIN'), arity


def constructor_row(name: str, info: BookInfo) -> str:
    """A row of the table of constructors."""
    text, kind, arity = constructor_facts(name, info)
    return f'{{{literal(text)}, NET_{kind}, {arity}}}'


def definition_facts(name: str, info: BookInfo, numbers: Mapping[str, int]) -> tuple[str, int, int, bool]:
    """What a definition shows as, the number of the constructor that it is, that of the one whose tag it is (-1 if
    none), and whether it shows as what it stands for."""
    own = numbers[name] if name in info.constructors else -1
    tagged = name.removesuffix(TAG_SUFFIX)
    tag_of = numbers[tagged] if tagged != name and tagged in info.constructors else -1
    return show(Reference(name), info=info), own, tag_of, name in info.floated


def definition_row(name: str, info: BookInfo, numbers: Mapping[str, int]) -> str:
    """A row of the table of definitions."""
    text, own, tag_of, is_floated = definition_facts(name, info, numbers)
    return f'{{{literal(text)}, {own}, {tag_of}, {"true" if is_floated else "false"}}}'
