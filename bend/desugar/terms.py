"""What every pass on core terms needs: children, scopes, free variables, substitution, and spines.

Scopes: a pattern binds in the body of its `Lam`, `Let` and `Ask`; `Use` binds in its body; `bound` and the names of
`with_` in every arm, field variables in their own arm, the predecessor in the last arm of a `Switch`; the states of a
`Bend` in its condition, step and base, and `fork` in the step; `wrap` in the body of a `With`; a local function in
itself and in the body after it.
Unscoped variables (`$x`) do not take part in scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from bend.desugar.core import (
    App,
    Arm,
    Ask,
    Bend,
    Era,
    Fold,
    Lam,
    Let,
    List,
    LocalDef,
    Match,
    Num,
    Op,
    Open,
    Pattern,
    PCtr,
    PDup,
    PList,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Rule,
    Str,
    Sup,
    Switch,
    Term,
    Tup,
    Unscoped,
    Use,
    Var,
    With,
)

FORK = 'fork'
WRAP = 'wrap'

Scoped = tuple[tuple[str, ...], Term]


# ---- patterns --------------------------------------------------------------------------------


def subpatterns(pattern: Pattern) -> tuple[Pattern, ...]:
    """The patterns right inside a pattern."""
    match pattern:
        case PTup() | PDup() | PList():
            return pattern.elements
        case PCtr():
            return pattern.arguments
        case _:
            return ()


def pattern_parts(pattern: Pattern) -> Iterator[Pattern]:
    """The pattern and everything in it, left to right."""
    yield pattern
    for part in subpatterns(pattern):
        yield from pattern_parts(part)


def pattern_vars(pattern: Pattern) -> tuple[str, ...]:
    """The scoped variables that a pattern binds, left to right, with repetitions."""
    return tuple(part.name for part in pattern_parts(pattern) if isinstance(part, PVar) and part.name is not None)


def pattern_unscoped(pattern: Pattern) -> tuple[str, ...]:
    """The unscoped variables that a pattern binds, left to right, with repetitions."""
    return tuple(part.name for part in pattern_parts(pattern) if isinstance(part, PUnscoped))


def map_pattern(pattern: Pattern, function: Callable[[Pattern], Pattern]) -> Pattern:
    """Rebuilds a pattern with the function applied to each of its leaves (variables, numbers, strings)."""
    match pattern:
        case PTup() | PDup() | PList():
            return replace(pattern, elements=tuple(map_pattern(part, function) for part in pattern.elements))
        case PCtr():
            return replace(pattern, arguments=tuple(map_pattern(part, function) for part in pattern.arguments))
        case _:
            return function(pattern)


# ---- children --------------------------------------------------------------------------------


def _named(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(name for name in names if name is not None)


def scoped_children(term: Term) -> tuple[Scoped, ...]:
    """Each direct subterm with the scoped variables that the term binds in it, in source order."""
    match term:
        case Var() | Unscoped() | Ref() | Num() | Era() | Str():
            return ()
        case App():
            return ((), term.function), ((), term.argument)
        case Lam():
            return ((pattern_vars(term.pattern), term.body),)
        case Let() | Ask():
            return ((), term.value), (pattern_vars(term.pattern), term.body)
        case Use():
            return ((), term.value), ((term.name,), term.body)
        case Op():
            return ((), term.left), ((), term.right)
        case Tup() | Sup() | List():
            return tuple(((), element) for element in term.elements)
        case Match() | Fold():
            shared = _named((term.bound, *(name for name, _ in term.with_)))
            arms = tuple(((*shared, *_named(arm.fields)), arm.body) for arm in term.arms)
            return ((), term.argument), *(((), value) for _, value in term.with_), *arms
        case Switch():
            shared = _named((term.bound, *(name for name, _ in term.with_)))
            *numbers, default = term.arms
            last = ((*shared, *_named((term.predecessor,))), default)
            values = (((), value) for _, value in term.with_)
            return ((), term.argument), *values, *((shared, arm) for arm in numbers), last
        case Bend():
            states = _named(name for name, _ in term.states)
            inner: tuple[Scoped, ...] = ((states, term.condition), ((*states, FORK), term.step), (states, term.base))
            return *(((), value) for _, value in term.states), *inner
        case With():
            return (((WRAP,), term.body),)
        case Open():
            return ((), Var(term.name, span=term.span)), ((), term.body)
        case LocalDef():
            name = term.definition.name
            rules = tuple(
                ((name, *(v for p in rule.patterns for v in pattern_vars(p))), rule.body)
                for rule in term.definition.rules
            )
            return *rules, ((name,), term.body)


def children(term: Term) -> tuple[Term, ...]:
    """The direct subterms, in source order."""
    return tuple(child for _, child in scoped_children(term))


def map_children(term: Term, function: Callable[[Term], Term]) -> Term:
    """Rebuilds a term with the function applied to each direct subterm, in the order of `children`.

    The scrutinee of an `Open` is a name and is left alone.
    """
    match term:
        case Var() | Unscoped() | Ref() | Num() | Era() | Str():
            return term
        case App():
            return replace(term, function=function(term.function), argument=function(term.argument))
        case Lam() | With() | Open():
            return replace(term, body=function(term.body))
        case Let() | Ask() | Use():
            return replace(term, value=function(term.value), body=function(term.body))
        case Op():
            return replace(term, left=function(term.left), right=function(term.right))
        case Tup() | Sup() | List():
            return replace(term, elements=tuple(function(element) for element in term.elements))
        case Match() | Fold():
            argument = function(term.argument)
            with_ = tuple((name, function(value)) for name, value in term.with_)
            arms = tuple(replace(arm, body=function(arm.body)) for arm in term.arms)
            return replace(term, argument=argument, with_=with_, arms=arms)
        case Switch():
            argument = function(term.argument)
            with_ = tuple((name, function(value)) for name, value in term.with_)
            return replace(term, argument=argument, with_=with_, arms=tuple(function(arm) for arm in term.arms))
        case Bend():
            states = tuple((name, function(value)) for name, value in term.states)
            condition, step, base = function(term.condition), function(term.step), function(term.base)
            return replace(term, states=states, condition=condition, step=step, base=base)
        case LocalDef():
            rules = tuple(Rule(rule.patterns, function(rule.body), span=rule.span) for rule in term.definition.rules)
            return replace(term, definition=replace(term.definition, rules=rules), body=function(term.body))


def subterms(term: Term) -> Iterator[Term]:
    """The term and everything in it, parents first, left to right."""
    stack = [term]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


# ---- variables -------------------------------------------------------------------------------


def free_vars(term: Term) -> dict[str, None]:
    """The scoped variables free in a term, in order of first occurrence."""
    found: dict[str, None] = {}
    depth: dict[str, int] = {}

    def visit(current: Term) -> None:
        if isinstance(current, Var):
            if not depth.get(current.name):
                found.setdefault(current.name)
            return
        for names, child in scoped_children(current):
            for name in names:
                depth[name] = depth.get(name, 0) + 1
            visit(child)
            for name in names:
                depth[name] -= 1

    visit(term)
    return found


def term_patterns(term: Term) -> tuple[Pattern, ...]:
    """The patterns of the binders of this very term (not of its subterms)."""
    match term:
        case Lam() | Let() | Ask():
            return (term.pattern,)
        case LocalDef():
            return tuple(pattern for rule in term.definition.rules for pattern in rule.patterns)
        case _:
            return ()


def unscoped_counts(term: Term) -> tuple[dict[str, int], dict[str, int]]:
    """How often each unscoped variable is bound, and how often it is used, anywhere in a term."""
    bound: dict[str, int] = {}
    used: dict[str, int] = {}
    for current in subterms(term):
        if isinstance(current, Unscoped):
            used[current.name] = used.get(current.name, 0) + 1
        for pattern in term_patterns(current):
            for name in pattern_unscoped(pattern):
                bound[name] = bound.get(name, 0) + 1
    return bound, used


def free_unscoped(term: Term) -> dict[str, None]:
    """The unscoped variables that are used but not bound in a term, or bound but not used, sorted."""
    bound, used = unscoped_counts(term)
    return dict.fromkeys(sorted(bound.keys() ^ used.keys()))


def substitute(term: Term, values: Mapping[str, Term]) -> Term:
    """Replaces free variables by terms.

    Names bound again inside are respected; that no free variable of a value is captured is up to the caller
    (it holds after `unique_names`).
    """
    if not values:
        return term
    if isinstance(term, Var):
        return values.get(term.name, term)
    if isinstance(term, Open) and term.name in values:
        replacement = values[term.name]
        if isinstance(replacement, Var):
            term = replace(term, name=replacement.name)
    inner = iter(scoped_children(term)[1:] if isinstance(term, Open) else scoped_children(term))

    def visit(child: Term) -> Term:
        names, _ = next(inner)
        hidden = [name for name in names if name in values]
        visible = {name: value for name, value in values.items() if name not in hidden} if hidden else values
        return substitute(child, visible)

    return map_children(term, visit)


# ---- building and taking apart ----------------------------------------------------------------


def app(function: Term, *arguments: Term) -> Term:
    """A curried application."""
    for argument in arguments:
        function = App(function, argument, span=function.span)
    return function


def unapply(term: Term) -> tuple[Term, list[Term]]:
    """The head of a chain of applications and its arguments, in order."""
    arguments: list[Term] = []
    while isinstance(term, App):
        arguments.append(term.argument)
        term = term.function
    arguments.reverse()
    return term, arguments


def lam(names: Iterable[str | None], body: Term) -> Term:
    """A curried function."""
    for name in reversed(list(names)):
        body = Lam(PVar(name), body, span=body.span)
    return body


def arm_function(arm: Arm) -> Term:
    """An arm as the function of its fields that it stands for."""
    return lam(arm.fields, arm.body)


def floated_last_arm(arm: Arm) -> Ref | None:
    """The definition that the last of several arms was floated to, a function of the rest of the tag and the fields."""
    if not arm.takes_tag:
        return None
    assert isinstance(arm.body, App) and isinstance(arm.body.function, Ref)
    return arm.body.function
