"""Programs of the direct engine as one C file that needs nothing else (`gen-c`).

The file is put together of the runtime kernel and the program, both from LIR, tables that say what values are called,
and the host's part, which is written in C (`bend/runtime/c`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from bend import __version__
from bend.codegen import lir
from bend.codegen.c_helpers import Helpers
from bend.codegen.c_tails import Edge
from bend.codegen.c_text import array, comment, kernel_comments, literal, part, printable_table, switch_text
from bend.codegen.direct.cold import leave_at_checks
from bend.codegen.direct.compile import Lowered, lower_direct
from bend.codegen.direct.context import STOP_SHAPE, Context
from bend.codegen.direct.flow import I24, U24
from bend.codegen.direct.kernel_code import DATA, FLOATS, kernel
from bend.codegen.direct.results import Functions, functions_in_outcomes, functions_in_result
from bend.codegen.emit_c import Style, emit_c, support
from bend.codegen.lir_calls import call_graph
from bend.codegen.lir_merge import merge
from bend.codegen.lir_walk import calls_in
from bend.desugar import core
from bend.diagnostics import BendError, Diagnostic, error, warning
from bend.hvm.names import HIDDEN, is_generated
from bend.hvm.places import division_by_zero
from bend.hvm.readback import BookInfo
from bend.hvm.result import Reference
from bend.hvm.show import LIST, STRING, show
from bend.options import Options
from bend.reached import reached
from bend.records import dataclass, replace
from bend.running_direct import OUT_OF_BUDGET, stack_overflow, too_late, wrong_shape
from bend.runtime.direct.actions import list_kind
from bend.runtime.direct.kernel import MODULES
from bend.runtime.direct.program import DirectProgram, Shape
from bend.runtime.direct.readback import shown_function

ROOTS = frozenset(('worker_main', 'request_work', 'post_request', 'await_answer'))
"""What the host's part calls."""
GIVEN: Mapping[str, int] = {'u24': U24, 'i24': I24}
"""The types of numbers that programs can be given."""
BUDGET_ROOTS = frozenset(('stop_all',))
"""The same for programs that have a budget."""
ACTING_ROOTS = frozenset(('make_cell', 'make_list', 'read_numbers', 'take_part'))
"""The same for programs that perform actions."""
PROVIDED: Mapping[str, str] = {'syscall': 'system_call'}
"""What the host's part gives the runtime, by its names in C."""
MADE: Mapping[str | None, str] = {
    None: 'PAIR', 'Result/Ok': 'OK', 'Result/Err': 'ERR', 'IOError/Type': 'TYPE_ERROR', 'IOError/Name': 'NAME_ERROR',
    'IOError/Inner': 'INNER_ERROR', 'List/Nil': 'LIST_END', 'List/Cons': 'LIST_CELL', 'String/Nil': 'STRING_END',
    'String/Cons': 'STRING_CELL',
}
"""What the host's part calls the shapes of what it makes."""
KINDS: Mapping[str | None, str] = {
    None: 'TUPLE', LIST[0]: 'LIST_CELL', LIST[1]: 'LIST_END', STRING[0]: 'STRING_CELL', STRING[1]: 'STRING_END',
    'IO/Done': 'IO_DONE',
}
DIVIDING: Mapping[str, int] = {'divide_by_zero': 1, 'operate_u24': 4, 'operate_i24': 4, 'operate_any': 4}
"""The functions of the kernel that stop a run for a division, and which argument is the place."""


_NETS_HINT = 'Only interaction nets give that a meaning, and this program was made without: use `bend run`.'

MAY_NEED_NETS = warning('standalone', 'This program may need much more work than as nets, and is made without them.',
                        hint='`bend run` takes nets where that turns out to be so.')
"""For programs that `bend run` gives a budget."""
MAY_HOLD_FUNCTIONS = warning('standalone', 'The result of this program may hold functions, which standalone programs '
                                            'cannot print yet.', hint='`bend run` can.')


