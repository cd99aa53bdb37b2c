"""Results of the direct engine as nets, so that functions are shown by the one readback that there is.

A value becomes a core term in normal form, and that a net. What is a folded reference stays one: it is read as the net
that its definition is compiled to for the net engine.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property, partial

from bend.codegen.direct.eta import eta_reduce
from bend.desugar import core
from bend.desugar.terms import unapply
from bend.diagnostics import BendError, Diagnostic, Report
from bend.hvm import net, result
from bend.hvm.actions import scott_value
from bend.hvm.adt import open_constructors
from bend.hvm.encode import EncodeOptions, encode_book, encode_term
from bend.hvm.eta import eta_reduce as eta_reduce_net
from bend.hvm.inline import inline_nets
from bend.hvm.readback import BookInfo, book_info, readback
from bend.hvm.reduce import reduce
from bend.hvm.walk import references
from bend.options import Options, Readback
from bend.runtime.direct.evaluate import Evaluator
from bend.runtime.direct.quote import quote
from bend.runtime.direct.readback import Folded, Node, Seen, named, read_data
from bend.runtime.direct.values import (
    Closure,
    Data,
    Eraser,
    Pair,
    Partial,
    Reference,
    Value,
    WrongShape,
)

_RESULT = '%result'
_LOCAL_FUNCTION = re.compile(r'__L\d+$')


def evaluate(book: core.Book, name: str = 'main', options: Options | None = None, form: Readback = 'default', *,
             linear: bool = False, budget: int | None = None) -> result.Term:
    """What a definition of a program, in final core, gives on the direct engine.

    `form` is the one that it will be shown in (`bend.hvm.show.show_main`). Raises `WrongShape` for programs that need
    nets, and `BendError` for divisions by zero and for more than `budget` calls. To be called where the stack is deep.
    """
    options = options or Options()
    results = Results(eta_reduce(book) if options.eta else book, options, budget)
    return results.read(results.evaluator.constant(name), form, linear=linear)[0]


class Results:
    """Results of one program. `book` is the final core as it was compiled, with local functions."""

    def __init__(self, book: core.Book, options: Options, budget: int | None = None) -> None:
        self.book = book
        self.options = options
        self.evaluator = Evaluator(book, options.encoding, budget)
        self.tag_tests: dict[int, str] = {}

    def function(self, name: str) -> Value:
        """A function of the compiled program, folded if it has a name in the source."""
        if _LOCAL_FUNCTION.search(name):
            return self.evaluator.constant(name)
        return self.evaluator.reference(name)

    def read(self, value: Value, form: Readback, *,
             linear: bool = False) -> tuple[result.Term, tuple[Diagnostic, ...]]:
        """The term of what the entry gives, and what of it could not be read. Raises as the evaluator does."""
        if form == 'default' and not linear and self.options.encoding == 'num-scott':
            term = read_data(self.opened(value, nullary=False), self.look)
            if term is not None:
                return term, ()
        report = Report()
        nets = self.nets
        encoded = self.encode(self.opened(value))
        if form == 'default':
            done = scott_value(encoded, nets.defs)
            encoded = encoded if done is None else done
        term = readback(encoded, self.info, self.expand if form == 'default' else None, report, linear=linear)
        return term, tuple(report.diagnostics)

    def look(self, value: Value) -> Seen:
        """What a value is, looked at from outside."""
        match value:
            case int():
                return result.Number(value)
            case Eraser():
                return result.Eraser()
            case Data(name, ()):
                return result.Reference(name)
            case Data(name, fields):
                return Node(name, fields)
            case Pair(first, second):
                return Node(None, (first, second))
            case Partial(name, ()):
                return named(name)
            case Reference(name) if isinstance(self.evaluator.definition(name), core.Lam):
                return named(name)
            case Reference(name):
                return Folded(name, partial(self.evaluated, name))
            case _:
                return None

    def evaluated(self, name: str) -> Value:
        """The value of a definition without parameters; raises `BendError` if it has none."""
        try:
            return self.evaluator.constant(name)
        except (WrongShape, RecursionError):
            raise BendError([]) from None

    # ---- nets ----------------------------------------------------------------------------------

    @cached_property
    def nets(self) -> net.Book:
        """The nets of the program, as the net engine has them."""
        options = EncodeOptions(self.options.encoding, keep_all=True, float_matches=self.options.float_combinators,
                                tag_tests=self.tag_tests)
        nets = encode_book(self.book, options)
        if self.options.eta:
            nets = replace(nets, defs={name: eta_reduce_net(made) for name, made in nets.defs.items()})
        return inline_nets(nets) if self.options.inline else nets

    @cached_property
    def info(self) -> BookInfo:
        """What readback knows about the program."""
        return book_info(self.book, self.nets, self.options.encoding)

    def encode(self, value: Value) -> net.Net:
        """The net of a value, in normal form."""
        nets = self.nets
        term = quote(value, self.evaluator, self.tag_tests)
        encoded = encode_term(term, self.book, self.options.encoding)
        if self.options.inline:
            encoded = inline_nets(replace(nets, defs={**nets.defs, _RESULT: encoded})).defs[_RESULT]
        return self.settled(encoded) if encoded.redexes else encoded

    def settled(self, encoded: net.Net) -> net.Net:
        """The net of a normal form in which operations have taken in the operands that they hold. Operations of the
        prelude that wait are called; other references stay folded."""
        defs = {name: self.nets.defs[name] if name in self.book.nets else net.Net(net.Era())
                for name in references(encoded)}
        return reduce(net.Book({**defs, 'main': encoded})).net

    def expand(self, name: str) -> net.Net | None:
        """What readback asks for the value of a definition; None where it has none."""
        try:
            return self.encode(self.evaluator.constant(name))
        except (BendError, WrongShape, RecursionError):
            return None

    def opened(self, value: Value, *, nullary: bool = True) -> Value:
        """The value of the entry, with constructors as their functions where the entry itself returns them (see
        `open_constructors`), those without fields among them unless these are to stay."""
        if self.book.entry is None:
            return value
        return self.opened_as(self.book.defs[self.book.entry].body, value, nullary)

    def opened_as(self, term: core.Term, value: Value, nullary: bool) -> Value:
        """The value of a term in return position."""
        match term, value:
            case core.Let(_, _, body), _:
                return self.opened_as(body, value, nullary)
            case core.Lam(), Closure(function, environment):
                opened = open_constructors(self.book, self.evaluator.constructors, function)
                assert isinstance(opened, core.Lam)
                return Closure(opened, environment)
            case core.Ref(), Data(name, ()) if not nullary:
                return value
            case core.Ref(name), Data(_, ()) | Partial(_, ()) if name in self.book.constructors:
                return self.evaluator.run(self.evaluator.constructors[name], {}, [])
            case core.Tup(elements), Pair():
                return self.opened_tuple(elements, value, nullary)
            case core.App(), Data(name, fields):
                head, arguments = unapply(term)
                if head == core.Ref(name) and len(arguments) == len(fields):
                    return Data(name, tuple(self.opened_argument(argument, part, nullary)
                                            for argument, part in zip(arguments, fields, strict=True)))
                return value
            case _:
                return value

    def opened_tuple(self, elements: tuple[core.Term, ...], value: Value, nullary: bool) -> Value:
        """A tuple of terms in return position."""
        if len(elements) == 1 or not isinstance(value, Pair):
            return self.opened_as(elements[0], value, nullary)
        return Pair(self.opened_as(elements[0], value.first, nullary),
                    self.opened_tuple(elements[1:], value.second, nullary))

    def opened_argument(self, term: core.Term, value: Value, nullary: bool) -> Value:
        """An argument of a constructor in return position; one without fields stays."""
        return value if isinstance(value, Data) and not value.fields else self.opened_as(term, value, nullary)
