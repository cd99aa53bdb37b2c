"""Core to a program of the direct engine: the passes in their order, and object code."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import cached_property

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct.acting import Acting, acting, add_host
from bend.codegen.direct.arguments import Arguments, Guess, host_shapes
from bend.codegen.direct.arithmetic import Arithmetic
from bend.codegen.direct.branches import branch_first
from bend.codegen.direct.calls import count_calls
from bend.codegen.direct.context import WORKER, Context
from bend.codegen.direct.convert import Converted, convert
from bend.codegen.direct.dispatch import apply_functions, arity_of, dispatching_functions, kernel_functions, tables
from bend.codegen.direct.eta import eta_reduce
from bend.codegen.direct.exported import Exported
from bend.codegen.direct.flow import SITES, Flow, Given, Solver, analyse
from bend.codegen.direct.forks import fork_calls
from bend.codegen.direct.inline import inline
from bend.codegen.direct.kernel_code import PROVIDED, Variant, compiled_kernel
from bend.codegen.direct.last_calls import last_calls
from bend.codegen.direct.layout import lay_out
from bend.codegen.direct.lower import lower_function
from bend.codegen.direct.mutual import inline_mutual
from bend.codegen.direct.ownership import borrowed_parameters
from bend.codegen.direct.pairs import unpack_results
from bend.codegen.direct.parts import parts_of
from bend.codegen.direct.schedule import heavy_functions, order_calls
from bend.codegen.direct.seldom import seldom_functions
from bend.codegen.direct.sink import sink
from bend.codegen.direct.spill import spill_parameters
from bend.codegen.direct.tails import move_calls
from bend.codegen.direct.unroll import unrolling_limits
from bend.codegen.lir_layout import word_offsets
from bend.codegen.lir_merge import merge
from bend.desugar import core
from bend.desugar.places import head
from bend.hvm.names import readable
from bend.interface import Interface
from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.runtime.direct.program import ActionForms, CallTable, DirectProgram, Entry
from bend.runtime.jit import start_compiling, usual_level
from bend.runtime.region import available_threads

MOST_THREADS = 8
"""How many threads compile the parts of a program."""
Pipeline = tuple[Callable[[ir.Program], ir.Program], ...]
PIPELINE: Pipeline = (inline, inline_mutual, unpack_results, order_calls, branch_first, sink, fork_calls,
                      move_calls)
"""The passes over the intermediate form."""
SERIAL: Pipeline = tuple(step for step in PIPELINE if step not in (branch_first, fork_calls))
"""Those for programs with one worker."""


@dataclass(frozen=True)
class Analysed:
    """A program when all is known about it that its code depends on: `actions` if it performs some, `arguments` if
    it gets some, and the core that it was made from."""

    context: Context
    actions: Acting | None
    arguments: Arguments | None
    book: core.Book
    converted: Converted
    eta: bool

    @cached_property
    def readable(self) -> core.Book:
        """The core that results are read with."""
        return readable_book(self.book, self.converted, self.eta)


@dataclass(frozen=True)
class Lowered:
    """A program before it is machine code: its module and the kernel that belongs to it, and what was found out on the
    way."""

    module: lir.Module
    variant: Variant
    book: core.Book
    front: Analysed

    @property
    def context(self) -> Context:
        """What the lowering of all functions shared."""
        return self.front.context

    @cached_property
    def program(self) -> DirectProgram:
        """What there is to know about the program, without object code and the layouts of the kernel's structs."""
        front, context, actions = self.front, self.front.context, self.front.actions
        return DirectProgram(
            object_code=b'',
            shapes=tuple(context.layout.shapes),
            entries=tuple(Entry(given.function, given.count, arity_of(context, given.function))
                          for given in context.entries),
            constants=context.program.constants,
            layouts={},
            places=pickle.dumps(context.program.places, pickle.HIGHEST_PROTOCOL),
            book=pickle.dumps(front.readable, pickle.HIGHEST_PROTOCOL),
            counted=1 + len(context.program.places) if context.arithmetic.check_overflow else 0,
            parallel=context.parallel,
            functions=tuple(readable(function.origin) for function in context.program.functions.values()),
            actions=None if actions is None else ActionForms(actions.calls, actions.ends, actions.cells),
            calls=pickle.dumps(call_table(self.book, context), pickle.HIGHEST_PROTOCOL),
            made=host_shapes(context.flow, context.layout),
            foreseen=None if front.arguments is None else front.arguments.foreseen(context.flow, context.layout),
        )


