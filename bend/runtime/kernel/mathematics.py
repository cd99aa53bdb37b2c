"""The functions behind the operators of f24, of binary32 values and computed in binary64 (spec 06, 3.3).

No library is called, so that Python, native code, PTX, C and CUDA give the same bits: everything here is sums, products
and quotients of IEEE 754, each rounded to nearest, and integers of 64 bits. Compilers must not contract a product
and a sum into one operation. Errors are below 2^-44 of the result, so that rounding it to binary32 gives the number
nearest to the exact value unless that lies within a millionth of a unit of a tie.

The series are those of Taylor, after a reduction of the argument to where a dozen terms are enough (Muller, "Elementary
Functions", chapters 3 and 11). Which results are exact, infinite or not numbers: ISO C, annex F.10.
"""

from bend.runtime.kernel.lang import bits_f64, f32, f32_bits, f64, f64_bits, fabs, i64, inline, noinline, u64

PI = 3.141592653589793
HALF_PI = 1.5707963267948966
QUARTER_PI = 0.7853981633974483
ARC_TANGENT_OF_HALF = 0.4636476090008061
LN_2 = 0.6931471805599453
# The upper 32 bits of the logarithm, so that its products with small integers are exact, and the rest.
LN_2_HIGH = 0.6931471803691238
LN_2_LOW = 1.9082149292705877e-10
ONE_BY_LN_2 = 1.4426950408889634
SQRT_2 = 1.4142135623730951
TWO_TO_MINUS_64 = 5.421010862427522e-20

NOT_A_NUMBER = 0x7FF8000000000000
INFINITE = 0x7FF0000000000000
INFINITE_32 = 0x7F800000
QUARTER_PI_32 = 0x3F490FDA
MAGNITUDE_32 = 0x7FFFFFFF
MANTISSA_32 = 0x7FFFFF
HIDDEN_BIT_32 = 0x800000
MANTISSA_64 = 0xFFFFFFFFFFFFF
ONE_64 = 0x3FF0000000000000
LOW_HALF = 0xFFFFFFFF


@inline
def is_finite(x: f32) -> bool:
    """Whether a value is neither infinite nor NaN."""
    return u64(f32_bits(x)) & MAGNITUDE_32 < INFINITE_32


@inline
def is_negative(x: f32) -> bool:
    """Whether the sign bit is set, as it is for -0."""
    return u64(f32_bits(x)) > MAGNITUDE_32


@inline
def two_to(exponent: i64) -> f64:
    """A power of two in the range of normal numbers."""
    return bits_f64(u64(exponent + 1023) << 52)


# ---- sine and tangent ------------------------------------------------------------------------


@inline
def two_by_pi(index: u64) -> u64:
    """64 bits of 2/pi; the first word begins 32 bits before the point."""
    if index == 0:
        return u64(0x00000000A2F9836E)
    if index == 1:
        return u64(0x4E441529FC2757D1)
    if index == 2:
        return u64(0xF534DDC0DB629599)
    if index == 3:
        return u64(0x3C439041FE5163AB)
    return u64(0xDEBBC561B7246E3A)


@inline
def sine_series(r: f64) -> f64:
    """The sine of an angle of at most pi/4."""
    z = r * r
    p = -1.0 / 1307674368000.0 + z * (1.0 / 355687428096000.0)
    p = 1.0 / 6227020800.0 + z * p
    p = -1.0 / 39916800.0 + z * p
    p = 1.0 / 362880.0 + z * p
    p = -1.0 / 5040.0 + z * p
    p = 1.0 / 120.0 + z * p
    p = -1.0 / 6.0 + z * p
    return r + r * z * p


@inline
def cosine_series(r: f64) -> f64:
    """The cosine of an angle of at most pi/4."""
    z = r * r
    p = -1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0)
    p = 1.0 / 479001600.0 + z * p
    p = -1.0 / 3628800.0 + z * p
    p = 1.0 / 40320.0 + z * p
    p = -1.0 / 720.0 + z * p
    p = 1.0 / 24.0 + z * p
    p = -1.0 / 2.0 + z * p
    return 1.0 + z * p


