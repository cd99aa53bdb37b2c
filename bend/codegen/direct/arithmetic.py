"""Operations of numbers as LIR (spec 06): in line where the type is known, by the kernel where it is not."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.direct.values import Rep, boxed, of_payload, payload_bits, u32, u64
from bend.hvm import numbers as num
from bend.records import dataclass
from bend.runtime.direct import program as words

MASK = u32(num.PAYLOAD_MASK)

_SIMPLE: dict[int, tuple[lir.BinaryOp, bool, bool]] = {
    num.ADD: ('add', False, True), num.SUB: ('sub', False, True), num.FLIP_SUB: ('sub', True, True),
    num.MUL: ('mul', False, True), num.AND: ('and', False, False), num.OR: ('or', False, False),
    num.XOR: ('xor', False, False), num.SHL: ('shl', False, True), num.FLIP_SHL: ('shl', True, True),
    num.SHR: ('shr', False, False), num.FLIP_SHR: ('shr', True, False),
}
"""Integer operators: the instruction, whether the operands change places, whether the result must be cut."""

_COMPARE: dict[int, lir.CompareOp] = {num.EQ: 'eq', num.NE: 'ne', num.LT: 'lt', num.GT: 'gt'}
_DIVIDE: dict[int, tuple[lir.BinaryOp, bool]] = {
    num.DIV: ('div', False), num.FLIP_DIV: ('div', True), num.REM: ('rem', False), num.FLIP_REM: ('rem', True),
}
_FLOAT: dict[int, tuple[lir.BinaryOp, bool]] = {
    num.ADD: ('add', False), num.SUB: ('sub', False), num.FLIP_SUB: ('sub', True), num.MUL: ('mul', False),
    num.DIV: ('div', False), num.FLIP_DIV: ('div', True),
}
WRAPPING = frozenset((num.ADD, num.SUB, num.FLIP_SUB, num.MUL, num.SHL, num.FLIP_SHL, num.DIV, num.FLIP_DIV))
GENERAL = {'u24': 'operate_u24', 'i24': 'operate_i24', 'f24': 'operate_f24'}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How operations are computed: `worker` is the first argument of the kernel's functions. Where overflow is checked,
    these do all that may wrap around."""

    worker: lir.Expr
    check_overflow: bool

    def operate(self, code: int, rep: Rep, left: lir.Expr, right: lir.Expr, place: int) -> tuple[lir.Expr, Rep]:
        """The result of an operation of two numbers of one type (payloads of the left one read so), both in locals
        or constants, and its representation."""
        result: Rep = 'u24' if code in _COMPARE else rep
        if rep == 'f24':
            return self.operate_float(code, left, right), result
        if code in _COMPARE:
            a, b = (left, right) if rep == 'u24' else (signed(left), signed(right))
            return lir.Convert(lir.Compare(_COMPARE[code], a, b), lir.U32), result
        if self.check_overflow and code in WRAPPING:
            return self.general(code, rep, left, right, place), result
        if code in _DIVIDE:
            return self.divide(code, rep, left, right, place), result
        instruction, flip, cut = _SIMPLE[code]
        if rep == 'i24' and code >= num.SHL:
            return u32(0), result
        a, b = (right, left) if flip else (left, right)
        value = lir.Binary(instruction, a, b)
        return (lir.Binary('and', value, MASK) if cut else value), result

    def divide(self, code: int, rep: Rep, left: lir.Expr, right: lir.Expr, place: int) -> lir.Expr:
        """A quotient or remainder of integers; a divisor of zero ends the run."""
        instruction, flip = _DIVIDE[code]
        a, b = (right, left) if flip else (left, right)
        if rep == 'i24':
            quotient: lir.Expr = lir.Binary(
                'and', lir.Convert(lir.Binary(instruction, signed(a), signed(b)), lir.U32), MASK)
        else:
            quotient = lir.Binary(instruction, a, b)
        if isinstance(b, lir.Const) and b.value:
            return quotient
        stop = lir.Call('divide_by_zero', (self.worker, u64(place), u64(num.U24)), lir.U64)
        is_zero = lir.Intrinsic('unlikely', (lir.Compare('eq', b, u32(0)),))
        return lir.Select(is_zero, lir.Convert(stop, lir.U32), quotient)

    def operate_float(self, code: int, left: lir.Expr, right: lir.Expr) -> lir.Expr:
        """An operation of f24."""
        if code in _COMPARE:
            return lir.Convert(lir.Compare(_COMPARE[code], left, right), lir.U32)
        if code in _FLOAT:
            instruction, flip = _FLOAT[code]
            a, b = (right, left) if flip else (left, right)
            return lir.Call('rounded', (lir.Binary(instruction, a, b), left, right), lir.F32)
        return self.general(code, 'f24', left, right, 0)

    def general(self, code: int, rep: Rep, left: lir.Expr, right: lir.Expr, place: int) -> lir.Expr:
        """An operation by the kernel's function for a type; it gives a number word of the reducer."""
        operands = tuple(lir.Convert(payload_bits(operand, rep), lir.U64) for operand in (left, right))
        if rep == 'f24':
            word: lir.Expr = lir.Call('operate_f24', (u64(code), *operands), lir.U64)
        else:
            word = lir.Call(GENERAL[rep], (self.worker, u64(code), *operands, u64(place)), lir.U64)
        payload = lir.Convert(lir.Binary('shr', word, u64(num.TYPE_BITS)), lir.U32)
        return of_payload(payload, 'u24' if code in _COMPARE else rep)

    def dynamic(self, code: int, left: lir.Expr, right: lir.Expr, place: int) -> lir.Expr:
        """An operation of the 24 bits of a number (a u32) and a word that is a number of any type; gives a word."""
        arriving = lir.Binary('shr', right, u64(words.NUMBER_SHIFT))
        call = lir.Call('operate_any', (self.worker, u64(code), lir.Convert(left, lir.U64), arriving, u64(place)),
                        lir.U64)
        return lir.Binary('or', lir.Binary('shl', call, u64(words.NUMBER_SHIFT)), u64(words.NUMBER))

    def cast(self, kind: int, value: lir.Expr, rep: Rep) -> tuple[lir.Expr, Rep]:
        """A number, a word known to be one or of a known type, in another type."""
        target: Rep = 'u24' if kind == num.U24 else 'i24' if kind == num.I24 else 'f24'
        if rep == target or (rep in ('u24', 'i24') and target != 'f24'):
            return value, target
        if rep == 'u24' and target == 'f24':
            exact = lir.Convert(value, lir.F32)
            return lir.Call('rounded', (exact, exact, exact), lir.F32), target
        word = lir.Binary('shr', boxed(value, rep), u64(words.NUMBER_SHIFT))
        cast = lir.Call('cast_number', (u64(kind), word), lir.U64)
        return of_payload(lir.Convert(lir.Binary('shr', cast, u64(num.TYPE_BITS)), lir.U32), target), target


def signed(payload: lir.Expr) -> lir.Expr:
    """The value of an i24 payload."""
    bits = lir.Convert(lir.Binary('xor', payload, u32(0x800000)), lir.I32)
    return lir.Binary('sub', bits, lir.Const(0x800000, lir.I32))
