"""Shared libraries with a C header, for functions of a program on numbers and plain data.

The host's part is C by hand (the files `library*` of `bend/runtime/c`), with tables of types and constructors and a
function in front of each exported one. The program's entry gives these functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bend import driver
from bend.building.halves import Halves, beside, halved, with_threads
from bend.building.library_api import NUMBERS, Api, Constructor, Function, api_of, normal, reached_types, shapes_by_type
from bend.building.library_engines import Engines, Ready, engines_of
from bend.building.library_nets import net_pieces
from bend.building.native import linked, tools_for
from bend.building.targets import Artefact, BadSetting, File, Job
from bend.codegen.c_names import RESERVED, Names
from bend.codegen.c_text import array, part
from bend.codegen.direct.compile import Lowered
from bend.codegen.direct.kernel_code import kernel
from bend.codegen.lir_merge import merge
from bend.deep_stack import with_deep_stack
from bend.desugar.typecheck.types import TUPLE, Con, Type
from bend.diagnostics import Diagnostic, Severity
from bend.engines import Choice
from bend.hvm.net import Book
from bend.hvm.readback import book_info
from bend.interface import interface_of
from bend.options import with_severity
from bend.records import replace
from bend.runtime.direct.program import DirectProgram
from bend.standalone import BUDGET_ROOTS, PROVIDED, ROOTS, Parts, Piece, Render, Unit, head_of, tables

_MODES = frozenset('frwx')
"""Headers of the system have `F_OK` and so on, which the status of success would be called, too."""
LIBRARY_ROOTS = ROOTS | {'make_cell', 'take_part', 'keep_value'}
KINDS: Mapping[str, str] = {'None': 'LIB_NONE', 'u24': 'LIB_U24', 'i24': 'LIB_I24', 'f24': 'LIB_F24', TUPLE: 'LIB_PAIR',
                            'List': 'LIB_LIST', 'String': 'LIB_STRING'}
NUMBER_TYPES = ('u24', 'i24', 'f24')
HOST_SHAPES: Mapping[str | None, str] = {None: 'PAIR', 'List/Nil': 'LIST_END', 'List/Cons': 'LIST_CELL',
                                         'String/Nil': 'STRING_END', 'String/Cons': 'STRING_CELL'}
_LINK = ('host.o', 'program.o', '-o', 'library.so', '-shared', '-s', '-Wl,--gc-sections', '-Wl,--build-id=none')
_LIBRARIES = ('-lm', '-lpthread')
_START = '`lib_start_runtime`'
_PLACEHOLDER = re.compile(r'\b(lib|LIB)_')


def build_library(job: Job, family: str) -> Artefact:
    """A shared library for a family of machines, and its header. Raises `BendError` and `BadSetting`."""
    if job.settings.static:
        raise BadSetting('A shared library cannot be static.', 'Leave out `--static` or `--lib`.')
    if job.request.arguments:
        raise BadSetting('The functions of a library get their arguments when they are called.',
                         'Leave out the arguments.')
    tools = tools_for(job, family)
    ready = prepare(job)
    name = job.output.stem.removeprefix('lib') or job.output.stem
    prefix = Names(RESERVED | _MODES).new(name)
    link = (*_LINK, f'-Wl,-soname,{job.output.name}', *_LIBRARIES)
    halves = with_deep_stack(lambda: job.manager.stage('build', lambda: halves_of(job, ready, prefix, family)))
    data = linked(job, tools, halves, link, 'library.so')
    header = header_text(ready.api, name, prefix, Path(job.request.source.name).name)
    files = File(data, is_executable=True), File(header.encode(), f'{name}.h', replaces=HEADER_MARK.encode())
    return Artefact(files, tuple(dict.fromkeys((*ready.warnings, *halves.warnings))))


def prepare(job: Job) -> Ready:
    """The program, and which functions of it the library offers. Raises `BendError` and `BadSetting`."""
    request = job.request
    severities = request.severities
    for kind in ('missing-main', 'unused-definition'):
        severities = with_severity(severities, kind, Severity.ALLOW)
    # Functions that nothing calls are what a library is made of.
    options = replace(request.options, prune=False)
    if options.encoding != 'num-scott':
        raise BadSetting('Libraries have no Scott encoding.', 'Leave out `-O adt-scott`.')
    request = replace(request, severities=severities, options=options, is_applied=False)
    compiled = driver.compile_source(request, job.manager, job.files, None)
    interface = interface_of(compiled.book, compiled.types, options.encoding, True)
    api = api_of(compiled.book, compiled.types, interface, request.source.name, job.settings.export)
    return Ready(compiled.book, interface, api, compiled.warnings)


def halves_of(job: Job, ready: Ready, prefix: str, family: str) -> Halves:
    """The halves of a library whose functions have a prefix. Raises `BendError`."""
    engines = engines_of(job, ready, job.settings.engine)
    render = beside(job.request.source.name, without_options(job.render))
    parts = parts_of_library(ready, engines, render, job.request.is_parallel)
    halves = halved(with_threads(parts, job), family, engines.warnings)
    return replace(halves, host=with_prefix(halves.host, prefix))


def without_options(render: Render) -> Render:
    """The same with hints that say how a library is allowed more memory, which has no options."""
    def shown(problem: Diagnostic) -> str:
        return render(replace(problem, hint=problem.hint and problem.hint.replace('`--memory SIZE`', _START)))

    return shown


def parts_of_library(ready: Ready, engines: Engines, render: Render, parallel: bool) -> Parts:
    """The parts of a library, with placeholders for the prefix of its names. Raises `BendError`."""
    table = TypeTable(ready)
    direct, nets = engines.direct, engines.nets
    return Parts((
        '#define IS_LIBRARY', f'#define MORE_MEMORY "Allow it more with {_START}."',
        '/* No program begins again as nets by itself. */', '#define HAS_NETS 0',
        f'#define RUNS_DIRECTLY {int(direct is not None)}', f'#define RUNS_AS_NETS {int(nets is not None)}',
        *head_of('system.c'), part('library.h'), *constructor_names(ready.api), '', part('direct_program.h'),
        part('library_tables.h'), *library_tables(ready, table, engines.choices),
        *map(part, ('arrays.c', 'memory.c', 'cores.c', 'process.c', 'text.c')),
        *(() if direct is None else direct_pieces(ready, engines, direct, render)),
        *(() if nets is None else net_pieces(nets, render, parallel)),
        *map(part, ('library_values.c', 'library.c', 'library_data.c')),
        *map(part, () if direct is None else ('library_direct.c',)),
        *map(part, () if nets is None else ('library_nets.c',)),
        part('library_calls.c'), *wrappers(ready.api, table), ''))


def direct_pieces(ready: Ready, engines: Engines, direct: Lowered, render: Render) -> Iterator[Piece]:
    """The parts of a library that runs functions directly, but for what it shares with others."""
    has_budget = engines.nets is not None and any(choice.budgeted for choice in engines.choices)
    module = merge(kernel(replace(direct.variant, is_standalone=True)), direct.module)
    yield f'#define IS_BUDGETED {int(has_budget)}'
    yield Unit(module, LIBRARY_ROOTS | BUDGET_ROOTS if has_budget else LIBRARY_ROOTS, PROVIDED)
    yield from tables(direct, module, book_info(ready.book, Book({})), direct.book, render, False,
                      restarts=engines.nets is not None)
    yield from shape_tables(ready.api, direct.program)
    yield from map(part, ('direct_run.c', 'numbers.c', 'strings.c', 'pieces.c', 'direct_fields.c', 'direct_result.c'))


def with_prefix(text: str, prefix: str) -> str:
    """A text with the prefix of a library in the place of the placeholders."""
    return _PLACEHOLDER.sub(lambda found: f'{prefix.upper() if found[1] == "LIB" else prefix}_', text)


# ---- tables --------------------------------------------------------------------------------------


class TypeTable:
    """The types of arguments and of their parts by number. Raises `BendError` if there are too many."""

    def __init__(self, ready: Ready) -> None:
        self.shapes = shapes_by_type(ready.interface)
        arguments = [type_ for function in ready.api.functions for _, type_ in function.parameters]
        self.types: list[Con | None] = [None]
        self.types += [type_ for type_ in reached_types(arguments, self.shapes) if type_ is not None]
        self.numbers = {type_: number for number, type_ in enumerate(self.types)}

    def number(self, type_: Type | None) -> int:
        """The number of a type."""
        return self.numbers[normal(type_)]


def library_tables(ready: Ready, table: TypeTable, choices: Sequence[Choice]) -> Iterator[str]:
    """What the host's part must know of functions, types and constructors."""
    ids = {constructor.shape.name: number for number, constructor in enumerate(ready.api.constructors, 1)}
    rows: list[str] = []
    alternatives: list[str] = []
    fields: list[str] = []
    for type_ in table.types:
        if type_ is None:
            rows.append('{ANY_TYPE, 0, 0}')
            continue
        if type_.name in KINDS:
            inner = [*map(table.number, type_.arguments), 0, 0]
            rows.append(f'{{{KINDS[type_.name]}, {inner[0]}, {inner[1]}}}')
            continue
        shapes = table.shapes.get(type_.name, [])
        rows.append(f'{{LIB_CONSTRUCTOR, {len(alternatives)}, {len(shapes)}}}')
        for shape in shapes:
            alternatives.append(f'{{{ids[shape.name]}, {len(fields)}}}')
            fields += [str(table.number(field)) for field in shape.field_types(type_)]
    yield ''
    yield f'#define FUNCTION_COUNT {len(choices)}'
    yield from array('static const CallEngine engines[]', map(call_engine, choices))
    yield from array('static const Type types[]', rows)
    yield from array('static const Alternative alternatives[]', alternatives or ['{0, 0}'])
    yield from array('static const u32 field_types[]', fields or ['0'])
    yield ''