@noinline
def sine_or_tangent(x: f32, wants_tangent: bool) -> f64:
    """The sine or the tangent of any value.

    From pi/4 on, the quarter turns in it, x * 2/pi, are computed modulo 4 with 126 bits after the point, from the bits
    of 2/pi that matter at the exponent of x (Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM
    Newsletter 18, 1983). No binary32 value comes so close to a whole number of them that fewer than 60 bits remain.
    """
    if not is_finite(x):
        return bits_f64(u64(NOT_A_NUMBER))
    magnitude = u64(f32_bits(x)) & MAGNITUDE_32
    quadrant: u64 = 0
    r = fabs(f64(x))
    if magnitude > QUARTER_PI_32:
        mantissa = (magnitude & MANTISSA_32) | HIDDEN_BIT_32
        # Bits of 2/pi before this one make whole turns.
        start = (magnitude >> 23) - 120
        word = start >> 6
        shift = start & 63
        middle = two_by_pi(word + 1)
        high = (two_by_pi(word) << shift) | ((middle >> 1) >> (63 - shift))
        low = (middle << shift) | ((two_by_pi(word + 2) >> 1) >> (63 - shift))
        product_0 = mantissa * (low & LOW_HALF)
        product_1 = mantissa * (low >> 32) + (product_0 >> 32)
        turns_low = (product_1 << 32) | (product_0 & LOW_HALF)
        turns_high = mantissa * high + (product_1 >> 32)
        # The nearest quarter turn; what is left over, with a sign, fills the 128 bits.
        quadrant = (turns_high + 0x2000000000000000) >> 62
        high = (turns_high << 2) | (turns_low >> 62)
        low = turns_low << 2
        is_below = high >> 63 == 1
        if is_below:
            high = ~high
            low = ~low
        r = (f64(high) + f64(low) * TWO_TO_MINUS_64) * TWO_TO_MINUS_64 * HALF_PI
        if is_below:
            r = -r
    result = sine_series(r)
    cosine = cosine_series(r)
    if wants_tangent:
        result = result / cosine if quadrant & 1 == 0 else -cosine / result
    else:
        if quadrant & 1 == 1:
            result = cosine
        if quadrant > 1:
            result = -result
    return -result if is_negative(x) else result


@inline
def sine(x: f32) -> f64:
    """The sine."""
    return sine_or_tangent(x, False)


@inline
def tangent(x: f32) -> f64:
    """The tangent."""
    return sine_or_tangent(x, True)


# ---- arc tangent -----------------------------------------------------------------------------


@inline
def arc_tangent_series(t: f64) -> f64:
    """The arc tangent of a value of at most 1/4."""
    z = t * t
    p = -1.0 / 23.0 + z * (1.0 / 25.0)
    p = 1.0 / 21.0 + z * p
    p = -1.0 / 19.0 + z * p
    p = 1.0 / 17.0 + z * p
    p = -1.0 / 15.0 + z * p
    p = 1.0 / 13.0 + z * p
    p = -1.0 / 11.0 + z * p
    p = 1.0 / 9.0 + z * p
    p = -1.0 / 7.0 + z * p
    p = 1.0 / 5.0 + z * p
    p = -1.0 / 3.0 + z * p
    return t + t * z * p


@noinline
def angle_up_to_diagonal(y: f64, x: f64) -> f64:
    """The arc tangent of y/x, for 0 <= y <= x, by that of the difference to the angle of 0, 1/2 or 1."""
    if y == 0.0:
        return y
    if y == x:
        return f64(QUARTER_PI)
    if 4.0 * y < x:
        return arc_tangent_series(y / x)
    if 4.0 * y < 3.0 * x:
        return ARC_TANGENT_OF_HALF + arc_tangent_series((2.0 * y - x) / (2.0 * x + y))
    return QUARTER_PI + arc_tangent_series((y - x) / (x + y))


@noinline
def arc_tangent(y: f32, x: f32) -> f64:
    """The angle of the point (x, y): C's `atan2`."""
    if x != x or y != y:
        return bits_f64(u64(NOT_A_NUMBER))
    a = fabs(f64(y))
    b = fabs(f64(x))
    angle: f64 = 0.0
    if a <= b:
        angle = angle_up_to_diagonal(a, b)
    else:
        angle = HALF_PI - angle_up_to_diagonal(b, a)
    if is_negative(x):
        angle = PI - angle
    return -angle if is_negative(y) else angle


# ---- logarithm and power ---------------------------------------------------------------------


