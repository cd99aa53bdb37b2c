"""HVM core text: parser and printer (spec 05, sections 1 and 8).

Trees may be very deep, and so both work with explicit stacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from bend.diagnostics import BendError, Diagnostic, Label, error
from bend.hvm import f24
from bend.hvm.net import Book, Con, Dup, Era, Net, Num, Opr, Place, Redex, Ref, Swi, Tree, Var
from bend.hvm.numbers import (
    F24,
    I24,
    SYMBOLS,
    TYPE_BITS,
    U24,
    make_partial,
    make_symbol,
    make_word,
    show_literal,
)
from bend.records import dataclass
from bend.source import Source, Span
from bend.suggest import closest, did_you_mean

_BLANKS = re.compile(r'(?:[ \t\n\r\f]+|//[^\n]*)*')
_NAME = re.compile(r'[A-Za-z0-9_.\-/$]+')
_LITERAL = re.compile(r'(?:[^\W_]|[+\-.])+')
_OPERATOR = re.compile(r':<<|:>>|<<|>>|:-|:/|:%|[-+*/%=!<>&|^]')
_CAST = re.compile(r'u24|i24|f24')
_FLOAT = re.compile(
    r'[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)', re.IGNORECASE | re.ASCII
)
_INTEGER = re.compile(r'0x([0-9A-Fa-f]+)|0b([01]+)|(?!0[xb])([0-9]+)', re.ASCII)
_OPEN_OPERATION = re.compile(_BLANKS.pattern.join((r'\$', r'\(')))
_OPEN_SWITCH = re.compile(_BLANKS.pattern.join((r'\?', r'\(')))

_CODES: dict[str, int] = {symbol: code for code, symbol in SYMBOLS.items()}
_MAKE: dict[type[Tree], Callable[[Tree, Tree], Tree]] = {Con: Con, Dup: Dup, Opr: Opr, Swi: Swi}
_OPENING: dict[type[Tree], str] = {Con: '(', Dup: '{', Opr: '$(', Swi: '?('}
_CLOSING: dict[type[Tree], str] = {Con: ')', Dup: '}', Opr: ')', Swi: ')'}
_ERA = Era()
_OPERATORS = [symbol for symbol in SYMBOLS.values() if not symbol[0].isalpha() and symbol[0] != ':']
_NUMBER_HINT = 'Write 7, 0x1F, 0b11, +7, -7, 1.5, 1.5e3, +inf, +NaN.'
_MOST_PLACES = 4
"""How many places of one wire a diagnostic shows."""


@dataclass(slots=True)
class _Mentions:
    """Where the variables and references of one definition stand."""

    variables: dict[str, list[Span]] = field(default_factory=dict)
    references: dict[str, Span] = field(default_factory=dict)


class _Parser:
    """A cursor in a source; `mentions` collects the places of the names of the net being read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.mentions = _Mentions()
        self.definition = ''
        self.blanks()

    def blanks(self) -> None:
        """Skips blanks and comments."""
        match = _BLANKS.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def span(self, start: int, end: int | None = None) -> Span:
        """From a start up to an end, or to the cursor."""
        return Span(self.source, start, self.at if end is None else end)

    def fail(self, expected: str, at: int | None = None) -> BendError:
        """A syntax error at the cursor."""
        at = self.at if at is None else at
        found = f'`{self.text[at]}`' if at < len(self.text) else 'the end of the text'
        return BendError(error('syntax', f'Expected {expected}, found {found}.', self.span(at, at + 1),
                               hint=self._hint(expected, self.text[at:at + 1])))

    def _hint(self, expected: str, found: str) -> str:
        """How to mend a syntax error."""
        if found == '#':
            return 'Comments begin with `//`.'
        if found == '!' and expected == 'a tree':
            return 'The mark of a parallel pair is written without a blank: `&!`.'
        if expected in ('`)`', '`}`') or (expected == 'a tree' and found in (')', '}')):
            return 'A node holds exactly two trees, `(a b)`; nest them for more, as in `(a (b c))`.'
        if expected == 'an operator or a cast':
            return (f'Operators are {" ".join(_OPERATORS)}, with a `:` before them to exchange their operands;\n'
                    'casts are u24 i24 f24. They follow the `[` without a blank.')
        if expected == 'a number':
            return _NUMBER_HINT
        if found == '_':
            return 'The digits of a number have no `_` between them here.'
        return 'A net is written `tree & tree ~ tree ...`, in a `.hvm` file after `@name =`.'

    def expect(self, token: str) -> None:
        """Takes a token and the blanks after it."""
        if not self.text.startswith(token, self.at):
            raise self.fail(f'`{token}`')
        self.at += len(token)
        self.blanks()

    def name(self) -> str:
        """Takes a name and the blanks after it."""
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self.fail('a name')
        self.at = match.end()
        self.blanks()
        return match.group()

    def net(self) -> Net:
        """Takes a root and the active pairs after it."""
        root = self.tree()
        redexes: list[Redex] = []
        while self.text.startswith('&', self.at):
            self.at += 1
            parallel = self.text.startswith('!', self.at)
            self.at += parallel
            self.blanks()
            left = self.tree()
            self.expect('~')
            redexes.append(Redex(left, self.tree(), parallel))
        return Net(root, tuple(redexes))

    def tree(self) -> Tree:
        """Takes one tree and the blanks after it."""
        pending: list[tuple[type[Tree], int, list[Tree]]] = []
        while True:
            start = self.at
            kind = self.opening()
            if kind is not None:
                pending.append((kind, start, []))
                continue
            tree = self.leaf()
            while pending:
                kind, start, children = pending[-1]
                children.append(tree)
                if len(children) < 2:
                    break
                pending.pop()
                end = self.at + 1
                self.expect(_CLOSING[kind])
                first, second = children
                tree = Opr(first, second, self.place(start, end)) if kind is Opr else _MAKE[kind](first, second)
            else:
                return tree

    def place(self, start: int, end: int) -> Place | None:
        """The place of an operation, if its definition is known."""
        return Place(self.definition, self.span(start, end)) if self.definition else None

    def opening(self) -> type[Tree] | None:
        """Takes the opening bracket of a binary node, if one comes."""
        char = self.text[self.at:self.at + 1]
        if char == '(':
            self.at += 1
            self.blanks()
            return Con
        if char == '{':
            self.at += 1
            self.blanks()
            return Dup
        for mark, pattern, kind in (('$', _OPEN_OPERATION, Opr), ('?', _OPEN_SWITCH, Swi)):
            if char == mark and (match := pattern.match(self.text, self.at)):
                self.at = match.end()
                self.blanks()
                return kind
        return None

    def leaf(self) -> Tree:
        """Takes a tree without children."""
        start = self.at
        char = self.text[start:start + 1]
        if char == '*':
            self.expect('*')
            return _ERA
        if char == '@':
            self.expect('@')
            name_start = self.at
            name = self.name()
            self.mentions.references.setdefault(name, self.span(start, name_start + len(name)))
            return Ref(name)
        if char == '[':
            return Num(self.symbol())
        if char and char in '0123456789+-':
            number = self.literal()
            self.blanks()
            return Num(number)
        if char == '$' or not _NAME.match(self.text, start):
            raise self.fail('a tree')
        name = self.name()
        self.mentions.variables.setdefault(name, []).append(self.span(start, start + len(name)))
        return Var(name)

    def symbol(self) -> int:
        """Takes an operator or cast in brackets, with an operand if there is one."""
        self.at += 1
        cast = _CAST.match(self.text, self.at)
        if cast is not None:
            self.at = cast.end()
            self.blanks()
            self.expect(']')
            return make_symbol(_CODES[cast.group()])
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            raise self.fail('an operator or a cast')
        self.at = match.end()
        code = _CODES[match.group()]
        self.blanks()
        if self.text.startswith(']', self.at):
            self.expect(']')
            return make_symbol(code)
        operand = self.literal()
        self.blanks()
        self.expect(']')
        return make_partial(code, operand >> TYPE_BITS)

    def literal(self) -> int:
        """Takes a plain number: a float if it has a point, `inf` or `NaN`, signed if it has a sign (spec 05, 1.2)."""
        start = self.at
        match = _LITERAL.match(self.text, start)
        if match is None:
            raise self.fail('a number')
        token = match.group()
        if '.' in token or 'inf' in token or 'NaN' in token:
            if not _FLOAT.fullmatch(token):
                raise self.bad_number('syntax', 'This is not a number.', self.span(start, match.end()))
            self.at = match.end()
            return make_word(f24.pack_f24(float(token)), F24)
        sign = token[0] if token[0] in '+-' else ''
        digits = _INTEGER.match(token, len(sign))
        if digits is None:
            raise self.bad_number('syntax', 'This is not a number.', self.span(start, match.end()))
        self.at = match.end()
        value = _integer_value(digits)
        if value is None:
            raise self.bad_number('number-range', 'This number does not fit in 64 bits.', self.span(start))
        return make_word(-value if sign == '-' else value, I24 if sign else U24)

    @staticmethod
    def bad_number(code: str, message: str, span: Span) -> BendError:
        """An error about a number literal."""
        return BendError(error(code, message, span, hint=_NUMBER_HINT))


