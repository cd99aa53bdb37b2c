"""Results of the direct engine as nets, so that functions are shown by the one readback that there is.

A value becomes a core term in normal form, and that a net. What is a folded reference stays one: it is read as the net
that its definition is compiled to for the net engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, partial
from typing import Any

from bend.codegen.direct.eta import eta_reduce
from bend.desugar import core
from bend.desugar.copied import copied_references
from bend.desugar.terms import unapply
from bend.diagnostics import BendError, Diagnostic, Report
from bend.hvm import net, result
from bend.hvm.actions import scott_value
from bend.hvm.adt import open_constructors
from bend.hvm.encode import EncodeOptions, encode_book, encode_term, net_name
from bend.hvm.eta import eta_reduce as eta_reduce_net
from bend.hvm.inline import inline_net, inline_nets, inlined_values
from bend.hvm.plain import Folded, Names, Node, Seen
from bend.hvm.readback import BookInfo, Reader, book_info
from bend.hvm.reduce import reduce
from bend.hvm.safety import unsafe_definitions
from bend.hvm.walk import references
from bend.options import Options, Readback
from bend.runtime.direct.evaluate import Evaluator
from bend.runtime.direct.quote import quote
from bend.runtime.direct.readback import EvaluatingReader, named
from bend.runtime.direct.values import (
    Closure,
    Data,
    Eraser,
    MaybeCopied,
    Pair,
    Partial,
    Reference,
    Value,
    WrongShape,
)

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
        """The term of what the entry gives, and what of it could not be read. Raises as the evaluator does, and
        `MaybeCopied`."""
        if self.options.encoding == 'num-scott':
            return self.read_items(self.opened(value, nullary=form != 'default'), self.look, _itself, form,
                                   linear=linear)
        reader = self.reader(form, Names(), linear)
        encoded = self.encode(self.opened(value), form)
        if form == 'default':
            done = scott_value(encoded, self.nets.defs)
            encoded = encoded if done is None else done
        return reader.term(encoded), _problems(reader)

    def read_items(self, root: Any, look: Callable[[Any], Seen], value_of: Callable[[Any], Value], form: Readback, *,
                   linear: bool = False) -> tuple[result.Term, tuple[Diagnostic, ...]]:
        """The term of an item, in the encoding with tags, and what of it could not be read. `look` says what an item
        is, and `value_of` its value where it is not plain. Raises as `read`."""
        reader = _ItemReader(self, look, value_of, form, linear)
        term = reader.read(root)
        return term, () if reader.functions is None else _problems(reader.functions)

    def reader(self, form: Readback, names: Names, linear: bool) -> Reader:
        """What reads nets of values."""
        return Reader(self.info, self.expand if form == 'default' else None, names, linear=linear)

    @cached_property
    def opens(self) -> bool:
        """Whether there are constructors that are to be opened where the entry returns them."""
        if self.book.entry is None:
            return False
        body = self.book.defs[self.book.entry].body
        return open_constructors(self.book, self.evaluator.constructors, body) != body

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
            nets = net.Book({name: eta_reduce_net(made) for name, made in nets.defs.items()})
        return inline_nets(nets) if self.options.inline else nets

    @cached_property
    def inlined(self) -> Mapping[str, net.Tree]:
        """What nets have in the place of references."""
        return inlined_values(self.nets) if self.options.inline else {}

    @cached_property
    def opened_copies(self) -> frozenset[str]:
        """The definitions whose references nets evaluate before they copy them, where that can happen."""
        unsafe = unsafe_definitions(self.nets)
        return copied_references(self.book, [name for name in self.book.defs if net_name(self.book, name) in unsafe])

    @cached_property
    def info(self) -> BookInfo:
        """What readback knows about the program."""
        return book_info(self.book, self.nets, self.options.encoding)

    def encode(self, value: Value, form: Readback) -> net.Net:
        """The net of a value, in normal form. In the lambda form, it holds no reference that nets may have evaluated
        to copy it; raises `MaybeCopied`."""
        # Encoding the program notes which tests of tags it has floated.
        assert self.nets
        term = quote(value, self.evaluator, self.tag_tests)
        encoded = encode_term(term, self.book, self.options.encoding)
        if self.inlined:
            encoded = inline_net(encoded, self.inlined)
        if form == 'lambda':
            for name in references(encoded):
                if name in self.opened_copies:
                    raise MaybeCopied(name)
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
            return self.encode(self.evaluator.constant(name), 'default')
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
        """An argument of a constructor in return position; what is written as a constructor without fields stays."""
        is_written = isinstance(term, core.Ref) and isinstance(value, Data)
        return value if is_written else self.opened_as(term, value, nullary)


class _ItemReader(EvaluatingReader):
    """Reads data with functions in it. Functions, and folded references in the lambda form, go through nets, each on
    its own."""

    def __init__(self, results: Results, look: Callable[[Any], Seen], value_of: Callable[[Any], Value],
                 form: Readback, linear: bool) -> None:
        super().__init__(look, Names(), erases=form == 'lambda')
        self.results = results
        self.value_of = value_of
        self.form: Readback = form
        self.linear = linear
        self.functions: Reader | None = None

    def folded(self, item: Hashable, reference: Folded) -> None:
        """See `EvaluatingReader`."""
        if self.form == 'default':
            super().folded(item, reference)
        else:
            self.done.append(self.other(item))

    def other(self, item: Hashable) -> result.Term:
        """The term of what is not plain."""
        if item not in self.known:
            if self.functions is None:
                self.functions = self.results.reader(self.form, self.names, self.linear)
                # What a definition stands for has been read once for all.
                self.functions.expanded = self.expanded
            encoded = self.results.encode(self.value_of(item), self.form)
            self.known[item] = self.functions.term(encoded)
        return self.known[item]


def _itself(value: Value) -> Value:
    return value


def _problems(reader: Reader) -> tuple[Diagnostic, ...]:
    report = Report()
    reader.tell(report)
    return tuple(report.diagnostics)
