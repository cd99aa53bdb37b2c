"""Local functions become top-level ones (spec 02 §3.7).

Before: `f = λb def g = λx (+ x b); (g 1)`. After: `f = λb use g = (f__local_0_g b); (g 1)` and
`f__local_0_g = λb λx (+ x b)`. Variables from around the function become its first parameters, sorted by name.

A local function that another one uses is not a variable of that one, but again the lifted function applied to its
variables: a function value that is passed along would have to be copied where it is used twice, and copies of functions
may go wrong (spec 09, group G).
"""

from __future__ import annotations

from dataclasses import field

from bend.desugar.context import Context
from bend.desugar.core import Book, Def, LocalDef, Ref, Rule, Term, Use
from bend.desugar.terms import app, free_unscoped, free_vars, lam, map_children, scoped_children, subterms
from bend.diagnostics import error
from bend.records import dataclass, replace


def lift_local_defs(book: Book, context: Context) -> Book:
    """Lifts all local functions. Reports if an unscoped variable leads into or out of one."""
    defs: dict[str, Def] = {}
    lifted: dict[str, Def] = {}
    for name, definition in book.defs.items():
        defs[name] = definition
        if context.kinds.has(definition.body, LocalDef):
            body = _Lifter(context, definition, lifted, name, 0).term(definition.body)
            defs[name] = definition.with_body(body)
    return context.settled(book.with_defs({**defs, **lifted}))


@dataclass(frozen=True, slots=True)
class _Lifted:
    """What the name of a local function means where it is in scope, and the variables in that."""

    whole: Term
    captured: frozenset[str]


@dataclass
class _Lifter:
    """Lifts the local functions right inside one function; `count` numbers them, `scope` holds those in scope."""

    context: Context
    parent: Def
    lifted: dict[str, Def]
    path: str
    count: int
    scope: dict[str, _Lifted] = field(default_factory=dict)

    def term(self, term: Term) -> Term:
        """Lifts the local functions in a term."""
        if isinstance(term, LocalDef):
            return self.local(term)
        scopes = iter(scoped_children(term))
        return map_children(term, lambda child: self.inside(next(scopes)[0], child))

    def inside(self, names: tuple[str, ...], term: Term) -> Term:
        """Lifts in a term where some names are bound anew."""
        outer = self.scope
        if names:
            self.scope = {name: known for name, known in outer.items()
                          if name not in names and known.captured.isdisjoint(names)}
        result = self.term(term)
        self.scope = outer
        return result

    def local(self, term: LocalDef) -> Term:
        """Lifts a local function and those in its scope."""
        local = term.definition
        name = f'{self.path}__local_{self.count}_{local.name}'
        # Functions inside count on from here, without an effect on those after this one.
        inner = _Lifter(self.context, self.parent, self.lifted, name, self.count, self.scope)
        body = inner.inside((local.name,), local.body)
        self.count += 1
        self.check_unscoped(local)
        body = self.with_others(local.name, body)
        free = free_vars(body)
        captured = sorted(variable for variable in free if variable != local.name)
        whole = app(Ref(name, span=local.span), *(free[variable] for variable in captured))
        if local.name in free:
            body = Use(local.name, whole, body, span=local.span)
        rule = Rule((), lam(captured, body), span=local.span)
        self.lifted[name] = replace(local, name=name, rules=(rule,), type=None, checked=self.parent.checked,
                                    builtin=self.parent.builtin, origin=self.parent.user_name, parameters=())
        outer = self.scope
        self.scope = {other: known for other, known in outer.items() if local.name not in known.captured}
        self.scope[local.name] = _Lifted(whole, frozenset(captured))
        rest = self.term(term.body)
        self.scope = outer
        return Use(local.name, whole, rest, span=term.span)

    def with_others(self, own: str, body: Term) -> Term:
        """The body of a local function with the names of others bound to what they mean, where no variable in that is
        bound anew inside."""
        bound = {name for part in subterms(body) for names, _ in scoped_children(part) for name in names}
        for name in free_vars(body):
            known = self.scope.get(name)
            if name != own and known is not None and known.captured.isdisjoint({*bound, own}):
                body = Use(name, known.whole, body, span=known.whole.span)
        return body

    def check_unscoped(self, local: Def) -> None:
        """Reports unscoped variables that cross the border of a local function."""
        for name in free_unscoped(local.body):
            self.context.report.add(error(
                'unscoped-crossing', f"The unscoped variable '${name}' is bound on one side of the local function "
                f"'{local.name}' and used on the other.", local.span,
                hint='Pass the value as an argument instead.', definition=self.parent.user_name))
