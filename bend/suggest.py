"""Suggestions for misspelt names: which of the names that exist was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 3


def closest(name: str, candidates: Iterable[str]) -> list[str]:
    """The candidates that `name` may be a misspelling of, the best one alone if there is one.

    In order: the same but for upper and lower case; the same after the last `/` (`Nil` for `List/Nil`, up to three of
    them); few edits away, one for three letters. Names that the compiler made up (they hold `__` or `%`) are no
    candidates.
    """
    known = [candidate for candidate in dict.fromkeys(candidates)
             if candidate != name and '__' not in candidate and '%' not in candidate]
    lower = name.lower()
    same = [candidate for candidate in known if candidate.lower() == lower]
    if same:
        return same[:1]
    last = lower.rpartition('/')[2]
    ending = [candidate for candidate in known if '/' in name + candidate
              and candidate.lower().rpartition('/')[2] == last]
    near = _nearest(lower, known)
    if near is not None and (not ending or near in ending):
        return [near]
    return ending[:_MOST] if len(ending) <= _MOST else []


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The hint for a name that does not exist; empty if nothing is like it."""
    found = [f"'{candidate}'" for candidate in closest(name, candidates)]
    if not found:
        return ''
    return f'Did you mean {found[0] if len(found) == 1 else ", ".join(found[:-1]) + " or " + found[-1]}?'


def looks_like_constructor(name: str) -> bool:
    """Whether a name is written as constructors are: with its type before a `/`, or with a capital letter."""
    return '/' in name or name[:1].isupper()


def _nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate with the fewest edits, the first one of several, if there are few enough."""
    limit = len(name) // 3
    best = None
    for candidate in candidates:
        if limit and abs(len(candidate) - len(name)) <= limit:
            distance = _edits(name, candidate.lower(), limit)
            if distance <= limit:
                best, limit = candidate, distance - 1
    return best


def _edits(left: str, right: str, limit: int) -> int:
    """How many letters must be inserted, removed, replaced or swapped with their neighbour to get from one text to
    the other (optimal string alignment); some number above `limit` if there are more."""
    before: list[int] = []
    previous: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, previous, row = previous, row, [i]
        for j, other in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
