"""`with` blocks become calls of their type's bind (spec 02, section 3.10).

    with T { ask p = v; next }
    =>  use wrap = T/wrap; (T/bind v λ%x (%x (λfree... λp next) free...))

The continuation is deferred: `T/bind` applies it to the identity before it passes the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Ask, Book, Def, Lam, Ref, Term, Use, Var, With
from bend.desugar.terms import WRAP, app, free_vars, lam, map_children, subterms
from bend.diagnostics import error
from bend.hvm.names import HIDDEN
from bend.records import replace
from bend.source import Span
from bend.suggest import closest

if TYPE_CHECKING:
    from bend.desugar.context import Context

DEFER = '%defer'


def with_blocks(book: Book, context: Context) -> Book:
    """The book without `With` and `Ask`. Reports blocks of types without `bind` or `wrap`, and `ask` elsewhere."""
    defs = {name: definition.with_body(_Block(definition, book, context, None).lower(definition.body))
            if context.kinds.has(definition.body, With, Ask) else definition for name, definition in book.defs.items()}
    return context.settled(book.with_defs(defs))


class _Block:
    """Lowers what is inside the innermost block of a type (None outside all blocks)."""

    def __init__(self, definition: Def, book: Book, context: Context, type_name: str | None) -> None:
        self.definition = definition
        self.book = book
        self.context = context
        self.type_name = type_name
        self.reported = False

    def lower(self, term: Term) -> Term:
        match term:
            case With():
                return self._block(term)
            case Ask():
                return self._bind(replace(term, value=self.lower(term.value), body=self.lower(term.body)))
            case _:
                return map_children(term, self.lower)

    def _block(self, term: With) -> Term:
        inner = _Block(self.definition, self.book, self.context, term.type_name)
        wrap = inner._function('wrap')
        wraps = any(isinstance(part, Var) and part.name == WRAP for part in subterms(term.body))
        if wraps and not self._defined(wrap):
            inner._missing(wrap, term.span)
        return Use(WRAP, Ref(wrap, span=term.span), inner.lower(term.body), span=term.span)

    def _bind(self, term: Ask) -> Term:
        if self.type_name is None:
            self.context.report.add(error(
                'ask-outside-with', "'<-' (in the other notation 'ask') stands only in a 'with' block.", term.span,
                hint="Put the statements into 'with T:', where T is the type with a 'bind' function, such as IO.",
                definition=self.definition.user_name))
            return term.value
        bind = self._function('bind')
        if not self._defined(bind):
            self._missing(bind, term.span)
        continuation = Lam(term.pattern, term.body, span=term.span)
        free = free_vars(continuation)
        deferred = app(Var(DEFER), lam(list(free), continuation), *free.values())
        return app(Ref(bind, span=term.span), term.value, lam([DEFER], deferred))

    def _function(self, what: str) -> str:
        """The name of the type's `bind` or `wrap`. The main file may import the function without its type, and the
        type without the function."""
        name = f'{self.type_name}/{what}'
        other = name.removeprefix(HIDDEN) if name.startswith(HIDDEN) else HIDDEN + name
        return other if self._defined(other) and not self._defined(name) else name

    def _defined(self, name: str) -> bool:
        return name in self.book.defs or name in self.book.nets or name in self.book.constructors

    def _missing(self, name: str, span: Span | None) -> None:
        if self.reported:
            return
        self.reported = True
        type_name, _, what = name.rpartition('/')
        near = closest(type_name, [other.rpartition('/')[0] for other in self.book.defs if other.endswith(f'/{what}')])
        self.context.report.add(error(
            'missing-monad-function', f"'with {type_name}' needs a function '{name}'.", span,
            hint=f"Did you mean 'with {near[0]}'?" if near else
            f"Define '{name}', or use a type that has '{what}', such as IO.", definition=self.definition.user_name))
