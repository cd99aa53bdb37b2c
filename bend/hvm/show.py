"""Printing results (spec 02, section 6).

Two forms: `lambda` is the reference's, with constructors as the functions that they are encoded as; `default` prints
constructors as they are written in imp, and tags as numbers. In the lambda form, constructors that the main file does
not import have numbers as tags as well. Both show lists and strings as such. `pretty` drops the commas of lists and
breaks switches over lines, as the reference's `-p` does.
"""

from __future__ import annotations

from typing import Literal

from bend.hvm import numbers as num
from bend.hvm import result
from bend.hvm.characters import is_code_point, quoted
from bend.hvm.names import HIDDEN, letters
from bend.hvm.readback import NO_BOOK, BookInfo

Form = Literal['default', 'lambda']

_Piece = result.Term | str | int
"""A term or text still to be printed, or a change of the indentation."""

LIST = ('List/Cons', 'List/Nil')
STRING = ('String/Cons', 'String/Nil')


def show(term: result.Term, readback: Form = 'default', pretty: bool = False, info: BookInfo = NO_BOOK) -> str:
    """The text of a result. `info` tells the numbers of tags in the default form."""
    return _Printer(readback, pretty, info).show(term)


def show_main(term: result.Term, readback: Form = 'default', pretty: bool = False,
              info: BookInfo = NO_BOOK) -> str | None:
    """The text of the result of `main`; in the default form that of the value in `IO/Done`, None where that is `*`."""
    if readback == 'default':
        value = done_value(term)
        if value is not None and isinstance(value, result.Eraser):
            return None
        term = value or term
    return show(term, readback, pretty, info)


def done_value(term: result.Term) -> result.Term | None:
    """The value in `IO/Done`; None for anything else."""
    if isinstance(term, result.Constructor) and term.name == 'IO/Done' and term.fields:
        return term.fields[-1]
    return None


