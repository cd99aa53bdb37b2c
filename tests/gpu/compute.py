"""All arithmetic and mathematics of numbers on many operands, so that results can be compared to the bit."""

from bend.runtime.kernel.gpu.grid import Launch, Place, my_block, my_thread
from bend.runtime.kernel.lang import Ptr, bits_f32, cast, export, f64, f64_bits, noinline, struct, u32, u64
from bend.runtime.kernel.mathematics import (
    arc_tangent,
    natural_logarithm,
    power,
    remainder_after_division,
    sine,
    tangent,
)
from bend.runtime.kernel.numbers import operate_numbers

# The function that applies a partial operation to a number; those before are mathematics.
OPERATE = 6
FUNCTIONS = 7


@struct
class Worker:
    """Who asks for arithmetic that may go wrong."""

    failed: u64


@struct
class Work:
    """A launch, and its operands: two words each; results are 64 bits, function after function."""

    launch: Launch
    count: u32
    operands: Ptr[u32]
    results: Ptr[u64]
    worker: Worker


@struct
class WorkRecord:
    """What a GPU needs for it."""

    place: Place
    work: Work


@noinline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    pass


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    return 0


@export
def run_work(place: u64) -> None:
    """What each thread does. The `Launch` of its place is that of a `Work`."""
    p = Ptr[Place](place)
    work = cast(Ptr[Work], p.launch)
    threads = p.launch.blocks * p.launch.threads
    index = my_block(p) * p.launch.threads + my_thread(p)
    while index < work.count:
        for function in range(u32(FUNCTIONS)):
            x = work.operands[2 * index]
            y = work.operands[2 * index + 1]
            work.results[function * work.count + index] = compute(cast(Ptr[Worker], place), function, x, y)
        index += threads


@noinline
def compute(w: Ptr[Worker], function: u32, a: u32, b: u32) -> u64:
    x = bits_f32(a)
    y = bits_f32(b)
    match function:
        case 0:
            return f64_bits(sine(x))
        case 1:
            return f64_bits(tangent(x))
        case 2:
            return f64_bits(natural_logarithm(x))
        case 3:
            return f64_bits(arc_tangent(x, y))
        case 4:
            return f64_bits(power(x, y))
        case 5:
            return f64_bits(f64(remainder_after_division(x, y)))
        case _:
            return operate_numbers(w, u64(a), u64(b), 0)
