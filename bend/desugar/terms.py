"""What every pass on core terms needs: children, scopes, free variables, substitution, and spines.

Scopes: a pattern binds in the body of its `Lam`, `Let` and `Ask`; `Use` binds in its body; `bound` and the names of
`with_` in every arm, field variables in their own arm, the predecessor in the last arm of a `Switch`; the states of a
`Bend` in its condition, step and base, and `fork` in the step; `wrap` in the body of a `With`; a local function in
itself and in the body after it.
Unscoped variables (`$x`) do not take part in scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import is_
from typing import Any, TypeVar

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
from bend.records import replace

FORK = 'fork'
WRAP = 'wrap'

Scoped = tuple[tuple[str, ...], Term]
S = TypeVar('S')


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
    if isinstance(pattern, PVar):
        return () if pattern.name is None else (pattern.name,)
    return tuple([part.name for part in pattern_parts(pattern) if isinstance(part, PVar) and part.name is not None])


def pattern_unscoped(pattern: Pattern) -> tuple[str, ...]:
    """The unscoped variables that a pattern binds, left to right, with repetitions."""
    if isinstance(pattern, PVar):
        return ()
    return tuple([part.name for part in pattern_parts(pattern) if isinstance(part, PUnscoped)])


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

# Passes spend most of their time here, so that each kind of term has its function, found by its class.


def children(term: Term) -> tuple[Term, ...]:
    """The direct subterms, in source order."""
    return _CHILDREN[type(term)](term)


def binders(term: Term) -> tuple[tuple[str, ...], ...] | None:
    """The scoped variables that a term binds in each of its `children`; None if it binds none anywhere."""
    function = _BINDERS.get(type(term))
    return None if function is None else function(term)


def scoped_children(term: Term) -> tuple[Scoped, ...]:
    """Each direct subterm with the scoped variables that the term binds in it, in source order."""
    bound = binders(term)
    if bound is None:
        return tuple([((), child) for child in children(term)])
    return tuple(zip(bound, children(term), strict=True))


def map_children(term: Term, function: Callable[[Term], Term]) -> Term:
    """Rebuilds a term with the function applied to each direct subterm, in the order of `children`.

    A term whose subterms all stay the same objects is given back itself. The scrutinee of an `Open` is a name and is
    left alone.
    """
    rebuild = _REBUILD.get(type(term))
    return term if rebuild is None else rebuild(term, function)


def subterms(term: Term) -> Iterator[Term]:
    """The term and everything in it, parents first, left to right."""
    stack = [term]
    while stack:
        current = stack.pop()
        yield current
        below = _CHILDREN[type(current)](current)
        if below:
            stack.extend(below[::-1])


def _no_children(term: Term) -> tuple[Term, ...]:
    return ()


def _case_children(term: Match | Fold) -> tuple[Term, ...]:
    return (term.argument, *[value for _, value in term.with_], *[arm.body for arm in term.arms])


def _switch_children(term: Switch) -> tuple[Term, ...]:
    return (term.argument, *[value for _, value in term.with_], *term.arms)


def _bend_children(term: Bend) -> tuple[Term, ...]:
    return (*[value for _, value in term.states], term.condition, term.step, term.base)


def _local_children(term: LocalDef) -> tuple[Term, ...]:
    return (*[rule.body for rule in term.definition.rules], term.body)


_CHILDREN: dict[type, Callable[[Any], tuple[Term, ...]]] = {
    **dict.fromkeys((Var, Unscoped, Ref, Num, Era, Str), _no_children),
    **dict.fromkeys((Lam, With), lambda term: (term.body,)),
    **dict.fromkeys((Let, Ask, Use), lambda term: (term.value, term.body)),
    **dict.fromkeys((Tup, Sup, List), lambda term: term.elements),
    **dict.fromkeys((Match, Fold), _case_children),
    App: lambda term: (term.function, term.argument),
    Op: lambda term: (term.left, term.right),
    Switch: _switch_children,
    Bend: _bend_children,
    Open: lambda term: (Var(term.name, span=term.span), term.body),
    LocalDef: _local_children,
}


def _shared_names(term: Match | Fold | Switch) -> tuple[str, ...]:
    names = tuple([name for name, _ in term.with_])
    return names if term.bound is None else (term.bound, *names)


def _named(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple([name for name in names if name is not None])


def _case_binders(term: Match | Fold) -> tuple[tuple[str, ...], ...]:
    shared = _shared_names(term)
    return ((), *[()] * len(term.with_), *[shared + _named(arm.fields) for arm in term.arms])


def _switch_binders(term: Switch) -> tuple[tuple[str, ...], ...]:
    shared = _shared_names(term)
    last = shared + _named((term.predecessor,))
    return ((), *[()] * len(term.with_), *[shared] * (len(term.arms) - 1), last)


def _bend_binders(term: Bend) -> tuple[tuple[str, ...], ...]:
    states = _named([name for name, _ in term.states])
    return (*[()] * len(term.states), states, (*states, FORK), states)


def _local_binders(term: LocalDef) -> tuple[tuple[str, ...], ...]:
    name = term.definition.name
    return (*[(name, *[v for p in rule.patterns for v in pattern_vars(p)]) for rule in term.definition.rules], (name,))


_BINDERS: dict[type, Callable[[Any], tuple[tuple[str, ...], ...]]] = {
    Lam: lambda term: (pattern_vars(term.pattern),),
    **dict.fromkeys((Let, Ask), lambda term: ((), pattern_vars(term.pattern))),
    Use: lambda term: ((), (term.name,)),
    **dict.fromkeys((Match, Fold), _case_binders),
    Switch: _switch_binders,
    Bend: _bend_binders,
    With: lambda term: ((WRAP,),),
    LocalDef: _local_binders,
}

Rebuild = Callable[[Any, Callable[[Term], Term]], Term]


def _rebuild_app(term: App, function: Callable[[Term], Term]) -> Term:
    head, argument = function(term.function), function(term.argument)
    same = head is term.function and argument is term.argument
    return term if same else App(head, argument, span=term.span)


def _rebuild_op(term: Op, function: Callable[[Term], Term]) -> Term:
    left, right = function(term.left), function(term.right)
    same = left is term.left and right is term.right
    return term if same else Op(term.operator, left, right, span=term.span)


def _rebuild_lam(term: Lam, function: Callable[[Term], Term]) -> Term:
    body = function(term.body)
    return term if body is term.body else Lam(term.pattern, body, span=term.span)


def _rebuild_body(term: With | Open, function: Callable[[Term], Term]) -> Term:
    body = function(term.body)
    return term if body is term.body else replace(term, body=body)


def _rebuild_let(term: Let, function: Callable[[Term], Term]) -> Term:
    value, body = function(term.value), function(term.body)
    same = value is term.value and body is term.body
    return term if same else Let(term.pattern, value, body, span=term.span)


def _rebuild_binding(term: Ask | Use, function: Callable[[Term], Term]) -> Term:
    value, body = function(term.value), function(term.body)
    return term if value is term.value and body is term.body else replace(term, value=value, body=body)


def _rebuild_elements(term: Tup | Sup | List, function: Callable[[Term], Term]) -> Term:
    elements = _rebuilt_all(term.elements, function)
    return term if elements is term.elements else replace(term, elements=elements)


def _rebuilt_all(terms: tuple[Term, ...], function: Callable[[Term], Term]) -> tuple[Term, ...]:
    """The function's results; the same tuple if they are the same objects."""
    results = [function(term) for term in terms]
    return terms if all(map(is_, results, terms)) else tuple(results)


