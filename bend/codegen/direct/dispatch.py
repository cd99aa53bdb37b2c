"""What the kernel and unknown calls need of a program: applying values, evaluating definitions, sizes of cells.

Code is never called through pointers: the entry of a partial application selects it (docs/direct.md, Values).
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER, Context
from bend.codegen.direct.counting import MOST_PARTS
from bend.codegen.direct.flow import Given, Made
from bend.codegen.direct.lower import TASK_WORDS
from bend.codegen.direct.operations import Operations, apply_name
from bend.codegen.direct.values import u64
from bend.runtime.direct import program as words

FUNCTION = lir.Local('function', lir.U64)
ENTRY = lir.Local('entry', lir.U64)
CELL = lir.Local('cell', lir.U64)


def arity_of(context: Context, function: str) -> int:
    """How many arguments a function, or a constructor, takes."""
    known = context.program.functions.get(function)
    return context.program.fields[function] if known is None else len(known.parameters)


def apply_functions(context: Context) -> list[lir.Function]:
    """The functions that apply values, for all numbers of arguments up to the most that something is applied to."""
    return [*(_Applying(context, count).function() for count in _applied_counts(context)), _grow()]


def _applied_counts(context: Context) -> range:
    return range(1, max((*context.applied, 1)) + 1)


def dispatching_functions(context: Context) -> frozenset[str]:
    """The functions that call one of many, by a number."""
    return frozenset({'run_entry', 'run_task', *map(apply_name, _applied_counts(context))})


class _Applying(Operations):
    """Makes the function that applies a value to a number of arguments."""

    def __init__(self, context: Context, count: int) -> None:
        super().__init__(context)
        self.count = count
        self.arguments = [lir.Local(f'a{index}', lir.U64) for index in range(count)]

    def function(self) -> lir.Function:
        """`apply`, with a loop that looks behind folded constants."""
        number = lir.Binary('shr', FUNCTION, u64(words.INDEX_SHIFT))
        unfold = (lir.Assign(FUNCTION, lir.Call('constant', (WORKER, number), lir.U64)),
                  lir.ExprStmt(lir.Call('retain_shared', (FUNCTION,), lir.VOID)), lir.Continue())
        stays = lir.Logical('or', val.has_tag(FUNCTION, words.NUMBER), val.has_tag(FUNCTION, words.ERASER))
        head = self.context.header_of(FUNCTION)
        is_partial = lir.Compare('eq', val.shape_in(head), u64(words.PARTIAL))
        from_cell = lir.If(is_partial, (
            lir.Assign(ENTRY, lir.Binary('shr', head, u64(words.HEADER_PAYLOAD_SHIFT))),
            lir.Assign(CELL, FUNCTION)), self.collect(self.wrong))
        body = (
            lir.If(val.has_tag(FUNCTION, words.CONSTANT), unfold),
            lir.If(stays, self.collect(self.stay)),
            lir.Assign(ENTRY, number),
            lir.Assign(CELL, u64(0)),
            lir.If(val.has_tag(FUNCTION, words.CELL), (from_cell,),
                   (lir.If(val.has_tag(FUNCTION, words.FUNCTION), (), self.collect(self.wrong)),)),
            *self.collect(self.enter_any),
        )
        parameters = ((WORKER.name, WORKER.type), (FUNCTION.name, FUNCTION.type),
                      *((argument.name, argument.type) for argument in self.arguments))
        check = lir.ExprStmt(lir.Call('check', (WORKER, u64(len(self.context.program.functions))), lir.VOID))
        return lir.Function(apply_name(self.count), parameters, lir.U64,
                            (check, lir.While(lir.Const(1, lir.BOOL), body)), tail=True, traced=True)

    def stay(self) -> None:
        """A number or eraser that is applied stays what it is (spec 09, R5)."""
        for argument in self.arguments:
            self.call('drop', WORKER, argument)
        self.emit(lir.Return(FUNCTION))

    def enter_any(self) -> None:
        """What to do for an entry: it may take more arguments than there are, fewer, or just these."""
        count = self.count
        missing = self.assign(from_table(ENTRY_MISSING, ENTRY), 'missing')
        self.emit(lir.If(lir.Compare('gt', missing, u64(count)), self.collect(self.grow)))
        for fewer in range(1, count):
            self.emit(lir.If(lir.Compare('eq', missing, u64(fewer)), self.collect(lambda: self.apply_twice(fewer))))  # noqa: B023
        cases = [lir.Case((number,), self.collect(lambda: self.case(given)))  # noqa: B023
                 for given, number in self.context.entries.items()
                 if arity_of(self.context, given.function) == given.count + count and self.context.occurs(given)]
        self.emit(lir.Switch(ENTRY, tuple(cases), self.collect(self.wrong)))

    def grow(self) -> None:
        """A partial application with more arguments."""
        cell = self.assign(lir.Call(GROW, (WORKER, CELL, ENTRY, u64(self.count)), lir.U64), 'cell')
        first = lir.Binary('add', from_table(ENTRY_WORDS, ENTRY), u64(1))
        for index, argument in enumerate(self.arguments):
            place = lir.IndexAddress(lir.Convert(cell, val.POINTER), lir.Binary('add', first, u64(index)))
            self.emit(lir.Store(place, argument))
        self.emit(lir.Return(cell))

    def apply_twice(self, count: int) -> None:
        """Some of the arguments, and what comes of that to the others."""
        first, rest = self.arguments[:count], self.arguments[count:]
        result = self.assign(lir.Call(apply_name(count), (WORKER, FUNCTION, *first), lir.U64), 'result')
        self.emit(lir.Return(lir.Call(apply_name(len(rest)), (WORKER, result, *rest), lir.U64, tail=True)))

    def case(self, given: Given) -> None:
        """A call with all arguments."""
        captured = [self.assign(val.load_word(CELL, index + 1), 'captured') for index in range(given.count)]
        if captured:
            self.take_captured(captured)
        self.enter(given.function, [*captured, *self.arguments])

    def take_captured(self, captured: Sequence[lir.Expr]) -> None:
        """What a closure holds passes to the call, or is shared with it."""
        free = self.release(CELL, len(captured) + 1)
        share = self.collect(lambda: self.leave_captured(captured))
        self.emit(lir.If(lir.Call('is_unique', (CELL,), lir.BOOL), (free,), share))

    def leave_captured(self, captured: Sequence[lir.Expr]) -> None:
        """What a closure that others refer to holds is shared with the call. Closures can hold much, and the code for
        each of them is there for each number of arguments; so what is more than a few words takes a loop."""
        if len(captured) > MOST_PARTS:
            self.call('leave_words', WORKER, CELL, u64(len(captured)))
        else:
            self.leave(CELL, captured)

    def enter(self, function: str, values: Sequence[lir.Expr]) -> None:
        """Calls a function with all its arguments."""
        context = self.context
        if function not in context.program.functions:
            made = self.made_cell(context.layout.by_place[Made(function, '')], values, ['word'] * len(values))
            self.emit(lir.Return(made))
            return
        parameters = context.program.functions[function].parameters
        arguments = [val.converted(value, 'word', context.rep(name))
                     for value, name in zip(values, parameters, strict=True)]
        call = lir.Call(context.lir_name(function), (WORKER, *arguments), context.result_type(function))
        reps = context.result_reps(function)
        if reps == ('word',):
            self.emit(lir.Return(lir.Call(call.function, call.arguments, call.type, tail=True)))
        elif len(reps) == 2:
            self.emit(lir.Return(self.packed_pair(function, call)))
        else:
            self.emit(lir.Return(val.converted(self.assign(call, 'result'), reps[0], 'word')))


GROW = 'grow_partial'


def _grow() -> lir.Function:
    """A new partial application with the arguments of one, of an entry, and room for some more; the old one is used
    up. The entries of a function follow each other."""
    extra, count, index, cell = (lir.Local(name, lir.U64) for name in ('extra', 'count', 'index', 'grown'))
    word = lir.Local('word', lir.U64)
    size = lir.Binary('add', lir.Binary('add', count, extra), u64(1))
    entry = lir.Binary('add', ENTRY, extra)
    at = lir.Binary('add', index, u64(1))

    def place(of: lir.Expr) -> lir.Expr:
        return lir.IndexAddress(lir.Convert(of, val.POINTER), at)

    def loop(*body: lir.Stmt) -> tuple[lir.Stmt, ...]:
        return (lir.Assign(index, u64(0)),
                lir.While(lir.Compare('lt', index, count), (*body, lir.Assign(index, at))))

    share = lir.ExprStmt(lir.Call('retain_shared', (lir.Load(place(CELL)),), lir.VOID))
    free = lir.ExprStmt(lir.Call('release', (WORKER, CELL, lir.Binary('add', count, u64(1))), lir.VOID))
    keep = lir.ExprStmt(lir.Call('release_shared', (WORKER, CELL), lir.VOID))
    body = (
        lir.Assign(count, from_table(ENTRY_WORDS, ENTRY)),
        lir.Assign(cell, lir.Call('allocate', (WORKER, size), lir.U64)),
        lir.Store(val.word_address(cell, 0), val.header(words.PARTIAL, entry)),
        *loop(lir.Assign(word, lir.Load(place(CELL))), lir.Store(place(cell), word)),
        lir.If(lir.Compare('ne', CELL, u64(0)), (
            lir.If(lir.Call('is_unique', (CELL,), lir.BOOL), (free,), (*loop(share), keep)),)),
        lir.Return(cell),
    )
    parameters = ((WORKER.name, WORKER.type), (CELL.name, CELL.type), (ENTRY.name, ENTRY.type), ('extra', lir.U64))
    return lir.Function(GROW, parameters, lir.U64, body, inline='never')


def kernel_functions(context: Context) -> list[lir.Function]:
    """What the kernel calls (docs/direct.md, What the compiled program provides), but for forks."""
    value, argument = lir.Local('value', lir.U64), lir.Local('argument', lir.U64)
    apply = lir.Function('apply_value', ((WORKER.name, WORKER.type), (FUNCTION.name, lir.U64), ('argument', lir.U64)),
                         lir.U64, (lir.Return(lir.Call(apply_name(1), (WORKER, FUNCTION, argument), lir.U64)),),
                         inline='never', traced=True)
    cases = []
    for number, name in enumerate(context.program.constants):
        reps = context.result_reps(name)
        result: lir.Expr
        if context.program.functions[name].parameters:
            result = u64(context.entries[Given(name, 0)] << words.INDEX_SHIFT | words.FUNCTION)
        else:
            call = lir.Call(context.lir_name(name), (WORKER,), context.result_type(name))
            result = val.converted(call, reps[0], 'word')
        cases.append(lir.Case((number,), (lir.Assign(value, result),)))
    entry = lir.Function('run_entry', ((WORKER.name, WORKER.type), ('number', lir.U64)), lir.U64, (
        lir.Assign(value, u64(words.ERASER)),
        lir.Switch(lir.Local('number', lir.U64), tuple(cases)), lir.Return(value)), inline='never', traced=True)
    return [apply, entry, run_task(context), _cell_words()]


def run_task(context: Context) -> lir.Function:
    """Runs a forked call, by the number of its function."""
    code, task = lir.Local('code', lir.U64), lir.Local('task', val.POINTER)
    names = list(context.program.functions)
    cases = []
    for number in sorted(context.forked):
        function = context.program.functions[names[number]]
        arguments = [val.of_bits(lir.Load(lir.IndexAddress(task, u64(TASK_WORDS + index))),
                                 val.TYPES[context.rep(name)])
                     for index, name in enumerate(function.parameters)]
        type_ = context.result_type(function.name)
        result = lir.Local(f'result.{number}', type_)
        call = lir.Call(context.lir_name(function.name), (WORKER, *arguments), type_)
        reps = context.result_reps(function.name)
        parts: list[lir.Expr] = [result]
        if len(reps) == 2:
            parts = [lir.Extract(result, part, val.TYPES[rep])
                     for part, rep in zip(('first', 'second'), reps, strict=True)]
        stores = [lir.Store(lir.IndexAddress(task, u64(TASK_WORDS + index)), val.as_bits(part))
                  for index, part in enumerate(parts)]
        cases.append(lir.Case((number,), (lir.Assign(result, call), *stores)))
    return lir.Function('run_task', ((WORKER.name, WORKER.type), ('code', lir.U64), ('task', val.POINTER)), lir.VOID,
                        (lir.Switch(code, tuple(cases)), lir.Return()), inline='never', traced=True)


SHAPE_WORDS = 'shape.words'
ENTRY_WORDS = 'entry.words'
ENTRY_MISSING = 'entry.missing'


def from_table(table: str, index: lir.Expr) -> lir.Expr:
    """An element of a table."""
    return lir.Load(lir.IndexAddress(lir.GlobalAddress(table, lir.Ptr(lir.U64)), index))


def _cell_words() -> lir.Function:
    """How many words follow a header, from the tables."""
    head = lir.Local('header', lir.U64)
    by_shape = from_table(SHAPE_WORDS, val.shape_in(head))
    by_entry = from_table(ENTRY_WORDS, lir.Binary('shr', head, u64(words.HEADER_PAYLOAD_SHIFT)))
    is_partial = lir.Compare('eq', val.shape_in(head), u64(words.PARTIAL))
    return lir.Function('cell_words', (('header', lir.U64),), lir.U64,
                        (lir.If(is_partial, (lir.Return(by_entry),)), lir.Return(by_shape)), inline='hint')


def tables(context: Context) -> list[lir.Global]:
    """The sizes of cells, by shape and by entry, how many arguments entries still need, and the literals of code that
    has been lowered."""
    shapes = tuple(0 if shape is None else shape.words for shape in context.layout.shapes)
    entries = tuple(given.count for given in context.entries) or (0,)
    missing = tuple(arity_of(context, given.function) - given.count for given in context.entries) or (0,)
    return [lir.Global(SHAPE_WORDS, lir.U64, len(shapes), shapes),
            lir.Global(ENTRY_WORDS, lir.U64, len(entries), entries),
            lir.Global(ENTRY_MISSING, lir.U64, len(missing), missing), *context.literals.values()]
