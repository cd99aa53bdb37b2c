"""Arithmetic of f24 in registers, as binary32 whose lowest eight bits are zero (spec 06, 1.2)."""

from bend.runtime.kernel.direct.sizes import SELECTS
from bend.runtime.kernel.lang import Ptr, Worker, bits_f32, f32, f32_bits, inline, likely, noinline, u32, u64
from bend.runtime.kernel.numbers import INVALID, QUIET, operate_partial

LOW_BITS = 0xFF
HALF = 0x80


@inline
def rounded(x: f32, left: f32, right: f32) -> f32:
    """The f24 nearest to the result of an operation of two; ties go away from zero, except to the smallest number."""
    bits = f32_bits(x)
    nearest = u32(0) if bits == HALF else (bits + HALF) & ~u32(LOW_BITS)
    if SELECTS != 0:
        otherwise = not_a_number(left, right)
        return bits_f32(nearest if x == x else otherwise)
    if likely(x == x):
        return bits_f32(nearest)
    return seldom_not_a_number(left, right)


@noinline
def seldom_not_a_number(left: f32, right: f32) -> f32:
    """The same as `not_a_number` where that seldom happens."""
    return bits_f32(not_a_number(left, right))


@inline
def not_a_number(left: f32, right: f32) -> u32:
    """The bits of a result that is not a number: a NaN operand goes through with its bits, the left one first."""
    bits: u32 = INVALID << 8
    bits = f32_bits(right) if right != right else bits
    bits = f32_bits(left) if left != left else bits
    return bits | (QUIET << 8)


@noinline
def operate_any(w: Ptr[Worker], operator: u64, held: u64, arriving: u64, place: u64) -> u64:
    """An operation whose type is that of the number word that arrives; gives a number word."""
    return operate_partial(w, operator, held, arriving, place)