def call_engine(choice: Choice) -> str:
    """What the host's part calls the engine of a function."""
    return 'AS_NETS' if choice.engine == 'net' else 'WITHIN_BUDGET' if choice.budgeted else 'DIRECTLY'


def shape_tables(api: Api, program: DirectProgram) -> Iterator[str]:
    """How the direct engine numbers constructors, and tuples and the parts of lists and strings."""
    ids = {constructor.shape.name: number for number, constructor in enumerate(api.constructors, 1)}
    yield ''
    for name, text in HOST_SHAPES.items():
        yield f'#define SHAPE_{text} {program.made.get(name, 0)}'
    yield from array('static const u32 shape_of_constructor[]', ['0', *(
        str(program.made.get(constructor.shape.name, 0)) for constructor in api.constructors)])
    yield from array('static const i32 constructor_of_shape[]', (
        str(ids.get(shape.constructor, -1)) if shape is not None and shape.constructor is not None else '-1'
        for shape in program.shapes))


# ---- texts ---------------------------------------------------------------------------------------

HEADER_MARK = '/* Made by bend build'


def header_text(api: Api, name: str, prefix: str, file: str) -> str:
    """The header of a library of a name, made from a file."""
    guard = f'{prefix.upper()}_H'
    functions = (line for function in api.functions
                 for line in ('', f'/* {function.text} */', f'{_declared(function)};'))
    return with_prefix('\n'.join((
        f'{HEADER_MARK}: functions of {file.replace("*/", "* /")}, to link with -l{name}. */', '',
        f'#ifndef {guard}', f'#define {guard}', '', part('library.h').rstrip(), '',
        *constructor_names(api), *(f'{_made_by(constructor)};' for constructor in api.constructors), '',
        '/* ---- Functions ----', '',
        '   Each gives its result to a variable, unless it fails: that is 0 or NULL then. */',
        *functions, '', '#ifdef __cplusplus', '}', '#endif', '', '#endif', '')), prefix)


