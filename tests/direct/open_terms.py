"""Random programs whose results hold functions: what is left of them when nothing more can be computed.

Types are those of the simply typed lambda calculus over numbers, pairs and one data type, and recursion is over
numbers or lists in a few functions that are always there, so that all programs end unless a function is unrolled
that waits for its argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Arrow:
    """Functions."""

    parameter: Type
    result: Type


@dataclass(frozen=True, slots=True)
class Product:
    """Pairs."""

    first: Type
    second: Type


Type = Arrow | Product | str
"""`u24`, `Box` and `List` (of numbers) are names."""

NUMBER, BOX, LIST = 'u24', 'Box', 'List'

PRELUDE = '''
type Box = None | (Mk v w)
climb n k = switch n { 0: k; _: (climb n-1 (+ k 1)) }
power n f x = switch n { 0: x; _: (f (power n-1 f x)) }
map f xs = match xs { List/Nil: List/Nil; List/Cons: (List/Cons (f xs.head) (map f xs.tail)) }
sum xs = match xs { List/Nil: 0; List/Cons: (+ xs.head (sum xs.tail)) }
weigh b = match b { Box/None: 0; Box/Mk: (+ b.v (* 2 b.w)) }
swap p = let (a, b) = p; (b, a)
add a b = (+ a b)
both f a = (f a a)
seven = (climb 3 4)
'''

KNOWN: dict[str, Type] = {
    'climb': Arrow(NUMBER, Arrow(NUMBER, NUMBER)),
    'power': Arrow(NUMBER, Arrow(Arrow(NUMBER, NUMBER), Arrow(NUMBER, NUMBER))),
    'map': Arrow(Arrow(NUMBER, NUMBER), Arrow(LIST, LIST)),
    'sum': Arrow(LIST, NUMBER),
    'weigh': Arrow(BOX, NUMBER),
    'swap': Arrow(Product(NUMBER, NUMBER), Product(NUMBER, NUMBER)),
    'add': Arrow(NUMBER, Arrow(NUMBER, NUMBER)),
    'both': Arrow(Arrow(NUMBER, Arrow(NUMBER, NUMBER)), Arrow(NUMBER, NUMBER)),
    'seven': NUMBER,
    'Box/Mk': Arrow(NUMBER, Arrow(NUMBER, BOX)),
    'Box/None': BOX,
    'List/Cons': Arrow(NUMBER, Arrow(LIST, LIST)),
}
OPERATORS = ('+', '-', '*', '==', '!=', '<', '>', '&', '^', '<=', '>=')


class Terms:
    """Makes terms from random choices. `shown` is the type of the result of the last program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = 0
        self.shown: Type = NUMBER

    def program(self) -> str:
        """A program whose `main` gives a function, or data with functions in it."""
        known = dict(KNOWN)
        lines = []
        for index in range(self.random.randrange(1, 4)):
            type_ = self.function_type(2)
            lines.append(f'f{index} = {self.term(type_, known, 5)}')
            known[f'f{index}'] = type_
        self.shown = self.result_type()
        return '\n'.join([PRELUDE, *lines, f'main = {self.term(self.shown, known, 6)}'])

    def fresh(self) -> str:
        """A new variable."""
        self.names += 1
        return f'x{self.names}'

    def chance(self, percent: int) -> bool:
        """True as often as this."""
        return self.random.randrange(100) < percent

    # ---- types ---------------------------------------------------------------------------------

    def type(self, depth: int) -> Type:
        """Any type."""
        choice = self.random.randrange(10)
        if depth == 0 or choice < 5:
            return self.random.choice((NUMBER, NUMBER, NUMBER, BOX, LIST))
        return self.function_type(depth) if choice < 8 else Product(self.type(depth - 1), self.type(depth - 1))

    def function_type(self, depth: int) -> Arrow:
        """The type of a function."""
        return Arrow(self.type(depth - 1), self.type(depth - 1))

    def result_type(self) -> Type:
        """The type of a result with functions."""
        function = self.function_type(3)
        return Product(self.type(1), function) if self.chance(25) else function

    # ---- terms ---------------------------------------------------------------------------------

    def term(self, wanted: Type, scope: dict[str, Type], depth: int) -> str:
        """A term of a type."""
        if depth > 0 and self.chance(30):
            return self.elimination(wanted, scope, depth)
        if self.chance(50 if depth > 0 else 90) and (applied := self.applied(wanted, scope, depth)) is not None:
            return applied
        return self.introduction(wanted, scope, depth)

    def applied(self, wanted: Type, scope: dict[str, Type], depth: int) -> str | None:
        """Something in scope with as many arguments as make the type."""
        found: list[tuple[str, list[Type]]] = []
        for name, type_ in scope.items():
            arguments: list[Type] = []
            while type_ != wanted and isinstance(type_, Arrow):
                arguments.append(type_.parameter)
                type_ = type_.result
            if type_ == wanted and (depth > 0 or not arguments):
                found.append((name, arguments))
        if not found:
            return None
        # Variables are more interesting than what is always there.
        own = [item for item in found if item[0] not in KNOWN]
        name, arguments = self.random.choice(own if own and self.chance(80) else found)
        if not arguments:
            return name
        return f'({name} {" ".join(self.term(argument, scope, depth - 1) for argument in arguments)})'

    def introduction(self, wanted: Type, scope: dict[str, Type], depth: int) -> str:
        """A term that makes something of the type."""
        below = max(depth - 1, 0)
        match wanted:
            case Arrow(parameter, result):
                name = self.fresh()
                return f'λ{name} {self.term(result, {**scope, name: parameter}, below)}'
            case Product(first, second):
                return f'({self.term(first, scope, below)}, {self.term(second, scope, below)})'
            case 'Box':
                if depth == 0 or self.chance(20):
                    return 'Box/None'
                return f'(Box/Mk {self.term(NUMBER, scope, below)} {self.term(NUMBER, scope, below)})'
            case 'List':
                elements = range(self.random.randrange(0, 3 if depth else 1))
                return f'[{", ".join(self.term(NUMBER, scope, below) for _ in elements)}]'
            case _:
                if depth == 0 or self.chance(40):
                    return str(self.random.randrange(9))
                operator = self.random.choice(OPERATORS)
                return f'({operator} {self.term(NUMBER, scope, below)} {self.term(NUMBER, scope, below)})'

    def elimination(self, wanted: Type, scope: dict[str, Type], depth: int) -> str:
        """A term that looks at something."""
        below = depth - 1
        first, second = self.fresh(), self.fresh()
        match self.random.randrange(5):
            case 0:
                type_ = Product(self.type(1), self.type(1))
                inner = {**scope, first: type_.first, second: type_.second}
                return f'let ({first}, {second}) = {self.term(type_, scope, below)}; {self.term(wanted, inner, below)}'
            case 1:
                bound = self.type(1)
                inner = {**scope, first: bound}
                return f'let {first} = {self.term(bound, scope, below)}; {self.term(wanted, inner, below)}'
            case 2:
                inner = {**scope, f'{first}-1': NUMBER}
                return (f'switch {first} = {self.term(NUMBER, scope, below)} {{ 0: {self.term(wanted, scope, below)}; '
                        f'_: {self.term(wanted, inner, below)} }}')
            case 3:
                inner = {**scope, f'{first}.v': NUMBER, f'{first}.w': NUMBER}
                return (f'match {first} = {self.term(BOX, scope, below)} {{ '
                        f'Box/None: {self.term(wanted, scope, below)}; Box/Mk: {self.term(wanted, inner, below)} }}')
            case _:
                parameter = self.type(1)
                function = self.term(Arrow(parameter, wanted), scope, below)
                return f'({function} {self.term(parameter, scope, below)})'