def compile_direct(book: core.Book, *, check_overflow: bool = False, parallel: bool = False, budgeted: bool = False,
                   eta: bool = True, interface: Interface | None = None, guesses: bool = False, counting: bool = False,
                   opt_level: int | None = None, files: Cache | None = None) -> DirectProgram:
    """Compiles what the entry of a book reaches, at an optimisation level (None: the usual one), with a kernel from the
    cache if it is there. Raises `Unsupported` for what only nets can do.

    With `eta`, tuples that are taken apart and put together again stay what they were, and results that are functions
    are read as nets with eta reduction would give them. `interface` is what a host knows of the program that may apply
    the entry to values and whose functions actions may call; with `guesses`, values of no declared type must be as the
    program foresees them. With `counting` it counts calls and cells.
    """
    lowered = lower_direct(book, parallel=parallel, check_overflow=check_overflow, eta=eta, interface=interface,
                           guesses=guesses, counting=counting)
    level = usual_level() if opt_level is None else opt_level
    kernel = compiled_kernel(lowered.variant, level, files)
    module = merge(kernel.interface, lowered.module)
    threads = min(available_threads(), MOST_THREADS)
    parts = parts_of(module, threads, dispatching_functions(lowered.context))
    finish = start_compiling([(part.text, 0 if part.seldom else level) for part in parts], threads)
    program = lowered.program
    code, *others = finish()
    return replace(program, object_code=code, other_code=tuple(others), kernel_code=kernel.object_code,
                   layouts=layouts(module), budgeted=budgeted)


def lower_direct(book: core.Book, *, parallel: bool = False, check_overflow: bool = False, eta: bool = True,
                 interface: Interface | None = None, guesses: bool = False, counting: bool = False,
                 given: Sequence[int] = (), exported: Exported | None = None) -> Lowered:
    """The same as far as LIR. Where no call can be forked, the kernel for one worker serves. `given` are the sets
    (`bend.codegen.direct.flow`) of the numbers that the entry of a standalone program is applied to. A host calls the
    functions that are `exported`, and performs no actions."""
    pipeline = PIPELINE if parallel else SERIAL
    front = analysed(book, pipeline, eta=eta, parallel=parallel, check_overflow=check_overflow, interface=interface,
                     guesses=guesses, counting=counting, given=given, exported=exported)
    # With one worker these paths call nothing, and a call would make all frames larger.
    context = replace(front.context, compact=front.context.parallel)
    is_hosted = front.actions is not None or front.arguments is not None or exported is not None
    return Lowered(lower_program(context), Variant(context.parallel, check_overflow, is_hosted, counting), book,
                   replace(front, context=context))


def analysed(book: core.Book, pipeline: Pipeline, *, eta: bool, parallel: bool = False, check_overflow: bool = False,
             interface: Interface | None = None, guesses: bool = False, counting: bool = False,
             given: Sequence[int] = (), exported: Exported | None = None) -> Analysed:
    """What the entry of a book reaches, after the passes of a pipeline; see `lower_direct`. Raises `Unsupported`."""
    sites = SITES if exported is None else max(SITES, len(exported.functions))
    converted = convert(eta_reduce(book, functions=False) if eta else book, sites)
    program = count_calls(converted.program, converted.parts) if counting else converted.program
    for step in pipeline:
        program = step(program)
    applied = interface if interface is not None and interface.is_applied else None
    actions = None
    if exported is None:
        actions = acting(book, program, interface is not None, applied is not None or bool(given))
    arguments = None if applied is None else Arguments(applied, Guess() if guesses else None)
    flow = analyse(program, lambda solver: add_outside(solver, arguments or exported, actions, given), sites)
    if applied is not None and arguments is not None and guesses:
        arguments = Arguments(applied, arguments.better_guess())
        flow = analyse(program, lambda solver: add_outside(solver, arguments, actions, given))
    program = last_calls(program, flow)
    seldom = seldom_functions(program)
    recursive, forking = recursive_functions(program), forking_functions(program)
    context = Context(program, flow, lay_out(program, flow), borrowed_parameters(program, flow), recursive,
                      Arithmetic(WORKER, check_overflow), {}, forking - seldom, seldom, counting,
                      parallel and bool(forking), unrolling_limits(program, recursive))
    context.entries.update(entries(context, flow))
    return Analysed(context, actions, arguments, book, converted, eta)