def constructor_names(api: Api) -> Iterator[str]:
    """The constructors by name, as far as there are any."""
    yield '/* The constructor of a value; LIB_NO_CONSTRUCTOR for any other value. */'
    yield 'typedef enum lib_constructor {'
    yield '    LIB_NO_CONSTRUCTOR,'
    for constructor in api.constructors:
        yield f'    LIB_{constructor.symbol},'
    yield '} lib_constructor;'
    yield ''
    yield 'lib_constructor lib_constructor_of(const lib_value *value);'
    yield ''


def _c_type(type_: Type | None) -> str:
    """The type of an argument in C, as it stands before a name."""
    known = normal(type_)
    return f'{NUMBERS[known.name]} ' if known is not None and known.name in NUMBERS else 'const lib_value *'


def _field_types(constructor: Constructor) -> list[str]:
    """The types of fields in C: values become parts of the constructor."""
    return [_c_type(type_).removeprefix('const ') for type_ in constructor.shape.field_types(None)]


def _made_by(constructor: Constructor) -> str:
    """The head of the function that makes a constructor."""
    listed = ', '.join(f'{type_}{name}' for type_, name in
                       zip(_field_types(constructor), constructor.fields, strict=True))
    return f'lib_value *lib_{constructor.symbol}({listed or "void"})'


def _declared(function: Function) -> str:
    """The head of a function."""
    result = _c_type(function.result).removeprefix('const ')
    listed = [*(f'{_c_type(type_)}{name}' for name, type_ in function.parameters), f'{result}*result']
    return f'lib_status lib_{function.symbol}({", ".join(listed)})'


def _word(type_: str, name: str) -> str:
    """The word of an argument."""
    found = next((number for number, c_type in NUMBERS.items() if type_.startswith(c_type)), None)
    return f'(u64){name}' if found is None else f'word_of_{found}({name})'


def wrappers(api: Api, table: TypeTable) -> Iterator[str]:
    """The functions of the library that are its own."""
    yield '/* ---- Constructors and functions ---- */'
    for number, constructor in enumerate(api.constructors, 1):
        words = ', '.join(map(_word, _field_types(constructor), constructor.fields))
        yield ''
        yield f'EXPORT {_made_by(constructor)} {{'
        yield f'    u64 parts[] = {{{words or "0"}}};'
        yield f'    return made_of(LIB_CONSTRUCTOR, {number}, {len(constructor.fields)}, parts);'
        yield '}'
    for number, function in enumerate(api.functions):
        words = ', '.join(_word(_c_type(type_), name) for name, type_ in function.parameters)
        wanted = ', '.join(str(table.number(type_)) for _, type_ in function.parameters)
        known = normal(function.result)
        kind = 1 + NUMBER_TYPES.index(known.name) if known is not None and known.name in NUMBER_TYPES else 0
        yield ''
        yield f'EXPORT {_declared(function)} {{'
        yield f'    const u64 words[] = {{{words or "0"}}};'
        yield f'    static const u32 wanted[] = {{{wanted or "0"}}};'
        yield '    if (result != NULL) {'
        yield '        *result = 0;'
        yield '    }'
        yield f'    return call({number}, {len(function.parameters)}, words, wanted, {kind}, result);'
        yield '}'
