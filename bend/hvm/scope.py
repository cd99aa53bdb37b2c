"""Which variables of a result are used outside their functions (spec 02, section 6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bend.hvm import result


def mark_unscoped(term: result.Term) -> result.Term:
    """The term with those variables, and their functions, marked as unscoped."""
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
            done.append(_rebuild(parent, parts, loose))
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


def _rebuild(parent: result.Term, parts: list[result.Term], loose: set[str]) -> result.Term:
    """The term with other children."""
    match parent:
        case result.Function(name):
            return result.Function(name, parts[0], name in loose)
        case result.Application():
            return result.Application(*parts)
        case result.Pair():
            return result.Pair(*parts)
        case result.Superposition():
            return result.Superposition(*parts)
        case result.Operation(operator):
            return result.Operation(operator, *parts)
        case result.Switch(bound):
            return result.Switch(bound, *parts)
        case result.Constructor():
            return replace(parent, fields=tuple(parts))
        case _:
            return parent


def _loose_variables(term: result.Term) -> set[str]:
    """The names that occur where no function around them binds them."""
    scope: Counter[str] = Counter()
    loose: set[str] = set()
    # A string leaves the scope of that name.
    todo: list[result.Term | str] = [term]
    while todo:
        item = todo.pop()
        match item:
            case str():
                scope[item] -= 1
            case result.Variable(name):
                if not scope[name]:
                    loose.add(name)
            case result.Function(str(name), body):
                scope[name] += 1
                todo += [name, body]
            case result.Switch(bound, argument, zero, successor):
                # The predecessor occurs in the successor only, so its scope may as well be the whole switch.
                predecessor = f'{bound}-1'
                scope[predecessor] += 1
                todo += [predecessor, successor, zero, argument]
            case _:
                todo.extend(reversed(result.children(item)))
    return loose
