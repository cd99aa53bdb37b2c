"""Leaves out the cutting of numbers to 24 bits where the bits above do not matter.

LLVM finds that out by itself; C compilers as a rule do not. The analysis asks of each integer local, parameter and
result which of its bits somebody looks at, across calls.

    x = (y + 1) & 0xffffff                 x = y + 1
    z = (x * 3) & 0xffffff                 z = (x * 3) & 0xffffff       where only z is looked at as a whole
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from bend.codegen import lir
from bend.codegen.lir_calls import callees_of
from bend.codegen.lir_walk import mapped, mapped_block

_FULL = (1 << 64) - 1
_LOW_BITS = ('add', 'sub', 'mul')
"""The low bits of what these give depend on the low bits of the operands only."""


def without_masks(module: lir.Module, roots: Collection[str]) -> lir.Module:
    """The module without needless masks. `roots` are the functions that are called from outside."""
    demands = _Demands(module, roots)
    demands.solve()
    return dataclasses.replace(module, functions=tuple(map(demands.narrowed, module.functions)))


def _below(bits: int) -> int:
    """All bits up to the highest one of some."""
    return (1 << bits.bit_length()) - 1


class _Demands:
    """Which bits are looked at, of the locals of functions and of their results. These only grow."""

    def __init__(self, module: lir.Module, roots: Collection[str]) -> None:
        self.functions = {function.name: function for function in module.functions}
        self.results = {name: _FULL if name in roots or function.extern else 0
                        for name, function in self.functions.items()}
        self.locals: dict[str, dict[str, int]] = {name: {} for name in self.functions}
        for name, function in self.functions.items():
            if function.extern:
                self.locals[name] = {parameter: _FULL for parameter, _ in function.parameters}
        self.callers: dict[str, set[str]] = {name: set() for name in self.functions}
        for name, function in self.functions.items():
            for callee in callees_of(function):
                self.callers[callee].add(name)
        self.pending = dict.fromkeys(self.functions)
        self.current = ''
        self.grown = False

    def solve(self) -> None:
        """Until nothing changes."""
        while self.pending:
            self.current = next(iter(self.pending))
            del self.pending[self.current]
            self.grown = True
            while self.grown:
                self.grown = False
                self.narrowed(self.functions[self.current])

    def narrowed(self, function: lir.Function) -> lir.Function:
        """A function as far as is known which bits matter; notes which ones matter in it."""
        self.current = function.name
        return dataclasses.replace(function, body=mapped_block(function.body, self.statement))

    def statement(self, statement: lir.Stmt) -> lir.Stmt:
        """A statement."""
        demand = _FULL
        if isinstance(statement, lir.Assign):
            demand = self.locals[self.current].get(statement.target.name, 0)
        elif isinstance(statement, lir.Return):
            demand = self.results[self.current]
        result: lir.Stmt = mapped(statement, lambda expr: self.expression(expr, demand))
        return result

    def expression(self, expr: lir.Expr, demand: int) -> lir.Expr:
        """An expression of which some bits matter."""
        if not isinstance(expr.type, lir.Int):
            demand = _FULL
        match expr:
            case lir.Local(name):
                self.note(name, demand)
                return expr
            case lir.Binary('and', value, lir.Const(mask, lir.Int())):
                inner = self.expression(value, demand & int(mask))
                return inner if demand & ~int(mask) == 0 else self.same(expr, inner, expr.right)
            case lir.Binary('and' | 'or' | 'xor', left, right):
                return self.same(expr, self.expression(left, demand), self.expression(right, demand))
            case lir.Binary(op, left, right) if op in _LOW_BITS and isinstance(expr.type, lir.Int):
                low = _below(demand)
                return self.same(expr, self.expression(left, low), self.expression(right, low))
            case lir.Binary('shl', left, lir.Const(count) as right) if demand != _FULL:
                return self.same(expr, self.expression(left, demand >> int(count)), right)
            case lir.Binary('shr', left, lir.Const(count) as right) if isinstance(expr.type, lir.Int) and (
                    not expr.type.signed):
                wanted = demand << int(count) & (1 << expr.type.bits) - 1
                return self.same(expr, self.expression(left, wanted), right)
            case lir.Convert(value, lir.Int(bits)) if isinstance(value.type, lir.Int) and not value.type.signed:
                inner = self.expression(value, demand & (1 << bits) - 1)
                return expr if inner is value else lir.Convert(inner, expr.type)
            case lir.Select(condition, then, otherwise):
                return lir.Select(self.expression(condition, _FULL), self.expression(then, demand),
                                  self.expression(otherwise, demand))
            case lir.Call():
                return self.call(expr, demand)
            case _:
                result: lir.Expr = mapped(expr, lambda part: self.expression(part, _FULL))
                return result

    def same(self, expr: lir.Binary, left: lir.Expr, right: lir.Expr) -> lir.Expr:
        """An operation with other operands."""
        return expr if left is expr.left and right is expr.right else lir.Binary(expr.op, left, right)

    def call(self, call: lir.Call, demand: int) -> lir.Expr:
        """A call: what matters of the result matters in the function, and what matters of the parameters here."""
        name = call.function
        if demand & ~self.results[name]:
            self.results[name] |= demand
            self.pending[name] = None
        wanted = self.locals[name]
        arguments = tuple(self.expression(argument, wanted.get(parameter, 0)) for argument, (parameter, _) in
                          zip(call.arguments, self.functions[name].parameters, strict=True))
        return call if arguments == call.arguments else dataclasses.replace(call, arguments=arguments)

    def note(self, name: str, demand: int) -> None:
        """Somebody looks at bits of a local."""
        known = self.locals[self.current].get(name, 0)
        if demand & ~known:
            self.locals[self.current][name] = known | demand
            self.grown = True
            if any(parameter == name for parameter, _ in self.functions[self.current].parameters):
                self.pending.update(dict.fromkeys(self.callers[self.current]))