def _rebuilt_named(named: tuple[tuple[S, Term], ...], function: Callable[[Term], Term]) -> tuple[tuple[S, Term], ...]:
    results = [(name, function(value)) for name, value in named]
    same = all(new is old for (_, new), (_, old) in zip(results, named, strict=True))
    return named if same else tuple(results)


def _rebuild_cases(term: Match | Fold, function: Callable[[Term], Term]) -> Term:
    argument = function(term.argument)
    with_ = _rebuilt_named(term.with_, function)
    bodies = [function(arm.body) for arm in term.arms]
    if argument is term.argument and with_ is term.with_ and all(
            body is arm.body for body, arm in zip(bodies, term.arms, strict=True)):
        return term
    arms = tuple([arm if body is arm.body else Arm(arm.constructor, arm.fields, body, arm.takes_tag, span=arm.span)
                  for body, arm in zip(bodies, term.arms, strict=True)])
    return replace(term, argument=argument, with_=with_, arms=arms)


def _rebuild_switch(term: Switch, function: Callable[[Term], Term]) -> Term:
    argument = function(term.argument)
    with_ = _rebuilt_named(term.with_, function)
    arms = _rebuilt_all(term.arms, function)
    same = argument is term.argument and with_ is term.with_ and arms is term.arms
    return term if same else replace(term, argument=argument, with_=with_, arms=arms)


