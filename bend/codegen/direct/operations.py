"""Operations of blocks as statements of LIR."""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.counting import Counting
from bend.codegen.direct.flow import ERASER, MAX_APPLIED, NUMBERS, Folded, Given, Made, results_of
from bend.codegen.direct.ir import Atom
from bend.codegen.direct.layout import number_kind
from bend.codegen.direct.literal_tables import literal_table
from bend.codegen.direct.state import Opened
from bend.codegen.direct.values import Rep, u64
from bend.hvm import numbers as num
from bend.runtime.direct import program as words


class Operations(Counting):
    """Lowers operations."""

    # ---- looking at values ---------------------------------------------------------------------

    def looked_at(self, atom: Atom) -> tuple[lir.Expr, Rep, int]:
        """An atom that is looked at, behind a folded constant if it is one: a local or constant, its representation,
        and the set of what it can be."""
        flow = self.context.flow
        if isinstance(atom, ir.Reference) and atom.name in self.context.program.constants:
            bits = flow.results.get(atom.name, 0)
            number = self.context.program.constants.index(atom.name)
            evaluated = lir.Call('constant', (WORKER, u64(number)), lir.U64, place=self.place)
            return self.assign(evaluated, 'constant'), 'word', bits
        rep = self.context.atom_rep(atom)
        bits = flow.of(atom)
        value = self.context.atom(atom, rep)
        folded = [item for item in flow.objects_in(bits) if isinstance(item, Folded)]
        if folded and isinstance(value, lir.Local) and isinstance(atom, ir.Var):
            number_of = lir.Binary('shr', value, u64(words.INDEX_SHIFT))
            unfold = self.collect(lambda: self.unfold(value, number_of, atom.name in self.state.owned))
            self.emit(lir.If(val.has_tag(value, words.CONSTANT), unfold))
            for item in folded:
                bits &= ~flow.bit(item)
        return value, rep, bits

    def unfold(self, target: lir.Local, number: lir.Expr, owned: bool) -> None:
        """Gives a local the value of a constant, and a reference of its own if it is owned."""
        name = 'constant' if not self.context.compact else 'unfolded_owned' if owned else 'unfolded'
        self.emit(lir.Assign(target, lir.Call(name, (WORKER, number), lir.U64, place=self.place)))
        if owned and not self.context.compact:
            self.call('retain_shared', target)

    def simple(self, value: lir.Expr) -> lir.Expr:
        """A value that can be used twice."""
        return value if isinstance(value, lir.Local | lir.Const) else self.assign(value)

    def check(self, condition: lir.Expr) -> None:
        """Stops the run unless a condition holds."""
        stop = self.collect(self.wrong)
        self.emit(lir.If(lir.Intrinsic('unlikely', (lir.Not(condition),)), stop))

    def number(self, atom: Atom) -> tuple[lir.Expr, Rep]:
        """An atom that must be a number: of its type if that is known, else a word that is one."""
        value, rep, bits = self.looked_at(atom)
        if rep != 'word':
            return value, rep
        kinds = bits & NUMBERS
        known = val.REPS[number_kind(kinds)]
        if kinds == 0:
            self.wrong_value()
            return value, rep
        if bits & ~NUMBERS:
            if known == 'word':
                self.check(val.has_tag(value, words.NUMBER))
            else:
                byte = lir.Binary('and', value, u64(0xFF))
                self.check(lir.Compare('eq', byte, u64(val.number_byte(known))))
        if known == 'word':
            return value, rep
        return self.assign(val.unboxed(value, known)), known

    def wrong_value(self) -> None:
        """Stops the run; what follows is never reached."""
        self.emit(lir.If(lir.Const(1, lir.BOOL), self.collect(self.wrong)))

    # ---- numbers -------------------------------------------------------------------------------

    def operate(self, name: str, operation: ir.Operate) -> None:
        """An operation of two numbers."""
        arithmetic = self.context.arithmetic
        left, left_rep = self.number(operation.left)
        right, rep = self.number(operation.right)
        if rep == 'word':
            bits = self.simple(val.payload_bits(left, left_rep))
            result = arithmetic.dynamic(operation.code, bits, self.simple(right), operation.place)
            self.bind(name, result, 'word', owned=False)
            return
        if left_rep != rep:
            left = val.of_payload(val.payload_bits(left, left_rep), rep)
        result, result_rep = arithmetic.operate(operation.code, rep, self.simple(left), self.simple(right),
                                                operation.place)
        self.bind(name, result, result_rep, owned=False)

    # ---- making --------------------------------------------------------------------------------

    def bind(self, name: str, value: lir.Expr, rep: Rep, *, owned: bool = True) -> None:
        """Gives a variable its value."""
        local = self.context.local(name)
        self.emit(lir.Assign(local, val.converted(value, rep, self.context.rep(name))))
        if owned and self.context.is_counted(name):
            self.state.owned.add(name)

    def made_cell(self, shape_number: int, arguments: Sequence[lir.Expr | None], reps: Sequence[Rep]) -> lir.Expr:
        """Something with fields; where a value is None, the word is left as it is."""
        shape = self.context.layout.shape(shape_number)
        payload = None
        if shape.packed is not None:
            packed = arguments[shape.packed]
            assert packed is not None
            bits = val.payload_bits(val.converted(packed, reps[shape.packed], val.REPS[shape.kind]),
                                    val.REPS[shape.kind])
            payload = lir.Convert(bits, lir.U64)
        if shape.is_immediate:
            word: lir.Expr = u64(val.immediate(shape_number))
            if payload is not None:
                word = lir.Binary('or', lir.Binary('shl', payload, u64(words.PAYLOAD_SHIFT)), word)
            return word
        cell = self.new_cell(shape.words + 1, val.header(shape_number, payload),
                             shape_number if payload is None else None)
        fields = [(argument, rep) for index, (argument, rep) in enumerate(zip(arguments, reps, strict=True))
                  if index != shape.packed]
        for index, (argument, rep) in enumerate(fields, 1):
            if argument is not None:
                self.emit(lir.Store(val.word_address(cell, index), val.converted(argument, rep, 'word')))
        return cell

    def construct(self, name: str, shape_number: int, arguments: Sequence[Atom], later: frozenset[str]) -> None:
        """A constructor or tuple."""
        self.consume_all(arguments, later)
        reps = [self.context.atom_rep(atom) for atom in arguments]
        values = [self.context.atom(atom, rep) for atom, rep in zip(arguments, reps, strict=True)]
        self.bind(name, self.made_cell(shape_number, values, reps), 'word')

    def literal(self, name: str, literal: ir.Literal, later: frozenset[str]) -> None:
        """A literal, which the kernel makes from a table, and from a cell with the arguments if there are some."""
        table = self.context.literals.get(literal.number)
        if table is None:
            table = self.context.literals[literal.number] = literal_table(self.context, literal)
        if not literal.arguments:
            self.bind(name, lir.Call('make_constant_literal', (WORKER, table.address()), lir.U64), 'word')
            return
        self.consume_all(literal.arguments, later)
        count = u64(len(literal.arguments) + 1)
        cell = self.assign(lir.Call('allocate', (WORKER, count), lir.U64), 'arguments')
        for index, atom in enumerate(literal.arguments, 1):
            self.emit(lir.Store(val.word_address(cell, index), self.context.atom(atom, 'word')))
        self.bind(name, lir.Call('make_literal', (WORKER, table.address(), cell, count), lir.U64), 'word')

    def partial(self, name: str, function: str, arguments: Sequence[Atom], later: frozenset[str]) -> None:
        """A function with some arguments."""
        self.consume_all(arguments, later)
        entry = self.context.entries[Given(function, len(arguments))]
        cell = self.new_cell(len(arguments) + 1, val.header(words.PARTIAL, u64(entry)))
        for index, atom in enumerate(arguments, 1):
            self.emit(lir.Store(val.word_address(cell, index), self.context.atom(atom, 'word')))
        self.bind(name, cell, 'word')

    def packed_pair(self, function: str, both: lir.Expr) -> lir.Expr:
        """The tuple of the two values that a function gives."""
        reps = self.context.result_reps(function)
        local = self.assign(both, 'both')
        parts = [lir.Extract(local, part, val.TYPES[rep])
                 for part, rep in zip(('first', 'second'), reps, strict=True)]
        return self.made_cell(self.context.layout.by_place[results_of(function)], parts, reps)

    # ---- taking apart --------------------------------------------------------------------------

    def take_pair(self, value: Atom, names: Sequence[str]) -> None:
        """The parts of a tuple; a number, or `*`, is copied (spec 09, R5)."""
        word, rep, bits = self.looked_at(value)
        flow = self.context.flow
        pairs = [item for item in flow.objects_in(bits) if isinstance(item, Made) and item.constructor is None]
        if rep != 'word' or not pairs:
            if bits & (NUMBERS | ERASER) == 0:
                self.wrong_value()
            for name in names:
                self.bind(name, word, rep, owned=False)
            return
        number = self.context.layout.by_place[pairs[0]]
        shape = self.context.layout.shape(number)
        others = bits & ~sum(flow.bit(item) for item in set(pairs))
        take = self.collect(lambda: self.load_fields(word, number, names))
        if others:
            test = val.has_tag(word, words.CELL)
            if others & ~(NUMBERS | ERASER):
                found = val.shape_in(self.context.header_of(word))
                test = lir.Logical('and', test, lir.Compare('eq', found, u64(number)))
            self.emit(lir.If(test, take, self.collect(lambda: self.copy_number(word, others, names))))
        else:
            self.emit(*take)
        if isinstance(value, ir.Var):
            parts = tuple(name for name in names if self.context.is_counted(name))
            self.state.open(value.name, Opened(number, shape.words + 1, parts, not others))

    def copy_number(self, word: lir.Expr, others: int, names: Sequence[str]) -> None:
        """What is no tuple, and has parts only if it is a number or `*`."""
        if others & ~(NUMBERS | ERASER):
            is_number = lir.Logical('or', val.has_tag(word, words.NUMBER), val.has_tag(word, words.ERASER))
            self.check(is_number)
        for name in names:
            self.emit(lir.Assign(self.context.local(name), val.converted(word, 'word', self.context.rep(name))))

    def load_fields(self, word: lir.Expr, shape_number: int, names: Sequence[str | None]) -> None:
        """The fields of a cell, or of an immediate, for variables; None where a field is not needed."""
        shape = self.context.layout.shape(shape_number)
        index = 0
        for position, name in enumerate(names):
            if position != shape.packed:
                index += 1
            if name is None:
                continue
            local = self.context.local(name)
            rep = self.context.rep(name)
            value: lir.Expr
            if position == shape.packed:
                packed = val.REPS[shape.kind]
                value = (val.unboxed(word, packed) if shape.is_immediate
                         else val.packed_in(self.context.header_of(word), packed))
                value = val.converted(value, packed, rep)
            else:
                value = val.converted(val.load_word(word, index), 'word', rep)
            self.emit(lir.Assign(local, value))

    # ---- calls ---------------------------------------------------------------------------------

    def call_of(self, call: ir.Call, later: frozenset[str]) -> lir.Call:
        """A call of a function; what its parameters own is passed on."""
        context = self.context
        owned = [atom for index, atom in enumerate(call.arguments)
                 if (call.function, index) not in context.borrowed]
        lent = frozenset(atom.name for index, atom in enumerate(call.arguments)
                         if (call.function, index) in context.borrowed and isinstance(atom, ir.Var))
        self.consume_all(owned, later | lent)
        return lir.Call(self.callee(call.function), (WORKER, *self.arguments_of(call)),
                        context.result_type(call.function), place=call.place)

    def callee(self, function: str) -> str:
        """What a function that is called is called in LIR."""
        return self.context.lir_name(function)

    def arguments_of(self, call: ir.Call) -> list[lir.Expr]:
        """The arguments of a call in the representations of the parameters."""
        parameters = self.context.program.functions[call.function].parameters
        return [self.context.atom(atom, self.context.rep(name))
                for atom, name in zip(call.arguments, parameters, strict=True)]

    def known_function(self, operation: ir.Apply) -> Given | None:
        """The function that an application calls with all its arguments, if there is only one."""
        flow = self.context.flow
        if not isinstance(operation.function, ir.Var):
            return None
        bits = flow.of(operation.function)
        items = list(flow.objects_in(bits))
        if len(items) != 1 or bits & (NUMBERS | ERASER):
            return None
        item = items[0]
        if not isinstance(item, Given) or item.function not in self.context.program.functions:
            return None
        arity = len(self.context.program.functions[item.function].parameters)
        return item if arity == item.count + len(operation.arguments) else None

    def known_call(self, given: Given, operation: ir.Apply, later: frozenset[str]) -> lir.Call:
        """A call of the only function that can be applied; the closure is only looked at."""
        context = self.context
        parameters = context.program.functions[given.function].parameters
        closure = context.atom(operation.function, 'word')
        values: list[lir.Expr] = []
        for index, name in enumerate(parameters[:given.count], 1):
            captured = self.assign(val.converted(val.load_word(closure, index), 'word', context.rep(name)), 'captured')
            if context.is_counted(name):
                self.call('retain_shared', captured)
            values.append(captured)
        self.consume_all(operation.arguments, later | {atom.name for atom in (operation.function,)
                                                       if isinstance(atom, ir.Var)})
        values += [context.atom(atom, context.rep(name))
                   for atom, name in zip(operation.arguments, parameters[given.count:], strict=True)]
        return lir.Call(context.lir_name(given.function), (WORKER, *values), context.result_type(given.function),
                        place=operation.place)

    def applied(self, operation: ir.Apply, later: frozenset[str]) -> tuple[lir.Expr, Rep]:
        """What an application gives, and its representation."""
        given = self.known_function(operation)
        if given is not None:
            call = self.known_call(given, operation, later)
            reps = self.context.result_reps(given.function)
            if len(reps) == 2:
                return self.packed_pair(given.function, call), 'word'
            return call, reps[0]
        return self.unknown_call(operation, later), 'word'

    def unknown_call(self, operation: ir.Apply, later: frozenset[str]) -> lir.Call:
        """An application of whatever comes."""
        self.consume_all((operation.function, *operation.arguments), later)
        function = self.context.atom(operation.function, 'word')
        arguments = [self.context.atom(atom, 'word') for atom in operation.arguments]
        while len(arguments) > MAX_APPLIED:
            function = self.assign(self.apply_call(function, arguments[:MAX_APPLIED], operation.place), 'function')
            arguments = arguments[MAX_APPLIED:]
        return self.apply_call(function, arguments, operation.place)

    def apply_call(self, function: lir.Expr, arguments: Sequence[lir.Expr], place: int) -> lir.Call:
        """A call of the function that applies to so many arguments, at a place."""
        self.context.applied.add(len(arguments))
        return lir.Call(apply_name(len(arguments)), (WORKER, function, *arguments), lir.U64, place=place)


def apply_name(count: int) -> str:
    """The function that applies a value to so many arguments."""
    return f'apply{count}'


def zero_test(value: lir.Expr, rep: Rep) -> lir.Expr:
    """Whether the 24 bits of a number are all zero."""
    bits = val.payload_bits(value, rep)
    if rep == 'word':
        bits = lir.Binary('and', bits, val.u32(num.PAYLOAD_MASK))
    return lir.Compare('eq', bits, val.u32(0))
