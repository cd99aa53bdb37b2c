"""The final core evaluated in Python, open terms included: what the direct engine shows functions with, and the
reference that its compiled programs are tested against.

Arguments are evaluated before calls. References are values until they are looked at (spec 09, R1), constants are
evaluated once, functions are looked at by applying them to variables. Copies are free and always right (group G).
Calls that are not the last thing a function does recurse, so this runs where the stack is deep
(`bend.deep_stack`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, TypeAlias

from bend.codegen.direct.convert import CASTS, MATHEMATICS, ZERO
from bend.desugar import core
from bend.desugar.places import operation_place
from bend.desugar.terms import arm_function
from bend.diagnostics import BendError, error
from bend.hvm import numbers as num
from bend.hvm.adt import constructor_definitions
from bend.hvm.encode import OPERATOR_CODES
from bend.hvm.places import division_by_zero
from bend.options import Encoding
from bend.runtime.direct.values import (
    ERASER,
    NEUTRAL,
    Application,
    Closure,
    Data,
    Environment,
    Eraser,
    Matched,
    Neutral,
    Operation,
    Pair,
    Part,
    Partial,
    Primitive,
    Reference,
    Split,
    Switched,
    Value,
    Variable,
    WrongShape,
)

Step: TypeAlias = tuple[core.Term, Environment]
"""What is to be run next."""

_IS_ZERO = num.make_partial(num.EQ, 0)


class OutOfBudget(BendError):
    """An evaluation took more calls than it may."""

    def __init__(self, budget: int) -> None:
        super().__init__(error('out-of-budget', f'The program does not end within {budget} calls.',
                               hint='Raise the limit, or look for a recursion that never stops.'))


class Evaluator:
    """Evaluates parts of one book. Raises `WrongShape`, and `BendError` for divisions by zero, for constants that are
    made of themselves, and for more than `budget` calls (None: as many as it takes).

    `dropped` are the neutral values that were dropped so far: on nets they hang on their variables for ever, so that
    these count as used.
    """

    def __init__(self, book: core.Book, encoding: Encoding = 'num-scott', budget: int | None = None) -> None:
        self.book = book
        self.encoding = encoding
        self.constructors = constructor_definitions(book, encoding)
        self.budget = budget
        self.calls = 0
        self.dropped: list[Neutral] = []
        self.constants: dict[str, Value] = {}
        self.running: set[str] = set()
        self.arms: dict[int, tuple[core.Arm, core.Term]] = {}

    # ---- entry points --------------------------------------------------------------------------

    def constant(self, name: str) -> Value:
        """The value of a definition or tag, which may be another reference."""
        if name not in self.constants:
            if name in self.running:
                self.endless(name)
            self.running.add(name)
            try:
                self.constants[name] = self.run(self.definition(name), {}, [])
            finally:
                self.running.discard(name)
        return self.constants[name]

    def apply(self, function: Value, arguments: Iterable[Value]) -> Value:
        """The value of a function of some arguments."""
        return self.run(core.Var(''), {'': function}, list(arguments)[::-1])

    def force(self, value: Value) -> Value:
        """The value that a reference stands for; any other value itself."""
        steps = 0
        while isinstance(value, Reference):
            steps += 1
            if steps > len(self.book.defs) + 1:
                self.endless(value.name)
            value = self.constant(value.name)
        return value

    def definition(self, name: str) -> core.Term:
        """The term of a definition or tag."""
        definition = self.book.defs.get(name)
        return self.constructors[name] if definition is None else definition.body

    def endless(self, name: str) -> NoReturn:
        """Gives up on a constant."""
        raise BendError(error('endless', f"The value of '{name}' is made of itself.", definition=name,
                              hint='A definition without parameters needs a value that is there before it.'))

    # ---- terms ---------------------------------------------------------------------------------

    def evaluate(self, term: core.Term, environment: Environment) -> Value:
        """The value of a term."""
        match term:
            case core.Var(name):
                return environment[name]
            case core.Num(number):
                return num.word_of(number)
            case core.Lam():
                return Closure(term, environment)
            case _:
                return self.run(term, environment, [])

    def run(self, term: core.Term, environment: Environment, arguments: list[Value]) -> Value:
        """The value of a term applied to arguments, the first of which is the last in the list. Takes list and
        environment: a function's variables are added to them."""
        while True:
            match term:
                case core.Var(name):
                    value = environment[name]
                case core.App(function, argument):
                    arguments.append(self.evaluate(argument, environment))
                    term = function
                    continue
                case core.Lam(pattern, body) if arguments:
                    self.bind(pattern, arguments.pop(), environment)
                    term = body
                    continue
                case core.Lam():
                    return Closure(term, environment)
                case core.Let(pattern, bound, body):
                    self.bind(pattern, self.evaluate(bound, environment), environment)
                    term = body
                    continue
                case core.Match():
                    chosen = self.match(term, environment, arguments)
                    if isinstance(chosen, tuple):
                        term, environment = chosen
                        continue
                    value = chosen
                case core.Switch():
                    chosen = self.switch(term, environment)
                    if isinstance(chosen, tuple):
                        term, environment = chosen
                        continue
                    value = chosen
                case core.Ref(name):
                    value = self.reference(name)
                case core.Num(number):
                    value = num.word_of(number)
                case core.Op():
                    value = self.operation(term, environment)
                case core.Tup(elements):
                    value = self.pairs(elements, environment)
                case core.Era():
                    value = ERASER
                case _:
                    raise WrongShape('superpositions and unscoped variables are for nets')
            if not arguments:
                return value
            applied = self.call(value, arguments)
            if not isinstance(applied, tuple):
                return applied
            term, environment = applied

    def call(self, function: Value, arguments: list[Value]) -> Step | Value:
        """What is to be run to apply a value to arguments, at least one; or the value that comes of it at once."""
        self.calls += 1
        if self.budget is not None and self.calls > self.budget:
            raise OutOfBudget(self.budget)
        match function:
            case Closure(term, environment):
                return term, dict(environment)
            case Reference(name):
                definition = self.definition(name)
                if isinstance(definition, core.Lam):
                    return definition, {}
                return core.Var(''), {'': self.force(function)}
            case Data(name, fields):
                arguments += reversed(fields)
                return self.constructors[name], {}
            case Partial(name, given):
                return self.more(name, given, arguments)
            case int() | Eraser():
                self.drop(*arguments)
                return function
            case Pair():
                raise WrongShape('a tuple is applied')
            case _:
                while arguments:
                    function = Application(function, arguments.pop())
                return function

    def more(self, name: str, given: tuple[Value, ...], arguments: list[Value]) -> Step | Value:
        """A constructor or primitive with more arguments."""
        wanted = self.arity(name) - len(given)
        count = min(wanted, len(arguments))
        taken = (*given, *(arguments.pop() for _ in range(count)))
        value: Value
        if count < wanted:
            value = Partial(name, taken)
        elif name in self.book.constructors:
            value = Data(name, taken)
        else:
            value = self.primitive(name, taken)
        return (core.Var(''), {'': value}) if arguments else value

    def arity(self, name: str) -> int:
        """How many arguments a constructor or primitive takes."""
        if name in self.book.constructors:
            return len(self.book.constructors[name].fields)
        if name in CASTS:
            return 1
        if name not in MATHEMATICS:
            raise WrongShape(f"'{name}' is written as a net")
        return 2 if MATHEMATICS[name][1] is not None else 1

    def reference(self, name: str) -> Value:
        """A definition, a constructor or a primitive without arguments."""
        constructor = self.book.constructors.get(name)
        if constructor is not None:
            return Partial(name, ()) if constructor.fields else Data(name, ())
        return Partial(name, ()) if name in self.book.nets else Reference(name)

    def pairs(self, elements: tuple[core.Term, ...], environment: Environment) -> Value:
        """A tuple, nested to the right."""
        values = [self.evaluate(element, environment) for element in elements]
        value = values.pop()
        while values:
            value = Pair(values.pop(), value)
        return value

    # ---- patterns ------------------------------------------------------------------------------

    def bind(self, pattern: core.Pattern, value: Value, environment: Environment) -> None:
        """Gives the variables of a pattern their values."""
        match pattern:
            case core.PVar(None):
                self.drop(value)
            case core.PVar(str(name)):
                environment[name] = value
            case core.PDup(elements):
                for element in elements:
                    self.bind(element, value, environment)
            case core.PTup(elements):
                for element in elements[:-1]:
                    first, value = self.parts(value)
                    self.bind(element, first, environment)
                self.bind(elements[-1], value, environment)
            case _:
                raise WrongShape('unscoped variables are for nets')

    def parts(self, value: Value) -> tuple[Value, Value]:
        """Both parts of what is taken apart by the pattern of a pair."""
        value = self.force(value)
        match value:
            case Pair(first, second):
                return first, second
            case int() | Eraser():
                return value, value
            case _ if isinstance(value, NEUTRAL):
                whole = Split(value)
                return Part(whole, 0), Part(whole, 1)
            case _:
                raise WrongShape('the pattern of a tuple meets a function or constructor')

    def drop(self, *values: Value) -> None:
        """Remembers dropped values that wait for variables."""
        self.dropped += [value for value in values if isinstance(value, NEUTRAL) and not isinstance(value, Variable)]

    # ---- matches -------------------------------------------------------------------------------

    def match(self, term: core.Match, environment: Environment, arguments: list[Value]) -> Step | Value:
        """The arm that a match chooses, with its fields bound or among the arguments, or the value where there is
        none to choose."""
        value = self.force(self.evaluate(term.argument, environment))
        match value:
            case Data(name, fields):
                constructor = self.book.constructors[name]
                siblings = len(self.book.adts[constructor.type_name].constructors)
                if self.encoding == 'scott' and siblings != len(term.arms):
                    arms = [self.run(self.function_of(arm), dict(environment), []) for arm in term.arms]
                    return self.apply(value, arms)
                arm = term.arms[min(constructor.tag, len(term.arms) - 1)]
                return self.enter(arm, fields, environment, arguments), environment
            case int() | Eraser():
                return value
            case _ if isinstance(value, NEUTRAL):
                return Matched(value, term, environment)
            case _:
                raise WrongShape('a tuple or function is matched')

    def enter(self, arm: core.Arm, fields: tuple[Value, ...], environment: Environment,
              arguments: list[Value]) -> core.Term:
        """The term of an arm, with fields bound or among the arguments."""
        bound = len(arm.fields)
        if bound > len(fields):
            arguments += reversed(fields)
            return self.function_of(arm)
        for name, field in zip(arm.fields, fields, strict=False):
            if name is None:
                self.drop(field)
            else:
                environment[name] = field
        arguments += reversed(fields[bound:])
        return arm.body

    def function_of(self, arm: core.Arm) -> core.Term:
        """An arm as a function of its fields."""
        if id(arm) not in self.arms:
            self.arms[id(arm)] = arm, arm_function(arm)
        return self.arms[id(arm)][1]

    def switch(self, term: core.Switch, environment: Environment) -> Step | Value:
        """The arm that a switch chooses, or the value where there is none."""
        value = self.force(self.evaluate(term.argument, environment))
        match value:
            case int():
                payload = value >> num.TYPE_BITS
                if payload == 0:
                    return term.arms[0], environment
                if term.predecessor is not None:
                    environment[term.predecessor] = num.make_word(payload - 1, num.U24)
                return term.arms[1], environment
            case Eraser():
                return value
            case _ if isinstance(value, NEUTRAL):
                return Switched(value, term, environment)
            case _:
                raise WrongShape('a switch on a tuple, function or constructor')

    # ---- numbers -------------------------------------------------------------------------------

    def operation(self, term: core.Op, environment: Environment) -> Value:
        """The value of an operation. Which operand is held by the operator, and so loses its type, is fixed by the
        operation's form (spec 09, R4)."""
        left = self.evaluate(term.left, environment)
        right = self.evaluate(term.right, environment)
        code = OPERATOR_CODES[term.operator]
        if isinstance(term.right, core.Num) and not isinstance(term.left, core.Num) and term.operator != '**':
            arriving = self.operand(left)
            if not isinstance(arriving, int):
                return arriving if isinstance(arriving, Eraser) else Operation(term.operator, arriving, right, True)
            return self.compute(term, num.FLIPPED[code], right, arriving)
        held = self.operand(left)
        if isinstance(held, Eraser):
            self.drop(right)
            return held
        if not isinstance(held, int):
            return Operation(term.operator, held, right, False)
        arriving = self.operand(right)
        if not isinstance(arriving, int):
            return arriving if isinstance(arriving, Eraser) else Operation(term.operator, held, arriving, False)
        return self.compute(term, code, held, arriving)

    def operand(self, value: Value) -> Value:
        """A number, an eraser or a neutral value."""
        value = self.force(value)
        if not isinstance(value, int | Eraser) and not isinstance(value, NEUTRAL):
            raise WrongShape('an operation on a tuple, function or constructor')
        return value

    def compute(self, term: core.Op, code: int, held: Value, arriving: Value) -> int:
        """The number of an operation on numbers."""
        assert isinstance(held, int) and isinstance(arriving, int)
        try:
            value = num.operate(num.make_partial(code, held >> num.TYPE_BITS), arriving)
        except num.DivisionByZero:
            place = operation_place(self.book, '', term.span)
            raise BendError(division_by_zero(place)) from None
        return num.operate(_IS_ZERO, value) if term.operator in ('<=', '>=') else value

    def primitive(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """The value of an operation of the prelude."""
        operands = tuple(map(self.operand, arguments))
        if any(isinstance(operand, Eraser) for operand in operands):
            return ERASER
        words = [operand for operand in operands if isinstance(operand, int)]
        if len(words) < len(operands):
            return Primitive(name, operands)
        if name in CASTS:
            return num.cast(CASTS[name], words[0])
        code, held, arriving = MATHEMATICS[name]
        left = ZERO.word if held is None else words[held]
        return num.operate(num.make_partial(code, left >> num.TYPE_BITS), words[arriving])
