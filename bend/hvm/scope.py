"""Which variables of a result are used outside of what binds them (spec 02, section 6)."""

from __future__ import annotations

from collections import Counter

from bend.hvm import result
from bend.records import dataclass, replace


def mark_unscoped(term: result.Term) -> result.Term:
    """The term with those variables, and their binders, marked as unscoped."""
    loose = _loose_variables(term)
    if not loose:
        return term
    done: list[result.Term] = []
    todo: list[result.Term | tuple[result.Term, int]] = [term]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            parent, count = item
            parts = done[len(done) - count:]
            del done[len(done) - count:]
            done.append(_marked(result.with_children(parent, parts), loose))
            continue
        parts_of = result.children(item)
        if parts_of:
            todo.append((item, len(parts_of)))
            todo.extend(reversed(parts_of))
        elif isinstance(item, result.Variable) and item.name in loose:
            done.append(result.Variable(item.name, True))
        else:
            done.append(item)
    return done[0]


def _marked(term: result.Term, loose: set[str]) -> result.Term:
    """The term with what it binds itself marked."""
    match term:
        case result.Function(name):
            return replace(term, unscoped=name in loose)
        case result.Duplication(first, second):
            return replace(term, unscoped=frozenset(name for name in (first, second) if name in loose))
        case _:
            return term


@dataclass(frozen=True, slots=True)
class _Scope:
    """The scope of a name begins or ends."""

    name: str
    change: int


def _loose_variables(term: result.Term) -> set[str]:
    """The names that occur where nothing around them binds them."""
    scope: Counter[str] = Counter()
    loose: set[str] = set()
    todo: list[result.Term | _Scope] = [term]
    while todo:
        item = todo.pop()
        match item:
            case _Scope(name, change):
                scope[name] += change
            case result.Variable(name):
                if not scope[name]:
                    loose.add(name)
            case result.Function(str(name), body):
                todo += [_Scope(name, -1), body, _Scope(name, 1)]
            case result.Duplication(first, second, value, body):
                names = [name for name in (first, second) if name is not None]
                todo += [*(_Scope(name, -1) for name in names), body, *(_Scope(name, 1) for name in names), value]
            case result.Switch(bound, argument, zero, successor):
                predecessor = f'{bound}-1'
                todo += [_Scope(predecessor, -1), successor, _Scope(predecessor, 1), zero, argument]
            case _:
                todo.extend(reversed(result.children(item)))
    return loose