def _rebuild_bend(term: Bend, function: Callable[[Term], Term]) -> Term:
    states = _rebuilt_named(term.states, function)
    condition, step, base = function(term.condition), function(term.step), function(term.base)
    return replace(term, states=states, condition=condition, step=step, base=base)


def _rebuild_local(term: LocalDef, function: Callable[[Term], Term]) -> Term:
    rules = tuple([Rule(rule.patterns, function(rule.body), span=rule.span) for rule in term.definition.rules])
    return replace(term, definition=replace(term.definition, rules=rules), body=function(term.body))


_REBUILD: dict[type, Rebuild] = {
    App: _rebuild_app,
    Op: _rebuild_op,
    Lam: _rebuild_lam,
    **dict.fromkeys((With, Open), _rebuild_body),
    Let: _rebuild_let,
    **dict.fromkeys((Ask, Use), _rebuild_binding),
    **dict.fromkeys((Tup, Sup, List), _rebuild_elements),
    **dict.fromkeys((Match, Fold), _rebuild_cases),
    Switch: _rebuild_switch,
    Bend: _rebuild_bend,
    LocalDef: _rebuild_local,
}
"""Terms that are not here have no subterms."""


# ---- variables -------------------------------------------------------------------------------


def free_vars(term: Term) -> dict[str, Var]:
    """The scoped variables free in a term, in order of first occurrence, with that occurrence."""
    found: dict[str, Var] = {}
    depth: dict[str, int] = {}
    # Terms to visit, and between them names whose scope begins (+1) or ends (-1) there.
    stack: list[Term | tuple[int, tuple[str, ...]]] = [term]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            step, names = current
            for name in names:
                depth[name] = depth.get(name, 0) + step
            continue
        kind = type(current)
        if isinstance(current, Var):
            if not depth.get(current.name):
                found.setdefault(current.name, current)
        elif kind in _BINDERS:
            below = zip(reversed(_BINDERS[kind](current)), reversed(_CHILDREN[kind](current)), strict=True)
            for names, child in below:
                stack.extend(((-1, names), child, (1, names)) if names else (child,))
        else:
            stack.extend(_CHILDREN[kind](current)[::-1])
    return found


def term_patterns(term: Term) -> tuple[Pattern, ...]:
    """The patterns of the binders of this very term (not of its subterms)."""
    patterns = _PATTERNS.get(type(term))
    return () if patterns is None else patterns(term)


_PATTERNS: dict[type, Callable[[Any], tuple[Pattern, ...]]] = {
    **dict.fromkeys((Lam, Let, Ask), lambda term: (term.pattern,)),
    LocalDef: lambda term: tuple([pattern for rule in term.definition.rules for pattern in rule.patterns]),
}


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