class OnlyNetsPrint(BendError):
    """The result is one that the C of the direct engine cannot print, and that of nets can."""


Render = Callable[[Diagnostic], str]
"""Makes a diagnostic text, as the command line shows it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A runtime with a program as one module: the functions of it that the host's part calls, and those that this part
    provides, by their names in C; what the names of the module begin with in C, which calls are rare, whether checks at
    the beginning of functions are to leave by calls in C, and what stands before functions there."""

    module: lir.Module
    roots: frozenset[str]
    provided: Mapping[str, str]
    prefix: str = ''
    rare: tuple[Edge, ...] = ()
    leaves_at_checks: bool = False
    comments: Mapping[str, str] = field(default_factory=dict)

    def text(self, helpers: Helpers) -> str:
        """The C of it, behind other units that had the same helpers."""
        module, rare = self.module, self.rare
        if self.leaves_at_checks:
            functions, more = leave_at_checks(module.functions)
            module, rare = replace(module, functions=tuple(functions)), (*rare, *more)
        style = Style(self.roots, self.provided, frozenset(rare), self.comments, self.prefix)
        return emit_c(module, style, helpers)


Piece: TypeAlias = str | Unit
"""C of the host's part, or what is made from LIR."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A standalone program taken apart, in the order of its C, and what to warn of."""

    pieces: tuple[Piece, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class NetsBeside:
    """The nets of a program as a part of its file; `is_acting` tells whether it may perform actions, `has_strings`
    whether results may hold strings."""

    pieces: tuple[Piece, ...]
    is_acting: bool
    has_strings: bool


def c_file(parts: Parts, file: str) -> str:
    """A program that was made from a file as C."""
    helpers = Helpers()
    head = (f'/* Made from {file.replace("*/", "* /")} by bend {__version__}.', '',
            '   cc -O2 PROGRAM.c -o PROGRAM -lm -lpthread', '   ./PROGRAM --help */', '')
    texts = (piece if isinstance(piece, str) else piece.text(helpers) for piece in parts.pieces)
    return '\n'.join((*head, *texts)).rstrip() + '\n'


def standalone_parts(book: core.Book, info: BookInfo, render: Render, options: Options, given: Sequence[str] = (), *,
                     parallel: bool = True, budgeted: bool = False,
                     nets: Callable[[], NetsBeside | None] = lambda: None) -> Parts:
    """The parts of a program for the direct engine. Raises `Unsupported` for what only nets can do, and `BendError` for
    what standalone programs cannot do. `given` are the types of the numbers that the program takes on its command line,
    as arguments of its entry; one that is not `parallel` has one thread. `nets` are asked for where the program may
    have to begin again as nets; one that is `budgeted` does so after some time."""
    lowered, doubts = lowered_standalone(book, options, given, parallel=parallel)
    module = merge(kernel(replace(lowered.variant, is_standalone=True)), lowered.module)
    actions = lowered.program.actions
    beside = nets_to_begin_again(lowered, budgeted or bool(doubts), nets)
    has_budget = budgeted and beside is not None
    roots = (ROOTS if actions is None else ROOTS | ACTING_ROOTS) | (BUDGET_ROOTS if has_budget else frozenset())
    unit = Unit(module, roots, PROVIDED, rare=tuple(rare_calls(lowered.context)), leaves_at_checks=True,
                comments=comments(lowered.context, book))
    pieces = (
        *head_of('system.c'), unit, f'#define HAS_NETS {int(beside is not None)}',
        f'#define IS_BUDGETED {int(has_budget)}', part('direct_program.h'),
        *tables(lowered, module, info, book, render, beside is not None and beside.has_strings,
                restarts=beside is not None), '',
        *argument_table(given), '',
        *map(part, ('arrays.c', 'memory.c', 'cores.c', 'process.c', 'direct_run.c', 'numbers.c', 'text.c', 'strings.c',
                    'pieces.c', 'direct_result.c')),
        *map(part, () if actions is None else ('streams.c', 'outcomes.c', 'direct_fields.c', 'direct_values.c',
                                               'actions.c', 'direct_actions.c')),
        *(() if beside is None else beside.pieces),
        *map(part, ('options.c', 'thread_options.c', 'command_line.c')),
        *(() if beside is None else (part('net_program.c'),)), part('direct_main.c'))
    warnings = (*((MAY_NEED_NETS,) if budgeted else ()), *doubts)
    return Parts(pieces, warnings if beside is None else ())


class _Nets(Protocol):
    """The nets of a program, in whatever form."""

    @property
    def is_acting(self) -> bool:
        """Whether they may perform actions."""


N = TypeVar('N', bound=_Nets)


def nets_to_begin_again(lowered: Lowered, is_doubtful: bool, nets: Callable[[], N | None]) -> N | None:
    """The nets of a program that may have to begin again as nets, since that is `is_doubtful` or since its code may
    turn out to need them; None if it need not or cannot."""
    if not is_doubtful and not may_need_nets_suddenly(lowered.module):
        return None
    found = nets()
    return found if found is not None and found.is_acting == (lowered.program.actions is not None) else None


def may_need_nets_suddenly(module: lir.Module) -> bool:
    """Whether code of the direct engine may meet what only nets know what to do with. The host applies the entry to as
    many numbers as it takes, so that what applies values counts only where the program itself applies some."""
    graph = call_graph(module)
    found = reached((name for name in graph if not _APPLYING.fullmatch(name)), lambda name: graph.get(name, ()))
    return any(call.function == 'stop_run' and call.arguments[1] == lir.Const(STOP_SHAPE, lir.U64)
               for function in module.functions if function.name in found for call in calls_in(function.body))


_APPLYING = re.compile(r'apply(_value|\d+)')
"""The functions that apply values to values."""


def lowered_standalone(book: core.Book, options: Options, given: Sequence[str], *,
                       parallel: bool) -> tuple[Lowered, tuple[Diagnostic, ...]]:
    """A program in LIR, and what to warn of; see `standalone_parts`."""
    if options.encoding != 'num-scott':
        raise OnlyNetsPrint(unsupported('print results in the Scott encoding'))
    lowered = lower_direct(book, parallel=parallel, eta=options.eta, given=[GIVEN[name] for name in given])
    return lowered, doubts_of(lowered.context, book, given, acts=lowered.program.actions is not None)


def doubts_of(context: Context, book: core.Book, given: Sequence[str], *, acts: bool) -> tuple[Diagnostic, ...]:
    """What to warn of where the result of a program, or what actions give in one that acts, may hold functions. Raises
    `OnlyNetsPrint` if the result always does."""
    if acts:
        return (MAY_HOLD_FUNCTIONS,) if functions_in_outcomes(context, book) else ()
    functions = functions_in_result(context, book, len(given))
    if functions is Functions.ALWAYS:
        raise OnlyNetsPrint(unsupported('print a result that is a function'))
    return () if functions is Functions.NEVER else (MAY_HOLD_FUNCTIONS,)


def head_of(system: str) -> tuple[str, ...]:
    """What stands before the runtime and the program in C; `system` is the file that asks the operating system."""
    return (part('headers.h'), support(), part(system),
            '/* ---- The runtime and the program ---------------------------------------------------------------- */',
            '')


def unsupported(what: str, reason: str = '') -> Diagnostic:
    """The error for what standalone programs cannot do yet, and why this one would have to."""
    return error('standalone', f'Standalone programs cannot {what} yet.{reason and f" {reason}"}',
                 hint='`bend run` can.')


def rare_calls(context: Context) -> list[tuple[str, str]]:
    """Serial versions go back to forking only when another worker has asked for tasks."""
    return [(context.lir_name(name, serial=True), context.lir_name(name)) for name in context.forking]


# ---- tables --------------------------------------------------------------------------------------


def tables(lowered: Lowered, module: lir.Module, info: BookInfo, book: core.Book, render: Render,
           has_strings: bool, restarts: bool = False) -> Iterator[str]:
    """What the host's part must know of the program, which may be one that `restarts` as nets."""
    yield from program_tables(lowered.program, info, book, has_strings)
    yield from error_texts(module, lowered.program, render, restarts)


def program_tables(program: DirectProgram, info: BookInfo, book: core.Book, has_strings: bool = False) -> Iterator[str]:
    """What a program's values are called, and what is known of it; with `has_strings`, others show strings as well."""
    names = shown_names(program, info, book)
    yield f'#define IS_PARALLEL {"true" if program.parallel else "false"}'
    yield f'#define IS_ACTING {int(program.actions is not None)}'
    yield f'#define CONSTANT_COUNT {len(program.constants)}'
    yield ''
    yield 'static const Shape shapes[] = {'
    yield from (f'    {_shape(shape, names.show)},' for shape in program.shapes)
    yield '};'
    yield ''
    yield from action_tables(program)
    yield '/* Functions that show by their names, by the numbers of their entries. */'
    yield from _names('entry_names', names.entries or [None])
    yield ''
    yield '/* Definitions without parameters; those whose names the compiler has made do not show as functions. */'
    yield from _names('constant_names', names.constants)
    yield from _names('constant_labels', names.labels)
    yield ''
    yield from printable_table(has_strings or any(shape is not None and shape.constructor == STRING[0]
                                                  for shape in program.shapes))
    yield ''


@dataclass(frozen=True, slots=True)
class ShownNames:
    """What results show: functions by the numbers of their entries, constants that are functions, and all constants.
    None stands for those without a name that people know."""

    show: Callable[[str], str]
    entries: list[str | None]
    constants: list[str | None]
    labels: list[str]


def shown_names(program: DirectProgram, info: BookInfo, book: core.Book) -> ShownNames:
    """The names in the results of a program."""
    def show_name(name: str) -> str:
        return show(Reference(name), info=info)

    functions = [shown_function(entry.function, program.constants[0], book) for entry in program.entries]
    return ShownNames(show_name, [None if name is None else show_name(name) for name in functions],
                      [None if is_generated(name) else show_name(name) for name in program.constants],
                      list(map(show_name, program.constants)))


def argument_table(given: Sequence[str]) -> Iterator[str]:
    """The arguments that the program takes."""
    yield f'static const u64 argument_count = {len(given)};'
    yield f'#define ARGUMENTS_TEXT "`main` takes {len(given)}."'
    yield '/* Whether the arguments have a sign. */'
    yield from array('static const bool is_signed[]', ['true' if name == 'i24' else 'false' for name in given] or ['0'])


def action_tables(program: DirectProgram) -> Iterator[str]:
    """What the host's part must know to perform actions."""
    forms = program.actions
    if forms is None:
        return
    for constructor, name in MADE.items():
        yield f'#define SHAPE_{name} {program.made[constructor]}'
    yield ''
    yield '/* What shapes are for lists of numbers: 1 an end, 2 a cell with its number in the header, 3 other cells. */'
    yield from array('static const u64 list_kinds[]', (str(list_kind(shape, forms)) for shape in program.shapes))
    yield ''
    yield '/* The shapes of actions that ask for something. */'
    yield from array('static const bool is_call_shape[]',
                     ('true' if shape is not None and shape.constructor in forms.calls else 'false'
                      for shape in program.shapes))
    yield ''


def shape_name(shape: Shape, show_name: Callable[[str], str]) -> str:
    """What stands for a constructor in a result, before its fields if it has some; nothing for tuples."""
    name = shape.constructor
    if name is None:
        return ''
    return name.removeprefix(HIDDEN) if shape.fields else show_name(name)


def _shape(shape: Shape | None, show_name: Callable[[str], str]) -> str:
    """A row of the table of shapes."""
    if shape is None:
        return '{NULL, PLAIN, 0, -1, 0}'
    text = literal(shape_name(shape, show_name))
    packed = -1 if shape.packed is None else shape.packed
    return f'{{{text}, {KINDS.get(shape.constructor, "PLAIN")}, {shape.fields}, {packed}, {shape.kind}}}'


def _names(table: str, names: Sequence[str | None]) -> Iterator[str]:
    """A table of names, some of which are not there."""
    yield from array(f'static const char *const {table}[]',
                     ['NULL' if name is None else literal(name) for name in names])


# ---- texts ---------------------------------------------------------------------------------------


def error_texts(module: lir.Module, program: DirectProgram, render: Render, restarts: bool = False) -> Iterator[str]:
    """What to say when a run fails, as `bend run` says it; also of one that `restarts` as nets, when it is too late."""
    texts = failures(module, program, render)
    yield from switch_text('static const char *stack_text(u64 function)', 'function', enumerate(texts.functions),
                           texts.stack)
    yield ''
    yield from texts_without_stack(texts, program, render, restarts)


def texts_without_stack(texts: Failures, program: DirectProgram, render: Render,
                        restarts: bool = False) -> Iterator[str]:
    """These texts but for what to say when the stack has come to its end."""
    if restarts:
        texts = replace(texts, wrong_shape=render(too_late(wrong_shape(program, 0))))
        yield from text_macro('BUDGET_TEXT', render(too_late(OUT_OF_BUDGET)))
        yield ''
    yield from switch_text('static const char *division_text(u64 place)', 'place', texts.divisions.items(),
                           texts.division)
    for name, text in (('WRONG_SHAPE_TEXT', texts.wrong_shape), ('FUNCTION_TEXT', texts.function_result)):
        yield ''
        yield from text_macro(name, text)


def text_macro(name: str, text: str) -> Iterator[str]:
    """A name for a text."""
    lines = literal(text).replace('\n', ' \\\n    ')
    yield f'#define {name} \\\n    {lines}'


@dataclass(frozen=True, slots=True)
class Failures:
    """What to say when a run fails: for a division by zero, by its place or where that is not known; where the stack
    has no room left, by the number of the function or in any other; for values of a wrong shape, and for a result that
    cannot be shown."""

    divisions: Mapping[int, str]
    division: str
    functions: Sequence[str]
    stack: str
    wrong_shape: str
    function_result: str


def failures(module: lir.Module, program: DirectProgram, render: Render) -> Failures:
    """The texts for a program, as `bend run` says them."""
    places = program.places_by_number()
    return Failures(
        {number: render(division_by_zero(places[number])) for number in dividing_places(module) if number},
        render(division_by_zero(None)),
        [render(stack_overflow(program, number)) for number in range(len(program.functions))],
        render(stack_overflow(program, len(program.functions))),
        render(replace(wrong_shape(program, 0), hint=_NETS_HINT)),
        render(unsupported('print a result that holds functions')))


def dividing_places(module: lir.Module) -> list[int]:
    """The places of operations that may divide by zero."""
    found = set()
    for function in module.functions:
        for call in calls_in(function.body):
            if call.function in DIVIDING:
                place = call.arguments[DIVIDING[call.function]]
                if isinstance(place, lir.Const):
                    found.add(int(place.value))
    return sorted(found)


def comments(context: Context, book: core.Book, kernel: Iterable[Path] = (*MODULES, FLOATS, DATA)) -> dict[str, str]:
    """What stands before functions: what they are for, or which function of the user's they are made from."""
    found = kernel_comments(kernel)
    for name, function in context.program.functions.items():
        origin = comment(function.origin.removeprefix(HIDDEN) + _place(book, name, function.origin))
        found[context.lir_name(name)] = origin
        if name in context.forking:
            found[context.lir_name(name, serial=True)] = f'{origin}, where nobody asks for tasks'
    return found


def _place(book: core.Book, name: str, origin: str) -> str:
    """Where a function stands in its source, in brackets."""
    definition = book.defs.get(name) or book.defs.get(origin)
    span = None if definition is None else definition.span
    return '' if span is None else f' ({span.source.name}:{span.position[0]})'