def _integer_value(digits: re.Match[str]) -> int | None:
    """The value of an integer literal; None from 2^64 on."""
    hexadecimal, binary, decimal = digits.groups()
    text, base = (hexadecimal, 16) if hexadecimal else (binary, 2) if binary else (decimal, 10)
    text = text.lstrip('0') or '0'
    value = int(text, base) if len(text) <= 64 else 1 << 64
    return value if value < 1 << 64 else None


@dataclass(frozen=True, slots=True)
class BookText:
    """A book with the places in its text: of the definitions by name, and of all ends of variables by definition."""

    book: Book
    names: Mapping[str, Span]
    variables: Mapping[str, Mapping[str, Sequence[Span]]]


def parse_book(source: Source, *, require_main: bool = True) -> Book:
    """The definitions of a core text. Raises as `parse_book_text` does."""
    return parse_book_text(source, require_main=require_main).book


def parse_book_text(source: Source, *, require_main: bool = True) -> BookText:
    """The definitions of a core text and where they stand.

    Raises BendError for wrong syntax, a name that is defined twice, a reference to nothing, a variable that does not
    occur exactly twice in its definition, and, unless `require_main` is off, a missing `@main`.
    """
    parser = _Parser(source)
    defs: dict[str, Net] = {}
    names: dict[str, Span] = {}
    mentions: dict[str, _Mentions] = {}
    problems: list[Diagnostic] = []
    while parser.at < len(parser.text):
        start = parser.at
        parser.expect('@')
        name_start = parser.at
        name = parser.name()
        span = parser.span(start, name_start + len(name))
        if name in names:
            problems.append(_redefinition(name, span, names[name]))
        names.setdefault(name, span)
        parser.expect('=')
        parser.mentions = mentions[name] = _Mentions()
        parser.definition = name
        defs[name] = parser.net()
        problems += _nonlinear(parser.mentions, name)
    for name, found in mentions.items():
        problems += (_unbound(reference, name, span, defs) for reference, span in found.references.items()
                     if reference not in defs)
    if require_main and 'main' not in defs:
        problems.append(_missing_main(Span(source, 0, 0), defs))
    if problems:
        raise BendError(problems)
    return BookText(Book(defs), names, {name: found.variables for name, found in mentions.items()})