def add_outside(solver: Solver, arguments: Arguments | Exported | None, actions: Acting | None,
                numbers: Sequence[int]) -> None:
    """Adds what comes from outside of a program to the analysis: the arguments of its entry, if it is applied, or the
    sets of numbers that it gets, and what the host of a program that acts gives it."""
    entry = solver.program.constants[0]
    for node, bits in zip(solver.parameters(entry), numbers, strict=False):
        solver.add(node, bits)
    given = solver.result(entry) if arguments is None else arguments.add(solver)
    if actions is not None:
        add_host(solver, actions, given)


def lower_program(context: Context) -> lir.Module:
    """All functions of a program, and what the kernel asks of it."""
    functions = [item for function in context.program.functions.values() for item in lower_function(context, function)]
    functions += apply_functions(context)
    functions += [replace(function, exported=True) if function.name in PROVIDED else function
                  for function in kernel_functions(context)]
    return lir.Module(tuple(spill_parameters(functions)), tuple(context.structs.values()), tuple(tables(context)))


def forking_functions(program: ir.Program) -> frozenset[str]:
    """The functions that have something for other workers to do."""
    return frozenset(name for name, function in program.functions.items()
                     if any(isinstance(operation, ir.Fork) for operation in ir.operations_of(function.body)))


def entries(context: Context, flow: Flow) -> dict[Given, int]:
    """The numbers of entries: of all functions that are passed around, with all numbers of arguments."""
    passed = dict.fromkeys(item.function for item in flow.objects if isinstance(item, Given))
    entry = context.program.constants[0]
    if context.program.functions[entry].parameters:
        passed[entry] = None
    found = [Given(function, count) for function in passed for count in range(arity_of(context, function))]
    return {given: number for number, given in enumerate(found)}


def recursive_functions(program: ir.Program) -> frozenset[str]:
    """The functions whose calls may lead back to them: those that call themselves, directly or not, and those that
    apply values."""
    applying = {name for name, function in program.functions.items()
                if any(isinstance(operation, ir.Apply) for operation in ir.operations_of(function.body))}
    return heavy_functions(program) | applying


def readable_book(book: core.Book, converted: Converted, eta: bool) -> core.Book:
    """The book with the functions that local ones have become, for reading results."""
    made = {name: core.Def(name, (core.Rule((), term),)) for name, term in converted.local_functions.items()}
    together = replace(book, defs={**book.defs, **made})
    return eta_reduce(together) if eta else together


def layouts(module: lir.Module) -> dict[str, dict[str, int]]:
    """Where the fields of the kernel's structs are, in words, and how large these are, under an empty name."""
    return {struct.name: word_offsets(struct, module) for struct in module.structs if struct.name[0].isupper()}


def call_table(book: core.Book, context: Context) -> CallTable:
    """What users know of the code that was lowered."""
    program, names = context.program, list(context.program.functions)
    heads = {readable(function.origin): span for function in program.functions.values()
             if (span := head(book, function.origin)) is not None and not span.source.builtin}
    functions = {name: readable(function.origin) for name, function in program.functions.items()}
    forks = {names[number]: min(places) for number, places in context.forked.items() if len(places) == 1}
    return CallTable(program.callers, functions, heads, forks)