@noinline
def natural_logarithm(x: f32) -> f64:
    """The natural logarithm: from s = (m - 1) / (m + 1), as 2 atanh s, where m is the mantissa between the roots of
    1/2 and 2."""
    if x != x or x < f32(0.0):
        return bits_f64(u64(NOT_A_NUMBER))
    if x == f32(0.0):
        return -bits_f64(u64(INFINITE))
    if not is_finite(x):
        return f64(x)
    bits = f64_bits(f64(x))
    exponent = i64(bits >> 52) - 1023
    m = bits_f64((bits & MANTISSA_64) | ONE_64)
    if m > SQRT_2:
        m = m * 0.5
        exponent = exponent + 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 19.0 + z * (1.0 / 21.0)
    p = 1.0 / 17.0 + z * p
    p = 1.0 / 15.0 + z * p
    p = 1.0 / 13.0 + z * p
    p = 1.0 / 11.0 + z * p
    p = 1.0 / 9.0 + z * p
    p = 1.0 / 7.0 + z * p
    p = 1.0 / 5.0 + z * p
    p = 1.0 / 3.0 + z * p
    return f64(exponent) * LN_2 + 2.0 * (s + s * z * p)


@inline
def logarithm(base: f32, x: f32) -> f32:
    """The logarithm of x to a base, as the quotient of two binary32 values."""
    return f32(natural_logarithm(x)) / f32(natural_logarithm(base))


@noinline
def exponential(t: f64) -> f64:
    """e to a power, as 2^k e^r with r at most ln(2)/2; infinite and 0 where binary32 has no such numbers by far."""
    if t > 200.0:
        return bits_f64(u64(INFINITE))
    if t < -200.0:
        return f64(0.0)
    k = i64(t * ONE_BY_LN_2 + (0.5 if t >= 0.0 else -0.5))
    r = (t - f64(k) * LN_2_HIGH) - f64(k) * LN_2_LOW
    p = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    p = 1.0 / 39916800.0 + r * p
    p = 1.0 / 3628800.0 + r * p
    p = 1.0 / 362880.0 + r * p
    p = 1.0 / 40320.0 + r * p
    p = 1.0 / 5040.0 + r * p
    p = 1.0 / 720.0 + r * p
    p = 1.0 / 120.0 + r * p
    p = 1.0 / 24.0 + r * p
    p = 1.0 / 6.0 + r * p
    p = 0.5 + r * p
    return (1.0 + (r + r * r * p)) * two_to(k)


@inline
def is_integer(y: f32) -> bool:
    """Whether a value is whole; infinities are, and even."""
    if fabs(y) >= f32(16777216.0):
        return True
    return f32(i64(y)) == y


@inline
def is_odd(y: f32) -> bool:
    """Whether a value is an odd integer."""
    return fabs(y) < f32(16777216.0) and is_integer(y) and i64(y) & 1 == 1


@noinline
def power(x: f32, y: f32) -> f64:
    """x to the power y: C's `pow`."""
    if y == f32(0.0) or x == f32(1.0):
        return f64(1.0)
    if x != x or y != y:
        return bits_f64(u64(NOT_A_NUMBER))
    base = fabs(x)
    if is_negative(x) and is_finite(x) and base != f32(0.0) and not is_integer(y):
        return bits_f64(u64(NOT_A_NUMBER))
    result: f64 = 1.0
    if base != f32(1.0):
        result = exponential(f64(y) * natural_logarithm(base))
    return -result if is_negative(x) and is_odd(y) else result


# ---- remainder -------------------------------------------------------------------------------


@inline
def exponent_of(magnitude: u64) -> u64:
    """The exponent field of a magnitude's bits; that of subnormal numbers is 1 as well."""
    return magnitude >> 23 if magnitude >= HIDDEN_BIT_32 else u64(1)


@inline
def mantissa_of(magnitude: u64) -> u64:
    """The mantissa as an integer, with the bit that normal numbers hide."""
    return (magnitude & MANTISSA_32) | HIDDEN_BIT_32 if magnitude >= HIDDEN_BIT_32 else magnitude


@noinline
def remainder_after_division(a: f32, b: f32) -> f64:
    """What is left of a after whole multiples of b, with the sign of a: C's `fmod`. Exact, by long division."""
    if not is_finite(a) or b != b or b == f32(0.0):
        return bits_f64(u64(NOT_A_NUMBER))
    magnitude_a = u64(f32_bits(a)) & MAGNITUDE_32
    magnitude_b = u64(f32_bits(b)) & MAGNITUDE_32
    if magnitude_a < magnitude_b:
        return f64(a)
    exponent = exponent_of(magnitude_b)
    divisor = mantissa_of(magnitude_b)
    rest = mantissa_of(magnitude_a) % divisor
    distance = exponent_of(magnitude_a) - exponent
    while distance > 0:
        # A rest has 24 bits, so that 40 may be appended at once.
        step = distance if distance < 40 else u64(40)
        rest = (rest << step) % divisor
        distance = distance - step
    result = f64(rest) * two_to(i64(exponent) - 150)
    return -result if is_negative(a) else result
