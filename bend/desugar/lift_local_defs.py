"""Local functions become top-level ones (spec 02 §3.7).

Before: `f = λb def g = λx (+ x b); (g 1)`. After: `f = λb use g = (f__local_0_g b); (g 1)` and
`f__local_0_g = λb λx (+ x b)`. Variables from around the function become its first parameters, sorted by name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bend.desugar.context import Context
from bend.desugar.core import Book, Def, LocalDef, Ref, Rule, Term, Use, Var
from bend.desugar.terms import app, free_unscoped, free_vars, lam, map_children
from bend.diagnostics import error


def lift_local_defs(book: Book, context: Context) -> Book:
    """Lifts all local functions. Raises `BendError` if an unscoped variable leads into or out of one."""
    defs: dict[str, Def] = {}
    lifted: dict[str, Def] = {}
    for name, definition in book.defs.items():
        body = _Lifter(context, definition, lifted, name, 0).term(definition.body)
        defs[name] = definition.with_body(body)
    context.report.stop_on_errors()
    return book.with_defs({**defs, **lifted})


@dataclass
class _Lifter:
    """Lifts the local functions right inside one function; `count` numbers them."""

    context: Context
    parent: Def
    lifted: dict[str, Def]
    path: str
    count: int

    def term(self, term: Term) -> Term:
        """Lifts the local functions in a term."""
        if not isinstance(term, LocalDef):
            return map_children(term, self.term)
        local = term.definition
        name = f'{self.path}__local_{self.count}_{local.name}'
        # Functions inside count on from here, without an effect on those after this one.
        body = _Lifter(self.context, self.parent, self.lifted, name, self.count).term(local.body)
        self.count += 1
        self.check_unscoped(local)
        captured = sorted(variable for variable in free_vars(body) if variable != local.name)
        whole = app(Ref(name, span=local.span), *(Var(variable, span=local.span) for variable in captured))
        if local.name in free_vars(body):
            body = Use(local.name, whole, body, span=local.span)
        rule = Rule((), lam(captured, body), span=local.span)
        self.lifted[name] = replace(local, name=name, rules=(rule,), type=None, checked=self.parent.checked,
                                    builtin=self.parent.builtin, origin=self.parent.user_name, parameters=())
        return Use(local.name, whole, self.term(term.body), span=term.span)

    def check_unscoped(self, local: Def) -> None:
        """Reports unscoped variables that cross the border of a local function."""
        for name in free_unscoped(local.body):
            self.context.report.add(error(
                'unscoped-crossing', f"The unscoped variable '${name}' is bound on one side of the local function "
                f"'{local.name}' and used on the other.", local.span,
                hint='Pass the value as an argument instead.', definition=self.parent.user_name))
