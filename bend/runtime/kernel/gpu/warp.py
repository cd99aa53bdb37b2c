"""What threads of a warp, which run in step, do together. All of them must come to each of these."""

from bend.runtime.kernel.gpu.grid import my_bit, value_of, votes, wait_for_warp
from bend.runtime.kernel.lang import inline, noinline, popcount, u32, u64


@inline
def lanes_with(flag: bool) -> u32:
    """How many threads have a flag."""
    return popcount(votes(flag))


@noinline
def pass_on(gives: bool, takes: bool, value: u64) -> u64:
    """Some threads give a value, not 0, others take one: the first to the first, and so on. Gives the value that was
    taken, or one's own that nobody took, or 0. Who takes one sees what the others stored."""
    givers = votes(gives)
    takers = votes(takes)
    if givers == 0 or takers == 0:
        return value if gives else 0
    rank = popcount((givers if gives else takers) & (my_bit() - 1))
    giver = set_bit(givers, rank)
    low = value_of(u32(value), giver)
    high = value_of(u32(value >> 32), giver)
    wait_for_warp()
    if gives:
        return value if rank >= popcount(takers) else 0
    if takes and rank < popcount(givers):
        return (u64(high) << 32) | u64(low)
    return 0


@inline
def set_bit(mask: u32, rank: u32) -> u32:
    """Which is the set bit of a mask that has so many set bits below it; 31 at most, if there is none."""
    rest = rank
    found: u32 = 0
    width: u32 = 16
    while width != 0:
        count = popcount((mask >> found) & ((1 << width) - 1))
        if rest >= count:
            rest -= count
            found += width
        width >>= 1
    return found
