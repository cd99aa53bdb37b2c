"""Results of compiled programs as terms: words and cells (docs/direct.md, Values) to `bend.hvm.result`.

Data is read straight from memory. What holds functions becomes values of the evaluator, which looks into them, and is
then read by way of nets.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic
from bend.hvm import numbers as num
from bend.hvm import result
from bend.hvm.names import is_generated
from bend.hvm.plain import DataReader, Folded, Names, Node, NotPlain, Seen, Then
from bend.options import Options, Readback
from bend.records import dataclass
from bend.runtime.direct import program as form

if TYPE_CHECKING:
    from bend.desugar import core
    from bend.runtime.direct.encode_result import Results
    from bend.runtime.direct.program import DirectProgram, Shape
    from bend.runtime.direct.values import Value

FEW_CONSTANTS = 20
"""As many may hold each other without much of a stack to read them."""
NUMBER_MASK = (1 << num.TYPE_BITS + 24) - 1


# ---- data ------------------------------------------------------------------------------------


class EvaluatingReader(DataReader):
    """Reads data with its folded references evaluated once each, as users want to see them (the default form). `look`
    says what the values of folded references are, too."""

    def __init__(self, look: Callable[[Any], Seen], names: Names, *, erases: bool = False) -> None:
        super().__init__(look, names, erases=erases)
        self.expanded: dict[str, result.Term] = {}
        self.inside: set[str] = set()

    def leaf(self, item: Hashable, seen: result.Term | Folded | None) -> None:
        """See `DataReader`."""
        if seen is None:
            self.done.append(self.other(item))
        elif isinstance(seen, Folded):
            self.folded(item, seen)
        else:
            self.done.append(seen)

    def other(self, item: Hashable) -> result.Term:
        """The term of what is not plain; raises `NotPlain` if there is none."""
        raise NotPlain

    def folded(self, item: Hashable, reference: Folded) -> None:
        """Reads what a reference stands for; functions keep their names, and so do values that hold themselves."""
        name = reference.name
        if name in self.expanded:
            self.done.append(self.expanded[name])
            return
        term: result.Term = result.Reference(name)
        if name not in self.inside:
            try:
                value = reference.evaluate()
            except BendError:
                # What is not asked for may fail; its name says enough.
                pass
            else:
                if self.look(value) is not None:
                    self.inside.add(name)
                    self.todo += [Then(partial(self.close, name)), value]
                    return
                if is_generated(name):
                    term = self.other(item)
        self.done.append(term)

    def close(self, name: str) -> None:
        """The value of a definition is read."""
        self.inside.remove(name)
        self.expanded[name] = self.done[-1]


def named(name: str) -> result.Reference | None:
    """A folded reference of a function by its name, if that says something to users."""
    return None if is_generated(name) else result.Reference(name)


def shown_function(name: str, entry: str, book: core.Book) -> str | None:
    """The name that a folded reference of a function is shown by in results that are data; None if it must be looked
    into. How a constructor with fields is shown depends on where it stands in the program, so that it does not count as
    a mere name, and neither does the entry."""
    return None if name in book.constructors or name == entry or is_generated(name) else name


# ---- memory ----------------------------------------------------------------------------------


@dataclass
class Memory:
    """The memory of a compiled program after its run: `word` reads from an address, `evaluate` gives the value of a
    definition without parameters by its number, and raises `BendError` where it has none."""

    program: DirectProgram
    word: Callable[[int], int]
    evaluate: Callable[[int], int]

    @cached_property
    def book(self) -> core.Book:
        """The core of the program, which few results need."""
        return self.program.core_book()

    def look(self, word: int) -> Seen:
        """What a word is."""
        tag = word & form.TAG_MASK
        if tag == form.CELL:
            header = self.word(word)
            shape = self.program.shapes[header >> form.SHAPE_SHIFT & form.SHAPE_MASK]
            return None if shape is None else self.node(shape, header >> form.HEADER_PAYLOAD_SHIFT, word)
        if tag == form.NUMBER:
            return result.Number(word >> form.NUMBER_SHIFT & NUMBER_MASK)
        if tag == form.IMMEDIATE:
            shape = self.program.shapes[word >> form.INDEX_SHIFT]
            assert shape is not None and shape.constructor is not None
            if not shape.fields:
                return result.Reference(shape.constructor)
            return self.node(shape, word >> form.PAYLOAD_SHIFT & form.PAYLOAD_MASK, word)
        if tag == form.FUNCTION:
            return self.function(self.program.entries[word >> form.INDEX_SHIFT].function)
        if tag == form.CONSTANT:
            number = word >> form.INDEX_SHIFT
            return Folded(self.program.constants[number], lambda: self.evaluate(number))
        assert tag == form.ERASER, f'{word:#x} is no value'
        return result.Eraser()

    def function(self, name: str) -> result.Reference | None:
        """A folded reference of a function, if its name can stand for it."""
        shown = shown_function(name, self.program.constants[0], self.book)
        return None if shown is None else result.Reference(shown)

    def node(self, shape: Shape, payload: int, address: int) -> Node:
        """A constructor or pair with its fields in order."""
        packed = shape.packed
        if packed is None:
            return Node(shape.constructor, [self.word(address + 8 * index) for index in range(1, shape.fields + 1)])
        parts = [self.word(address + 8 * index) for index in range(1, shape.fields)]
        # The number that the header holds, as a word.
        parts.insert(packed, num.make_word(payload, shape.kind) << form.NUMBER_SHIFT | form.NUMBER)
        return Node(shape.constructor, parts)


# ---- results ---------------------------------------------------------------------------------


class ResultReader:
    """Reads results of one compiled program.

    `options` are those that it was compiled with. The core of the program is only looked at for results that hold
    functions, for the lambda form, and for the Scott encoding.
    """

    def __init__(self, memory: Memory, options: Options) -> None:
        self.memory = memory
        self.options = options
        self.made: Results | None = None

    def read(self, word: int, readback: Readback = 'default', *,
             linear: bool = False) -> tuple[result.Term, tuple[Diagnostic, ...]]:
        """The term of a result as it is to be shown (`bend.hvm.show.show_main`), and what of it could not be read.

        Raises `WrongShape` and `MaybeCopied` where a function in the result needs nets, and `BendError` for what its
        evaluation meets.
        """
        reads_plainly = self.options.encoding == 'num-scott' and readback == 'default'
        is_shallow = len(self.memory.program.constants) <= FEW_CONSTANTS
        term = self.plain(word) if reads_plainly and is_shallow else None
        if term is not None:
            return term, ()

        def read() -> tuple[result.Term, tuple[Diagnostic, ...]]:
            term = self.plain(word) if reads_plainly and not is_shallow else None
            return self.not_plain(word, readback, linear) if term is None else (term, ())

        return with_deep_stack(read)

    def plain(self, word: int) -> result.Term | None:
        """The term of data in the default form. Recurses only where constants hold others."""
        try:
            return EvaluatingReader(self.memory.look, Names()).read(word)
        except NotPlain:
            return None

    def not_plain(self, word: int, readback: Readback, linear: bool) -> tuple[result.Term, tuple[Diagnostic, ...]]:
        """What `read` gives for everything else."""
        is_plain = self.options.encoding == 'num-scott'
        if is_plain and not self.results.opens and not self.is_entry(word):
            return self.results.read_items(word, self.memory.look, self.value, readback, linear=linear)
        return self.results.read(self.root(word), readback, linear=linear)

    @property
    def results(self) -> Results:
        """What makes nets of results."""
        if self.made is None:
            from bend.runtime.direct.encode_result import Results
            self.made = Results(self.memory.book, self.options)
        return self.made

    def root(self, word: int) -> Value:
        """The value of what the entry gave; if that is a function it is not folded."""
        if self.is_entry(word):
            return self.results.evaluator.constant(self.memory.program.constants[0])
        return self.value(word)

    def is_entry(self, word: int) -> bool:
        """Whether a word is the entry as a function."""
        program = self.memory.program
        return (word & form.TAG_MASK == form.FUNCTION
                and program.entries[word >> form.INDEX_SHIFT].function == program.constants[0])

    def value(self, root: int) -> Value:
        """A word as a value of the evaluator. Does not recurse, since data may be deep."""
        from bend.runtime.direct import values
        done: list[Value] = []
        known: dict[int, Value] = {}
        todo: list[int | tuple[int, Node | None, int]] = [root]
        while todo:
            item = todo.pop()
            if isinstance(item, tuple):
                word, node, count = item
                parts = done[len(done) - count:]
                del done[len(done) - count:]
                if node is None:
                    value = self.partial(word, parts)
                elif node.constructor is None:
                    value = values.Pair(*parts)
                else:
                    value = values.Data(node.constructor, tuple(parts))
                known[word] = value
                done.append(value)
            elif item in known:
                done.append(known[item])
            else:
                done += self.leaf(item, todo)
        return done[0]

    def leaf(self, word: int, todo: list[int | tuple[int, Node | None, int]]) -> list[Value]:
        """The value of a word without parts; those of any other are put on the list, and there is no value yet."""
        from bend.runtime.direct import values
        tag = word & form.TAG_MASK
        if tag == form.FUNCTION:
            return [self.function(self.memory.program.entries[word >> form.INDEX_SHIFT].function)]
        match self.memory.look(word):
            case Node() as node:
                todo.append((word, node, len(node.parts)))
                todo += reversed([part for part in node.parts if isinstance(part, int)])
                return []
            case None:
                header = self.memory.word(word)
                entry = self.memory.program.entries[header >> form.HEADER_PAYLOAD_SHIFT]
                todo.append((word, None, entry.given))
                todo += [self.memory.word(word + 8 * index) for index in range(entry.given, 0, -1)]
                return []
            case Folded(name):
                return [values.Reference(name)]
            case result.Number(number):
                return [number]
            case result.Reference(name):
                return [values.Data(name, ())]
            case _:
                return [values.ERASER]

    def function(self, name: str) -> Value:
        """A function without arguments."""
        return self.results.function(name)

    def partial(self, word: int, arguments: list[Value]) -> Value:
        """A partial application."""
        entry = self.memory.program.entries[self.memory.word(word) >> form.HEADER_PAYLOAD_SHIFT]
        return self.results.evaluator.apply(self.function(entry.function), arguments)
