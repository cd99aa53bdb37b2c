"""Random terms that copy functions which copy their variables, with their values.

Types are those of the simply typed lambda calculus over numbers, so all terms end; some names stand for combinators
that may be used at any type, such as the one that applies a function twice, also to themselves. The value is found by
plain evaluation, which knows nothing of duplications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrow:
    """The type of functions; that of numbers is None."""

    parameter: Type
    result: Type


Type = Arrow | None
Env = Mapping[str, Any]
Term = tuple[str, Callable[[Env], Any]]
"""The text of a term, and how it is evaluated."""

COMBINATORS: list[tuple[str, Callable[[Type], Type], Callable[..., Any]]] = [
    ('λf λx (f (f x))', lambda a: Arrow(Arrow(a, a), Arrow(a, a)), lambda f: lambda x: f(f(x))),
    ('λf λx (f (f (f x)))', lambda a: Arrow(Arrow(a, a), Arrow(a, a)), lambda f: lambda x: f(f(f(x)))),
    ('λf λx (f x x)', lambda a: Arrow(Arrow(a, Arrow(a, a)), Arrow(a, a)), lambda f: lambda x: f(x)(x)),
    ('λx x', lambda a: Arrow(a, a), lambda x: x),
]
MODULUS = 1 << 24


class Terms:
    """Makes terms from random choices."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = 0

    def fresh(self, stem: str) -> str:
        """A new name."""
        self.names += 1
        return f'{stem}{self.names}'

    def type(self, depth: int) -> Type:
        """A small type."""
        if depth == 0 or self.random.random() < 0.4:
            return None
        return Arrow(self.type(depth - 1), self.type(depth - 1))

    def program(self) -> tuple[str, int]:
        """A program with definitions and local combinators, and the number that it gives."""
        definitions, lines = {}, []
        combinators: dict[str, Callable[[Type], Type]] = {}
        values: dict[str, Any] = {}
        local = []
        for _ in range(self.random.randrange(4)):
            text, type_, value = self.random.choice(COMBINATORS)
            name = self.fresh('c')
            combinators[name], values[name] = type_, value
            if self.random.random() < 0.5:
                lines.append(f'{name} = {text}')
            else:
                local.append(f'let {name} = {text};')
        for _ in range(self.random.randrange(3)):
            name, type_ = self.fresh('d'), self.type(2)
            text, value = self.term(type_, {}, {}, 4)
            lines.append(f'{name} = {text}')
            definitions[name], values[name] = type_, value({})
        text, value = self.term(None, definitions, combinators, 7)
        return '\n'.join([*lines, f'main = {" ".join(local)} (+ {text} 0)']), value(values)

    def term(self, wanted: Type, scope: Mapping[str, Type], any_type: Mapping[str, Callable[[Type], Type]],
             depth: int) -> Term:
        """A term of a type; `any_type` are the combinators at hand."""
        choice = self.random.random()
        if depth > 0 and choice < 0.5:
            return self.application(wanted, scope, any_type, depth)
        if depth > 0 and choice < 0.65:
            name, type_ = self.fresh('v'), self.type(2)
            text, value = self.term(type_, scope, any_type, depth - 1)
            body, result = self.term(wanted, {**scope, name: type_}, any_type, depth - 1)
            return f'let {name} = {text}; {body}', lambda env: result({**env, name: value(env)})
        fitting = [name for name, type_ in scope.items() if type_ == wanted]
        fitting += [name for name, scheme in any_type.items() if self.instance(scheme, wanted)]
        if fitting and choice < 0.85:
            name = self.random.choice(fitting)
            return name, lambda env: env[name]
        if isinstance(wanted, Arrow):
            name = self.fresh('x')
            body, result = self.term(wanted.result, {**scope, name: wanted.parameter}, any_type, depth - 1)
            return f'λ{name} {body}', lambda env: lambda value: result({**env, name: value})
        if depth > 0:
            left, left_value = self.term(None, scope, any_type, depth - 1)
            right, right_value = self.term(None, scope, any_type, depth - 1)
            return f'(+ {left} {right})', lambda env: (left_value(env) + right_value(env)) % MODULUS
        number = self.random.randrange(1, 10)
        return str(number), lambda env: number

    def application(self, wanted: Type, scope: Mapping[str, Type], any_type: Mapping[str, Callable[[Type], Type]],
                    depth: int) -> Term:
        """A function with an argument; most often a name, if there is one that fits."""
        found: list[tuple[str, Type]] = [(name, type_.parameter) for name, type_ in scope.items()
                                         if isinstance(type_, Arrow) and type_.result == wanted]
        if isinstance(wanted, Arrow):
            found += [(name, scheme(wanted.result).parameter) for name, scheme in any_type.items()  # type: ignore
                      if self.instance(lambda a, scheme=scheme: scheme(a).result, wanted)]  # type: ignore[misc]
        if found and self.random.random() < 0.8:
            name, parameter = self.random.choice(found)
            function: Term = name, lambda env: env[name]
        else:
            parameter = self.type(2)
            function = self.term(Arrow(parameter, wanted), scope, any_type, depth - 1)
        argument = self.term(parameter, scope, any_type, depth - 1)
        text, value, other = f'({function[0]} {argument[0]})', function[1], argument[1]
        return text, lambda env: value(env)(other(env))

    @staticmethod
    def instance(scheme: Callable[[Type], Type], wanted: Type) -> bool:
        """Whether a combinator has a type, if that is one of the first that it has."""
        if not isinstance(wanted, Arrow):
            return False
        candidates = [None, wanted.result, wanted.parameter]
        if isinstance(wanted.parameter, Arrow):
            candidates.append(wanted.parameter.result)
        return any(scheme(candidate) == wanted for candidate in candidates)