def parse_net(source: Source, *, linear: bool = True, definition: str = '') -> Net:
    """A net: the body of a definition, whose name is for the places of operations, or a printed result.

    Raises BendError for wrong syntax and, unless `linear` is off, for variables that do not occur exactly twice.
    """
    parser = _Parser(source)
    parser.definition = definition
    net = parser.net()
    if parser.at < len(parser.text):
        raise parser.fail('`&` or the end of the net')
    problems = list(_nonlinear(parser.mentions, '')) if linear else []
    if problems:
        raise BendError(problems)
    return net


def check_book(book: Book) -> None:
    """Raises BendError if there is no `main`, a reference leads nowhere, or a variable does not occur exactly twice."""
    problems: list[Diagnostic] = []
    for name, net in book.defs.items():
        counts: dict[str, int] = {}
        references: dict[str, None] = {}
        for tree in net_leaves(net):
            if isinstance(tree, Var):
                counts[tree.name] = counts.get(tree.name, 0) + 1
            elif isinstance(tree, Ref):
                references[tree.name] = None
        problems += (_wrong_count(variable, count, name) for variable, count in counts.items() if count != 2)
        problems += (_unbound(reference, name, None, book.defs) for reference in references
                     if reference not in book.defs)
    if 'main' not in book.defs:
        problems.append(_missing_main(None, book.defs))
    if problems:
        raise BendError(problems)


