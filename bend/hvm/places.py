"""Numbering the places of a book's operations, for engines that report what happens there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bend.diagnostics import Diagnostic, error, warning
from bend.hvm import net
from bend.hvm.walk import net_trees, subtrees

UNKNOWN = 0
MAX_PLACES = (1 << 18) - 1
"""How many the native engine can tell apart. Operations beyond that are at an unknown place."""


def number_places(book: net.Book, names: Iterable[str]) -> dict[net.Place, int]:
    """The places of all operations by number, from 1 on, in the order of the definitions' names."""
    numbers: dict[net.Place, int] = {}
    for name in names:
        for tree in net_trees(book.defs[name]):
            for part in subtrees(tree):
                if isinstance(part, net.Opr) and len(numbers) < MAX_PLACES:
                    numbers.setdefault(place_of(part, name), len(numbers) + 1)
    return numbers


def place_of(operation: net.Opr, definition: str) -> net.Place:
    """The place of an operation; of one that does not know it, the definition that it stands in."""
    return operation.place or net.Place(definition)


def division_by_zero(place: net.Place | None) -> Diagnostic:
    """The error for an integer divided by zero."""
    function, span = ('', None) if place is None else (place.function, place.span)
    return error('division-by-zero', 'An integer is divided by zero.', span, definition=function,
                 hint='Compare the divisor with 0 first.')


def overflow_warnings(overflows: Counter[net.Place | None]) -> list[Diagnostic]:
    """What to say about results that did not fit, one warning a place. What the compiler computes for itself, for
    instance to compare a number with several others, may wrap around."""
    found = [(place or _UNKNOWN_PLACE, count) for place, count in overflows.items() if place != net.MADE_UP]
    found.sort(key=lambda item: (item[0].function, item[0].span.start if item[0].span else -1))
    return [warning('overflow', f'An integer did not fit into 24 bits{_times(count)}.', place.span,
                    definition=place.function, hint=_OVERFLOW_HINT) for place, count in found]


_UNKNOWN_PLACE = net.Place('')


_OVERFLOW_HINT = 'It wrapped around: u24 goes from 0 to 16777215, i24 from -8388608 to 8388607.'


def _times(count: int) -> str:
    return '' if count == 1 else f', {count} times'
