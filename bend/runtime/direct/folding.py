"""Long chains of calls in few lines: what repeats once, and the middle left out."""

from __future__ import annotations

from collections.abc import Sequence

from bend.diagnostics import Caller, Callers

MOST = 20
"""How many lines a chain may have."""
OUTERMOST = 5
"""How many of these are for the outermost calls."""
LONGEST_CYCLE = 4
"""How many calls may follow each other to be folded."""
LEAST = 3
"""How often calls must follow each other to be folded."""


def folded(callers: Sequence[Caller | Callers]) -> list[Callers]:
    """A chain of calls, some of them known to repeat, in which those that follow each other again and again are said
    once."""
    joined = _joined(callers)
    found: list[Callers] = []
    position = 0
    while position < len(joined):
        item = joined[position]
        group = item if isinstance(item, Callers) else _repeated(joined, position)
        found.append(group)
        position += 1 if isinstance(item, Callers) else len(group.calls) * group.times
    return found


def shortened(groups: Sequence[Callers]) -> tuple[Callers, ...]:
    """The innermost and the outermost groups; in place of those in between one without calls, that counts them."""
    if sum(map(_lines, groups)) <= MOST:
        return tuple(groups)
    first, last = _fitting(groups, MOST - OUTERMOST), _fitting(groups[::-1], OUTERMOST)
    middle = groups[first:len(groups) - last]
    return (*groups[:first], Callers((), sum(len(group.calls) * group.times for group in middle)),
            *groups[len(groups) - last:])


def _lines(group: Callers) -> int:
    return len(group.calls) + (group.times > 1)


def _fitting(groups: Sequence[Callers], lines: int) -> int:
    """How many groups take no more than so many lines; at least one."""
    for count, group in enumerate(groups):
        lines -= _lines(group)
        if lines < 0:
            return max(count, 1)
    return len(groups)


def _joined(callers: Sequence[Caller | Callers]) -> list[Caller | Callers]:
    """The chain with calls that are more of what repeats before or after them taken into it."""
    joined: list[Caller | Callers] = []
    for item in callers:
        if isinstance(item, Callers):
            group = _shortest(item)
            length = len(group.calls)
            while length and tuple(joined[-length:]) == group.calls:
                del joined[-length:]
                group = Callers(group.calls, group.times + 1)
            if joined and isinstance(last := joined[-1], Callers) and last.calls == group.calls:
                group = Callers(group.calls, group.times + last.times)
                joined.pop()
            if length:
                joined.append(group)
            continue
        joined.append(item)
        for length in range(1, min(len(joined), LONGEST_CYCLE + 1)):
            last = joined[-length - 1]
            if isinstance(last, Callers):
                if last.calls == tuple(joined[-length:]):
                    joined[-length - 1:] = [Callers(last.calls, last.times + 1)]
                break
    return joined


def _shortest(group: Callers) -> Callers:
    """The same calls as repetitions of as few as possible."""
    calls = group.calls
    for length in range(1, len(calls)):
        if len(calls) % length == 0 and calls[length:] == calls[:-length]:
            return Callers(calls[:length], group.times * (len(calls) // length))
    return group


def _repeated(chain: Sequence[Caller | Callers], position: int) -> Callers:
    """The calls at a position that repeat and are the most together, or the one call there."""
    first = chain[position]
    assert isinstance(first, Caller)
    best = Callers((first,))
    for length in range(1, LONGEST_CYCLE + 1):
        cycle = chain[position:position + length]
        times = 1
        while chain[position + times * length:position + (times + 1) * length] == cycle:
            times += 1
        calls = tuple(call for call in cycle if isinstance(call, Caller))
        if len(calls) < length:
            break
        if times >= LEAST and length * times > len(best.calls) * best.times:
            best = Callers(calls, times)
    return best
