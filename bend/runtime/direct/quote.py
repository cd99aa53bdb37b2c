"""Values back to core terms in normal form, as nets would hold them.

    Closure(λx (f x 1))  =>  λx%0 (x%0 ...)      applied to a variable and looked at

The terms are linear, like all that is made into nets: a parameter that is used several times is duplicated, and each
neutral value has a name, so that those which are shared stay shared. The `let`s of neutral values stand around the
whole term: nets know no scopes.
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.desugar import core
from bend.desugar.terms import app
from bend.hvm import numbers as num
from bend.hvm.adt import lambdas, successor_function, tag_name
from bend.runtime.direct.evaluate import Evaluator
from bend.runtime.direct.values import (
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
)

_UNUSED = core.PVar(None)


def quote(value: Value, evaluator: Evaluator, tag_tests: Mapping[int, str]) -> core.Term:
    """The term of a value. `tag_tests` are the definitions that functions which test the tags of matches have become on
    nets, by the identity of the match; other matches keep their arms. Raises as the evaluator does."""
    quoter = _Quoter(evaluator, tag_tests)
    return quoter.with_shared(quoter.quote(value))


class _Quoter:
    """Quotes one value."""

    def __init__(self, evaluator: Evaluator, tag_tests: Mapping[int, str]) -> None:
        self.evaluator = evaluator
        self.book = evaluator.book
        self.tag_tests = tag_tests
        self.copies: dict[str, int] = {}
        self.names: dict[int, tuple[Neutral, str]] = {}
        self.parts: dict[int, tuple[Split, tuple[str, str]]] = {}
        self.shared: list[tuple[tuple[str, ...], core.Term]] = []

    # ---- names ---------------------------------------------------------------------------------

    def fresh(self) -> str:
        """A new name, for what is not used yet."""
        name = f'v{len(self.copies)}'
        self.copies[name] = 0
        return name

    def use(self, name: str) -> core.Var:
        """One more use of a name."""
        self.copies[name] += 1
        return core.Var(f'{name}%{self.copies[name] - 1}')

    def pattern(self, name: str) -> core.PVar | core.PDup:
        """What binds all uses of a name."""
        count = self.copies[name]
        if count < 2:
            return core.PVar(f'{name}%0' if count else None)
        return core.PDup(tuple(core.PVar(f'{name}%{copy}') for copy in range(count)))

    def share(self, term: core.Term) -> core.Var:
        """A use of a term that is kept apart: as an operand it is no literal."""
        name = self.fresh()
        self.shared.append(((name,), term))
        return self.use(name)

    def with_shared(self, body: core.Term) -> core.Term:
        """A term with all that was kept apart around it."""
        for names, term in self.shared:
            body = core.Let(self.shared_pattern(names), term, body)
        return body

    def shared_pattern(self, names: tuple[str, ...]) -> core.Pattern:
        """What binds what was kept apart. Without a name, it is something dropped: it becomes a duplication without
        uses, which readback knows to be no part of a tuple."""
        if not names:
            return core.PDup((_UNUSED, _UNUSED))
        if not any(self.copies[name] for name in names):
            return _UNUSED
        patterns = tuple(map(self.pattern, names))
        return patterns[0] if len(names) == 1 else core.PTup(patterns)

    # ---- values --------------------------------------------------------------------------------

    def quote(self, value: Value) -> core.Term:
        """The term of a value."""
        match value:
            case int():
                return core.Num(num.number_of(value))
            case Eraser():
                return core.Era()
            case Reference(name) | Data(name, ()) | Partial(name, ()):
                return core.Ref(name)
            case Data(name, fields):
                return self.constructor(name, [self.quote(field) for field in fields])
            case Partial(name, arguments) if name in self.book.constructors:
                term = self.evaluator.constructors[name]
                return self.quote(self.evaluator.run(term, {}, list(arguments[::-1])))
            case Partial(name, arguments):
                return app(core.Ref(name), *map(self.quote, arguments))
            case Pair(first, second):
                return core.Tup((self.quote(first), self.quote(second)))
            case Closure():
                return self.function(value)
            case Variable(name):
                return self.use(name)
            case _:
                return self.neutral(value)

    def constructor(self, name: str, fields: list[core.Term]) -> core.Term:
        """A constructor as the function that it is."""
        binder = self.fresh()
        function: core.Term = self.use(binder)
        if self.evaluator.encoding == 'num-scott':
            body = app(function, core.Ref(tag_name(name)), *fields)
            return core.Lam(self.pattern(binder), body)
        constructor = self.book.constructors[name]
        siblings = self.book.adts[constructor.type_name].constructors
        parameters = [f'{binder}%0' if sibling == name else None for sibling in siblings]
        return lambdas(parameters, app(function, *fields))

    def function(self, closure: Value) -> core.Lam:
        """A function, by what it does with a variable."""
        name = self.fresh()
        dropped = self.evaluator.dropped
        earlier = len(dropped)
        body = self.quote(self.evaluator.apply(closure, [Variable(name)]))
        while len(dropped) > earlier:
            self.drop(dropped.pop())
        pattern = self.pattern(name)
        if isinstance(pattern, core.PVar):
            return core.Lam(pattern, body)
        return core.Lam(core.PVar(name), core.Let(pattern, core.Var(name), body))

    def drop(self, value: Neutral) -> None:
        """Keeps something that is dropped."""
        if isinstance(value, Part):
            self.split(value.whole)
        else:
            self.shared.append(((), self.neutral(value)))

    # ---- neutral values ------------------------------------------------------------------------

    def neutral(self, value: Neutral) -> core.Term:
        """A use of a neutral value, which is quoted once."""
        if isinstance(value, Variable):
            return self.use(value.name)
        if isinstance(value, Part):
            return self.part(value)
        if id(value) not in self.names:
            term = self.waiting(value)
            name = self.fresh()
            self.shared.append(((name,), term))
            self.names[id(value)] = value, name
        return self.use(self.names[id(value)][1])

    def part(self, value: Part) -> core.Term:
        """A part of a neutral value that is taken apart once."""
        return self.use(self.split(value.whole)[value.index])

    def split(self, whole: Split) -> tuple[str, str]:
        """The names of both parts of a neutral value."""
        if id(whole) not in self.parts:
            argument = self.neutral(whole.argument)
            names = self.fresh(), self.fresh()
            self.shared.append((names, argument))
            self.parts[id(whole)] = whole, names
        return self.parts[id(whole)][1]

    def waiting(self, value: Neutral) -> core.Term:
        """The term of what waits for a variable."""
        match value:
            case Application(function, argument):
                return core.App(self.neutral(function), self.quote(argument))
            case Primitive(name, arguments):
                return app(core.Ref(name), *map(self.quote, arguments))
            case Operation(operator, left, right, holds_right):
                quoted = self.quote(left), self.quote(right)
                if not holds_right and not isinstance(left, int) and isinstance(quoted[1], core.Num):
                    quoted = quoted[0], self.share(quoted[1])
                return core.Op(operator, *quoted)
            case Switched(argument, term, environment):
                return self.switch(self.neutral(argument), term, environment)
            case Matched(argument, term, environment):
                return self.match(self.neutral(argument), term, environment)
            case _:
                raise AssertionError(f'{type(value).__name__} has a name of its own')

    # Arms that were floated stay folded (spec 09, R6), the others are evaluated like the rest of the function.

    def arm(self, term: core.Term, environment: Environment) -> core.Term:
        """An arm, or the function that it is."""
        return term if isinstance(term, core.Ref) else self.quote(self.evaluator.run(term, dict(environment), []))

    def switch(self, argument: core.Term, term: core.Switch, environment: Environment) -> core.Term:
        """A switch on a neutral value."""
        zero, successor = term.arms
        quoted_zero = self.arm(zero, environment)
        function = successor_function(term.predecessor, successor)
        if isinstance(function, core.Ref):
            name = self.fresh()
            return core.Switch(argument, (quoted_zero, core.App(function, core.Var(name))), name)
        assert isinstance(function, core.Lam)
        quoted = self.function(Closure(function, environment))
        assert isinstance(quoted.pattern, core.PVar)
        return core.Switch(argument, (quoted_zero, quoted.body), quoted.pattern.name)

    def match(self, argument: core.Term, term: core.Match, environment: Environment) -> core.Term:
        """A match on a neutral value."""
        if id(term) in self.tag_tests:
            return core.App(argument, core.Ref(self.tag_tests[id(term)]))
        arms = []
        for arm in term.arms:
            body = arm.body if arm.takes_tag else self.arm(self.evaluator.function_of(arm), environment)
            arms.append(core.Arm(arm.constructor, (), body, arm.takes_tag))
        return core.Match(argument, tuple(arms))
