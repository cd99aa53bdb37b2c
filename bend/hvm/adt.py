"""How constructors and matches look as functions (spec 02, section 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bend.desugar import core
from bend.desugar.terms import floated_last_arm, unapply
from bend.hvm.numbers import Number
from bend.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class TagSwitch:
    """`λt switch t { 0: ...; _: ... }`: tests a tag against the arms in turn, each test on the tag less one.

    The last of two or more arms takes every larger tag. Where `rest` is given the tag, less one for each arm here,
    goes on to that function instead.
    """

    arms: tuple[core.Arm, ...]
    rest: core.Ref | None = None


TAG_SUFFIX = '/tag'


def tag_name(constructor: str) -> str:
    """The definition that holds a constructor's tag."""
    return constructor + TAG_SUFFIX


def constructor_definitions(book: core.Book, adt: str) -> dict[str, core.Term]:
    """The terms of all constructors, and with num-scott of their tags, by name."""
    terms: dict[str, core.Term] = {}
    for constructor in book.constructors.values():
        names = [f'field{index}' for index in range(len(constructor.fields))]
        if adt == 'scott':
            siblings = len(book.adts[constructor.type_name].constructors)
            arms: list[str | None] = [None] * siblings
            arms[constructor.tag] = 'arm'
            body = _apply(core.Var('arm'), names)
            terms[constructor.name] = lambdas([*names, *arms], body)
        else:
            tag = tag_name(constructor.name)
            body = _apply(core.App(core.Var('continuation'), core.Ref(tag)), names)
            terms[constructor.name] = lambdas([*names, 'continuation'], body)
            terms[tag] = core.Num(Number('u24', constructor.tag))
    return terms


def open_constructors(book: core.Book, terms: Mapping[str, core.Term], term: core.Term) -> core.Term:
    """What an entry point returns, with the constructors in it that are not applied replaced by their terms (spec 02,
    section 3.19). As arguments of constructors, those without fields stay. Does not recurse, since data in programs
    can be nested very deeply."""
    done: list[core.Term] = []
    todo: list[tuple[core.Term, bool]] = [(term, False)]
    while todo:
        item, parts_done = todo.pop()
        parts = _opened_parts(book, item)
        if parts_done:
            cut = len(done) - len(parts)
            done[cut:] = [_with_opened_parts(item, iter(done[cut:]))]
        elif isinstance(item, core.Ref) and item.name in book.constructors:
            done.append(terms[item.name])
        elif parts:
            todo.append((item, True))
            todo += [(part, False) for part in reversed(parts)]
        else:
            done.append(item)
    return done[0]


def _opened_parts(book: core.Book, term: core.Term) -> tuple[core.Term, ...]:
    """The direct subterms whose constructors are opened."""
    match term:
        case core.Lam() | core.Let():
            return (term.body,)
        case core.Tup() | core.Sup():
            return term.elements
        case core.App(function, argument) if _is_constructor(unapply(term)[0], book):
            functions = (function,) if isinstance(function, core.App) else ()
            return functions if _is_constructor(argument, book, nullary=True) else (*functions, argument)
        case _:
            return ()


def _with_opened_parts(term: core.Term, opened: Iterator[core.Term]) -> core.Term:
    """The term with its parts, as `_opened_parts` gives them, replaced."""
    match term:
        case core.Lam() | core.Let():
            return replace(term, body=next(opened))
        case core.Tup() | core.Sup():
            return replace(term, elements=tuple(opened))
        case core.App(function, argument):
            if isinstance(function, core.App):
                function = next(opened)
            return replace(term, function=function, argument=next(opened, argument))
        case _:
            return term


def _is_constructor(term: core.Term, book: core.Book, *, nullary: bool = False) -> bool:
    return (isinstance(term, core.Ref) and term.name in book.constructors
            and not (nullary and book.constructors[term.name].fields))


def lambdas(names: Iterable[str | None], body: core.Term) -> core.Term:
    """A curried function of the given parameters."""
    for name in reversed(list(names)):
        body = core.Lam(core.PVar(name), body)
    return body


def _apply(function: core.Term, names: Iterable[str]) -> core.Term:
    """An application to variables."""
    for name in names:
        function = core.App(function, core.Var(name))
    return function


def scott_arm(arm: core.Arm) -> core.Term:
    """An arm as a function of its constructor's fields."""
    return lambdas(arm.fields, arm.body)


def switch_parts(switch: TagSwitch) -> tuple[core.Term, core.Term | TagSwitch]:
    """The zero arm of the first test and the function of the tag less one that follows it."""
    first, *others = switch.arms
    zero = scott_arm(first)
    if switch.rest is not None:
        return zero, TagSwitch(tuple(others), switch.rest) if others else switch.rest
    if not others:
        return zero, core.Era()
    if len(others) == 1:
        floated = floated_last_arm(others[0])
        return zero, floated if floated is not None else core.Lam(core.PVar(None), scott_arm(others[0]))
    return zero, TagSwitch(tuple(others))


def successor_function(predecessor: str | None, body: core.Term) -> core.Term:
    """The successor arm as a function of the predecessor; a floated one is that function already."""
    match body:
        case core.App(core.Ref() as function, core.Var(name)) if name == predecessor:
            return function
        case _:
            return core.Lam(core.PVar(predecessor), body)


def has_free_variables(arms: Iterable[core.Arm]) -> bool:
    """Whether the arms use variables that they do not bind, or unscoped variables without both of their ends.

    Every variable that is bound is used exactly once, so each name occurs once in a binder for each use inside.
    """
    balance: Counter[tuple[bool, str | None]] = Counter()
    todo: list[core.Term | core.Pattern] = []

    def enter(arm: core.Arm) -> None:
        balance.update((False, name) for name in arm.fields)
        todo.append(arm.body)

    for arm in arms:
        enter(arm)
    while todo:
        match todo.pop():
            case core.Var(name):
                balance[False, name] -= 1
            case core.Unscoped(name):
                balance[True, name] -= 1
            case core.PVar(bound):
                balance[False, bound] += 1
            case core.PUnscoped(name):
                balance[True, name] += 1
            case core.PTup(patterns) | core.PDup(patterns):
                todo.extend(patterns)
            case core.Match(argument, matched):
                todo.append(argument)
                for arm in matched:
                    enter(arm)
            case core.Switch(argument, parts, predecessor):
                balance[False, predecessor] += 1
                todo += [argument, *parts]
            case core.Tup(elements) | core.Sup(elements):
                todo.extend(elements)
            case core.Lam(pattern, body):
                todo += [pattern, body]
            case core.App(left, right) | core.Op(_, left, right):
                todo += [left, right]
            case core.Let(pattern, value, body):
                todo += [pattern, value, body]
            case _:
                pass
    return any(count != 0 for (_, name), count in balance.items() if name is not None)
