"""Operations whose stored number is known when a definition is compiled, as LIR.

A symbol takes the payload of the number that arrives; a partial operator computes at once if that number is a u24.
All other cases are the kernel's `operate_numbers` (spec 06, section 2).
"""

from __future__ import annotations

from collections.abc import Callable

from bend.codegen import lir
from bend.codegen.entry_code import U64, const
from bend.hvm.numbers import ADD, PAYLOAD_MASK, SYMBOL, TYPE_BITS, TYPE_MASK, U24
from bend.records import dataclass


def truth(op: lir.CompareOp) -> Callable[[lir.Expr, lir.Expr], lir.Expr]:
    """A comparison that gives 1 or 0."""
    return lambda a, b: lir.Convert(lir.Compare(op, a, b), U64)


def binary(op: lir.BinaryOp, flip: bool = False) -> Callable[[lir.Expr, lir.Expr], lir.Expr]:
    """An operation on payloads."""
    return lambda a, b: lir.Binary(op, b, a) if flip else lir.Binary(op, a, b)


def shift(op: lir.BinaryOp, flip: bool = False) -> Callable[[lir.Expr, lir.Expr], lir.Expr]:
    """A shift, the amount modulo 32."""
    def build(a: lir.Expr, b: lir.Expr) -> lir.Expr:
        value, amount = (b, a) if flip else (a, b)
        return lir.Binary(op, value, lir.Binary('and', amount, const(31)))
    return build


# By operator code, on the payloads of the stored and the arriving u24. Division, which can fail, is not here.
U24_OPERATIONS: dict[int, Callable[[lir.Expr, lir.Expr], lir.Expr]] = {
    4: binary('add'), 5: binary('sub'), 6: binary('sub', flip=True), 7: binary('mul'),
    12: truth('eq'), 13: truth('ne'), 14: truth('lt'), 15: truth('gt'),
    16: binary('and'), 17: binary('or'), 18: binary('xor'),
    19: shift('shl'), 20: shift('shl', flip=True), 21: shift('shr'), 22: shift('shr', flip=True),
}


# Of these, the ones whose results may not fit.
WRAPPING = frozenset({4, 5, 6, 7, 19, 20})


@dataclass(frozen=True, slots=True)
class NativeOperations:
    """Operations at one place. Where overflow is checked, the kernel does those that may wrap around."""

    worker: lir.Expr
    place: int
    check_overflow: bool

    def with_stored(self, arriving: lir.Expr, stored: int) -> lir.Expr:
        """The number word that `arriving` (a number word in a local) gives with a stored one."""
        general = self.general(arriving, const(stored))
        kind, payload = stored & TYPE_MASK, stored >> TYPE_BITS
        arriving_kind = lir.Binary('and', arriving, const(TYPE_MASK))
        if kind == SYMBOL and payload >= ADD:
            partial = lir.Binary('or', lir.Binary('and', arriving, const(PAYLOAD_MASK << TYPE_BITS)), const(payload))
            return lir.Select(lir.Compare('ne', arriving_kind, const(0)), partial, general)
        if self.is_in_line(kind):
            return lir.Select(lir.Compare('eq', arriving_kind, const(U24)),
                              u24_word(kind, const(payload), arriving), general)
        return general

    def with_operator(self, operator: int, partial: lir.Expr, arriving: lir.Expr) -> lir.Expr:
        """The word of a partial operator, known to be of one kind, and an arriving number word; both in locals."""
        general = self.general(arriving, partial)
        if not self.is_in_line(operator):
            return general
        both = lir.Logical('and', lir.Compare('eq', lir.Binary('and', arriving, const(TYPE_MASK)), const(U24)),
                           lir.Compare('eq', lir.Binary('and', partial, const(TYPE_MASK)), const(operator)))
        payload = lir.Binary('shr', partial, const(TYPE_BITS))
        return lir.Select(both, u24_word(operator, payload, arriving), general)

    def general(self, arriving: lir.Expr, stored: lir.Expr) -> lir.Expr:
        """The operation as the kernel does it."""
        return lir.Call('operate_numbers', (self.worker, arriving, stored, const(self.place)), U64)

    def is_in_line(self, operator: int) -> bool:
        """Whether code for two u24 is written in line."""
        return operator in U24_OPERATIONS and not (self.check_overflow and operator in WRAPPING)


def u24_word(operator: int, stored_payload: lir.Expr, arriving: lir.Expr) -> lir.Expr:
    """The u24 result, as a number word."""
    result = U24_OPERATIONS[operator](stored_payload, lir.Binary('shr', arriving, const(TYPE_BITS)))
    cut = lir.Binary('and', result, const(PAYLOAD_MASK))
    return lir.Binary('or', lir.Binary('shl', cut, const(TYPE_BITS)), const(U24))