def net_leaves(net: Net) -> Iterator[Tree]:
    """The trees without children in a net, in written order."""
    stack: list[Tree] = []
    for redex in reversed(net.redexes):
        stack += (redex.right, redex.left)
    stack.append(net.root)
    while stack:
        tree = stack.pop()
        if isinstance(tree, Con | Dup | Opr | Swi):
            stack += (tree.second, tree.first)
        else:
            yield tree


def _nonlinear(mentions: _Mentions, definition: str) -> Iterator[Diagnostic]:
    for variable, spans in mentions.variables.items():
        if len(spans) != 2:
            yield _wrong_count(variable, len(spans), definition, spans)


def _wrong_count(variable: str, count: int, definition: str, spans: Sequence[Span] = ()) -> Diagnostic:
    """What to say about a wire that has not two ends; the last of its places is the main one."""
    times = 'once' if count == 1 else f'{count} times'
    labels = tuple(Label(span, 'also here' if number else '') for number, span in enumerate(reversed(spans)))
    hint = ('A variable is a wire with two ends: put `*` where nothing uses what comes.' if count == 1 else
            'A variable is a wire with two ends: copy with `{a b}`, whose parts are new names.')
    return Diagnostic('nonlinear-variable', f'Variable `{variable}` occurs {times} instead of twice.',
                      labels[:_MOST_PLACES], hint, definition=definition)


def _redefinition(name: str, span: Span, first: Span) -> Diagnostic:
    return Diagnostic('redefinition', f'The definition `@{name}` stands here a second time.',
                      (Label(span), Label(first, 'first defined here')), 'Rename one of them, or take it away.')


def _unbound(reference: str, definition: str, span: Span | None, known: Iterable[str]) -> Diagnostic:
    return error('unbound-definition', f'Unbound definition: `@{reference}`.', span,
                 hint=did_you_mean(reference, known) or 'Define it in this file, or correct the name.',
                 definition=definition)


def _missing_main(span: Span | None, known: Iterable[str]) -> Diagnostic:
    similar = ''.join(f', or rename `@{name}`' for name in closest('main', known)[:1])
    return error('missing-main', 'There is no definition `@main`.', span,
                 hint=f'A program starts there: add `@main = ...`{similar}.')


def print_book(book: Book, number: Callable[[int], str] = show_literal) -> str:
    """The text of a book: definitions in byte order of their names, an empty line after each, and one at the end."""
    parts: list[str] = []
    for name in sorted(book.defs, key=str.encode):
        parts.append(f'@{name} = {print_net(book.defs[name], number)}\n\n')
    return ''.join(parts) + '\n'


def print_net(net: Net, number: Callable[[int], str] = show_literal) -> str:
    """The text of a net: its root, and each active pair on its own line, without a line break at the end."""
    lines = [print_tree(net.root, number)]
    for redex in net.redexes:
        mark = '&!' if redex.parallel else '& '
        lines.append(f'  {mark}{print_tree(redex.left, number)} ~ {print_tree(redex.right, number)}')
    return '\n'.join(lines)


def print_tree(tree: Tree, number: Callable[[int], str] = show_literal) -> str:
    """The text of a tree on one line; `number` prints number words (`show_net` gives results their form)."""
    parts: list[str] = []
    stack: list[Tree | str] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif isinstance(item, Con | Dup | Opr | Swi):
            parts.append(_OPENING[type(item)])
            stack += (_CLOSING[type(item)], item.second, ' ', item.first)
        elif isinstance(item, Num):
            parts.append(number(item.word))
        elif isinstance(item, Var):
            parts.append(item.name)
        elif isinstance(item, Ref):
            parts.append('@' + item.name)
        else:
            parts.append('*')
    return ''.join(parts)