class _Printer:
    """Prints by a stack of what is still to come: terms, text, and changes of the indentation."""

    def __init__(self, form: Form, pretty: bool, info: BookInfo) -> None:
        self.form = form
        self.pretty = pretty
        self.info = info
        self.indent = 0
        self.irregular: set[int] = set()
        self.todo: list[_Piece] = []

    def show(self, term: result.Term) -> str:
        """The text of a term."""
        pieces: list[str] = []
        self.todo.append(term)
        while self.todo:
            item = self.todo.pop()
            if isinstance(item, str):
                pieces.append('\n' + '  ' * self.indent if item == '\n' else item)
            elif isinstance(item, int):
                self.indent += item
            else:
                self.todo.extend(reversed(self.parts(item)))
        return ''.join(pieces)

    def parts(self, term: result.Term) -> list[_Piece]:
        """What the term prints as, in order."""
        match term:
            case result.Variable(name, unscoped):
                return [f'${name}' if unscoped else name]
            case result.Function(name, body, unscoped):
                return [f'λ${name} ' if unscoped else f'λ{name or "*"} ', body]
            case result.Application():
                return self.application(term)
            case result.Pair(first, second):
                return ['(', first, ', ', second, ')']
            case result.Superposition(first, second):
                return ['{', first, ' ', second, '}']
            case result.Duplication(first, second, value, body, unscoped):
                names = (f'${name}' if name in unscoped else name or '*' for name in (first, second))
                return [f'let {{{" ".join(names)}}} = ', value, ';', '\n' if self.pretty else ' ', body]
            case result.Number(word):
                return [num.show_bend(word)]
            case result.Operation(operator, left, right):
                return [f'({operator} ', left, ' ', right, ')']
            case result.Switch(bound, argument, zero, successor):
                if self.pretty:
                    arms: list[_Piece] = ['\n', '0: ', 1, zero, -1, ';', '\n', '_: ', 1, successor, -1, ';']
                    return [f'switch {bound} = ', argument, ' {', 1, *arms, -1, '\n', '}']
                return [f'switch {bound} = ', argument, ' { 0: ', zero, '; _: ', successor, '; }']
            case result.Reference(name):
                return [self.reference(name)]
            case result.Constructor():
                return self.constructor(term)
            case result.Eraser():
                return ['*']
            case result.Invalid():
                return ['<Invalid>']

    def application(self, term: result.Application) -> list[_Piece]:
        """`(f a b)`."""
        arguments: list[result.Term] = []
        head: result.Term = term
        while isinstance(head, result.Application):
            arguments.append(head.argument)
            head = head.function
        parts: list[_Piece] = ['(', head]
        for argument in reversed(arguments):
            parts += [' ', argument]
        return [*parts, ')']

    def reference(self, name: str) -> str:
        """A folded reference."""
        if name == LIST[1]:
            return '[]'
        if name == STRING[1]:
            return '""'
        hidden = name.startswith(HIDDEN)
        if name.endswith('/tag') and (hidden or self.form == 'default'):
            constructor = self.info.constructors.get(name.removesuffix('/tag'))
            return name if constructor is None else str(constructor.tag)
        if self.form == 'default':
            return name.removeprefix(HIDDEN)
        return self.hidden_constructor(name) if hidden and name in self.info.constructors else name

    def hidden_constructor(self, name: str) -> str:
        """A constructor that the main file does not import, as the function that it is (lambda form)."""
        *fields, binder = map(letters, range(self.info.constructors[name].arity + 1))
        return f'{"".join(f"λ{field} " for field in fields)}λ{binder} ({" ".join([binder, self.tag(name), *fields])})'

    def tag(self, name: str) -> str:
        """The tag of a constructor."""
        return self.reference(f'{name}/tag')

    def constructor(self, term: result.Constructor) -> list[_Piece]:
        """A list, a string, or a constructor with its fields."""
        if id(term) not in self.irregular:
            cells = self.cells(term)
            if cells is not None:
                return self.string_literal(cells) if term.name == STRING[0] else self.list_literal(cells)
        if self.form == 'default' and term.name in (LIST[1], STRING[1]):
            return [self.reference(term.name)]
        parts: list[_Piece]
        if self.form == 'lambda':
            encoded = f'λ{term.binder} ({term.binder} {self.tag(term.name)}'
            parts = [encoded if term.binder is not None else f'({self.reference(term.name)}']
            for field in term.fields:
                parts += [' ', field]
            return [*parts, ')']
        name = term.name.removeprefix(HIDDEN)
        if not term.fields:
            return [name]
        parts = [f'{name}(', term.fields[0]]
        for field in term.fields[1:]:
            parts += [', ', field]
        return [*parts, ')']

    def cells(self, term: result.Constructor) -> list[result.Term] | None:
        """The elements of a proper list, or the characters of a proper string. Otherwise the cells that spoil it are
        remembered, so that each is looked at once."""
        if term.name not in (LIST[0], STRING[0]):
            return None
        nil = LIST[1] if term.name == LIST[0] else STRING[1]
        elements: list[result.Term] = []
        chain: list[result.Constructor] = []
        spoilt = 0
        tail: result.Term = term
        while isinstance(tail, result.Constructor) and tail.name == term.name:
            head, rest = tail.fields
            elements.append(head)
            chain.append(tail)
            if term.name == STRING[0] and not isinstance(head, result.Number):
                spoilt = len(chain)
            tail = rest
        if not self.is_nil(tail, nil):
            spoilt = len(chain)
        self.irregular.update(id(cell) for cell in chain[:spoilt])
        return None if spoilt else elements

    def is_nil(self, term: result.Term, nil: str) -> bool:
        """Whether a chain of cells ends properly; in the lambda form an expanded end does not count."""
        if isinstance(term, result.Reference):
            return term.name == nil
        return self.form == 'default' and isinstance(term, result.Constructor) and term.name == nil

    def list_literal(self, elements: list[result.Term]) -> list[_Piece]:
        """`[a, b]`."""
        parts: list[_Piece] = ['[', elements[0]]
        for element in elements[1:]:
            parts += [' ' if self.pretty else ', ', element]
        return [*parts, ']']

    def string_literal(self, characters: list[result.Term]) -> list[_Piece]:
        """A quoted string."""
        return [quote([character.word >> num.TYPE_BITS for character in characters
                       if isinstance(character, result.Number)])]


def quote(points: list[int]) -> str:
    """Code points as a string literal; impossible ones show as U+FFFD."""
    return quoted(''.join(chr(point) if is_code_point(point) else '\ufffd' for point in points))
