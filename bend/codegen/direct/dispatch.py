"""What the kernel and unknown calls need of a program: applying values, evaluating definitions, sizes of cells.

Code is never called through pointers: the entry of a partial application selects it (docs/direct.md, Values).
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER, Context
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
    """The functions that apply values, for all numbers of arguments that something is applied to."""
    context.applied.add(1)
    done: dict[int, lir.Function] = {}
    while context.applied - done.keys():
        for count in sorted(context.applied - done.keys()):
            done[count] = _Applying(context, count).function()
    return list(done.values())


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
        head = val.load_word(FUNCTION, 0)
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
            lir.Switch(ENTRY, tuple(self.cases()), self.collect(self.wrong)),
        )
        parameters = ((WORKER.name, WORKER.type), (FUNCTION.name, FUNCTION.type),
                      *((argument.name, argument.type) for argument in self.arguments))
        check = lir.ExprStmt(lir.Call('check', (WORKER, u64(len(self.context.program.functions))), lir.VOID))
        return lir.Function(apply_name(self.count), parameters, lir.U64,
                            (check, lir.While(lir.Const(1, lir.BOOL), body)), tail=True)

    def stay(self) -> None:
        """A number or eraser that is applied stays what it is (spec 09, R5)."""
        for argument in self.arguments:
            self.call('drop', WORKER, argument)
        self.emit(lir.Return(FUNCTION))

    def cases(self) -> list[lir.Case]:
        """What to do for each entry."""
        return [lir.Case((number,), self.collect(lambda item=given: self.case(item)))  # type: ignore[misc]
                for given, number in self.context.entries.items()]

    def case(self, given: Given) -> None:
        """The application of an entry."""
        context = self.context
        captured = [self.assign(val.load_word(CELL, index + 1), 'captured') for index in range(given.count)]
        if captured:
            self.take_captured(captured)
        values: list[lir.Expr] = [*captured, *self.arguments]
        arity = arity_of(context, given.function)
        if len(values) < arity:
            entry = context.entries[Given(given.function, len(values))]
            cell = self.new_cell(len(values) + 1)
            self.emit(lir.Store(val.word_address(cell, 0), val.header(words.PARTIAL, u64(entry))))
            for index, value in enumerate(values, 1):
                self.emit(lir.Store(val.word_address(cell, index), value))
            self.emit(lir.Return(cell))
            return
        self.enter(given.function, values[:arity], values[arity:])

    def take_captured(self, captured: Sequence[lir.Expr]) -> None:
        """What a closure holds passes to the call, or is shared with it."""
        free = lir.ExprStmt(lir.Call('release', (WORKER, CELL, u64(len(captured) + 1)), lir.VOID))

        def share() -> None:
            for value in captured:
                self.call('retain_shared', value)
            self.call('release_shared', WORKER, CELL)

        self.emit(lir.If(lir.Call('is_unique', (CELL,), lir.BOOL), (free,), self.collect(share)))

    def enter(self, function: str, values: Sequence[lir.Expr], rest: Sequence[lir.Expr]) -> None:
        """Calls a function with all its arguments, and applies the result to what is left."""
        context = self.context
        result: lir.Expr
        if function not in context.program.functions:
            result = self.made_cell(context.layout.by_place[Made(function, '')], values, ['word'] * len(values))
        else:
            parameters = context.program.functions[function].parameters
            arguments = [val.converted(value, 'word', context.rep(name))
                         for value, name in zip(values, parameters, strict=True)]
            call = lir.Call(context.lir_name(function), (WORKER, *arguments), context.result_type(function))
            reps = context.result_reps(function)
            if reps == ('word',) and not rest:
                self.emit(lir.Return(lir.Call(call.function, call.arguments, call.type, tail=True)))
                return
            if len(reps) == 2:
                result = self.packed_pair(function, call)
            else:
                result = val.converted(self.assign(call, 'result'), reps[0], 'word')
        if rest:
            context.applied.add(len(rest))
            self.emit(lir.Return(lir.Call(apply_name(len(rest)), (WORKER, result, *rest), lir.U64, tail=True)))
        else:
            self.emit(lir.Return(result))


def kernel_functions(context: Context) -> list[lir.Function]:
    """What the kernel calls (docs/direct.md, What the compiled program provides), but for forks."""
    value, argument = lir.Local('value', lir.U64), lir.Local('argument', lir.U64)
    apply = lir.Function('apply_value', ((WORKER.name, WORKER.type), (FUNCTION.name, lir.U64), ('argument', lir.U64)),
                         lir.U64, (lir.Return(lir.Call(apply_name(1), (WORKER, FUNCTION, argument), lir.U64)),),
                         inline='never')
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
        lir.Switch(lir.Local('number', lir.U64), tuple(cases)), lir.Return(value)), inline='never')
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
                        (lir.Switch(code, tuple(cases)), lir.Return()), inline='never')


SHAPE_WORDS = 'shape.words'
ENTRY_WORDS = 'entry.words'


def _cell_words() -> lir.Function:
    """How many words follow a header, from the tables."""
    head = lir.Local('header', lir.U64)
    table = lir.Ptr(lir.U64)
    by_shape = lir.Load(lir.IndexAddress(lir.GlobalAddress(SHAPE_WORDS, table), val.shape_in(head)))
    payload = lir.Binary('shr', head, u64(words.HEADER_PAYLOAD_SHIFT))
    by_entry = lir.Load(lir.IndexAddress(lir.GlobalAddress(ENTRY_WORDS, table), payload))
    is_partial = lir.Compare('eq', val.shape_in(head), u64(words.PARTIAL))
    return lir.Function('cell_words', (('header', lir.U64),), lir.U64,
                        (lir.If(is_partial, (lir.Return(by_entry),)), lir.Return(by_shape)), inline='hint')


def tables(context: Context) -> list[lir.Global]:
    """The sizes of cells, by shape and by entry."""
    shapes = tuple(0 if shape is None else shape.words for shape in context.layout.shapes)
    entries = tuple(given.count for given in context.entries) or (0,)
    return [lir.Global(SHAPE_WORDS, lir.U64, len(shapes), shapes),
            lir.Global(ENTRY_WORDS, lir.U64, len(entries), entries)]
