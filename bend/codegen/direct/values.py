"""Words and numbers as LIR: how values are made, tested and changed from one representation to another."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bend.codegen import lir
from bend.hvm import numbers as num
from bend.runtime.direct import program as words

Rep: TypeAlias = Literal['word', 'u24', 'i24', 'f24']

REPS: dict[int, Rep] = {0: 'word', num.U24: 'u24', num.I24: 'i24', num.F24: 'f24'}
KINDS: dict[Rep, int] = {'u24': num.U24, 'i24': num.I24, 'f24': num.F24}
TYPES: dict[Rep, lir.Type] = {'word': lir.U64, 'u24': lir.U32, 'i24': lir.U32, 'f24': lir.F32}
POINTER = lir.Ptr(lir.U64)
FLOAT_BITS = 0xFFFFFF00


def u64(value: int) -> lir.Expr:
    """A constant of 64 bits."""
    return lir.Const(value, lir.U64)


def u32(value: int) -> lir.Expr:
    """A constant of 32 bits."""
    return lir.Const(value, lir.U32)


def number_constant(word: int, rep: Rep) -> lir.Expr:
    """A number word of the reducer, as a value of a representation that fits it."""
    if rep == 'word':
        return u64(number_word(word))
    payload = word >> num.TYPE_BITS
    return lir.Bitcast(u32(payload << 8), lir.F32) if rep == 'f24' else u32(payload)


def number_word(word: int) -> int:
    """The word of a number word of the reducer."""
    return word << words.NUMBER_SHIFT | words.NUMBER


def immediate(shape: int) -> int:
    """The word of a constructor without fields."""
    return shape << words.INDEX_SHIFT | words.IMMEDIATE


def number_byte(rep: Rep) -> int:
    """The lowest byte of numbers of a type."""
    return KINDS[rep] << words.NUMBER_SHIFT | words.NUMBER


def tag_of(word: lir.Expr) -> lir.Expr:
    """The tag of a word."""
    return lir.Binary('and', word, u64(words.TAG_MASK))


def has_tag(word: lir.Expr, tag: int) -> lir.Expr:
    """Whether a word has a tag."""
    return lir.Compare('eq', tag_of(word), u64(tag))


def payload_bits(value: lir.Expr, rep: Rep) -> lir.Expr:
    """The 24 bits of a number as a u32; a word must be known to be a number."""
    if rep == 'word':
        return lir.Binary('shr', lir.Convert(value, lir.U32), u32(words.PAYLOAD_SHIFT))
    if rep == 'f24':
        return lir.Binary('shr', lir.Bitcast(value, lir.U32), u32(8))
    return value


def of_payload(bits: lir.Expr, rep: Rep) -> lir.Expr:
    """A number of a type from its 24 bits, a u32."""
    return lir.Bitcast(lir.Binary('shl', bits, u32(8)), lir.F32) if rep == 'f24' else bits


def boxed(value: lir.Expr, rep: Rep) -> lir.Expr:
    """A value as a word."""
    if rep == 'word':
        return value
    if rep == 'f24':
        high: lir.Expr = lir.Convert(lir.Bitcast(value, lir.U32), lir.U64)
    else:
        high = lir.Binary('shl', lir.Convert(value, lir.U64), u64(words.PAYLOAD_SHIFT))
    return lir.Binary('or', high, u64(number_byte(rep)))


def unboxed(word: lir.Expr, rep: Rep) -> lir.Expr:
    """A word that is known to be a number of a type in its representation."""
    if rep == 'word':
        return word
    low = lir.Convert(word, lir.U32)
    if rep == 'f24':
        return lir.Bitcast(lir.Binary('and', low, u32(FLOAT_BITS)), lir.F32)
    return lir.Binary('shr', low, u32(words.PAYLOAD_SHIFT))


def converted(value: lir.Expr, source: Rep, target: Rep) -> lir.Expr:
    """A value in another representation, which must fit it."""
    if source == target:
        return value
    if source != 'word' and target != 'word':
        # Only code that is never reached asks for one type of number as another.
        return of_payload(payload_bits(value, source), target)
    return boxed(value, source) if target == 'word' else unboxed(value, target)


def as_bits(value: lir.Expr) -> lir.Expr:
    """Any value as 64 bits."""
    if value.type == lir.F32:
        value = lir.Bitcast(value, lir.U32)
    return value if value.type == lir.U64 else lir.Convert(value, lir.U64)


def of_bits(bits: lir.Expr, type_: lir.Type) -> lir.Expr:
    """A value of a type from the bits that `as_bits` gave."""
    if type_ == lir.F32:
        return lir.Bitcast(lir.Convert(bits, lir.U32), lir.F32)
    return bits if type_ == lir.U64 else lir.Convert(bits, type_)


def header(shape: int, payload: lir.Expr | None) -> lir.Expr:
    """The header of a new cell with one reference; the payload is a u64."""
    fixed = u64(shape << words.SHAPE_SHIFT | 1)
    if payload is None:
        return fixed
    return lir.Binary('or', lir.Binary('shl', payload, u64(words.HEADER_PAYLOAD_SHIFT)), fixed)


def word_address(cell: lir.Expr, index: int) -> lir.Expr:
    """The address of a word of a cell; 0 is the header."""
    return lir.IndexAddress(lir.Convert(cell, POINTER), u64(index))


def load_word(cell: lir.Expr, index: int) -> lir.Expr:
    """A word of a cell, but not its header (`Context.header_of`)."""
    return lir.Load(word_address(cell, index))


def shape_in(head: lir.Expr) -> lir.Expr:
    """The shape in a header."""
    return lir.Binary('and', lir.Binary('shr', head, u64(words.SHAPE_SHIFT)), u64(words.SHAPE_MASK))


def packed_in(head: lir.Expr, rep: Rep) -> lir.Expr:
    """The packed field in a header."""
    if rep == 'f24':
        low = lir.Convert(lir.Binary('shr', head, u64(words.SHAPE_SHIFT)), lir.U32)
        return lir.Bitcast(lir.Binary('and', low, u32(FLOAT_BITS)), lir.F32)
    payload = lir.Convert(lir.Binary('shr', head, u64(words.HEADER_PAYLOAD_SHIFT)), lir.U32)
    return converted(payload, 'u24', rep) if rep != 'word' else payload
