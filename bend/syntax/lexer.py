"""Text to tokens, one top-level item at a time; which words are keywords depends on the place (spec 01 section 2)."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal

from bend.diagnostics import Diagnostic, error
from bend.records import dataclass
from bend.source import Source, Span

ItemKind = Literal['def', 'type', 'object', 'import', 'hvm', 'fun']


@dataclass(slots=True)
class Token:
    """A token: its type (what the grammar sees), its text, and its place in the source."""

    type: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Tokens:
    """The tokens of an item (in fun: of a run of items), the last of them `END`, and what was wrong in the text.

    `resume` is where a later item may begin inside brackets that are never closed.
    """

    kind: ItemKind
    tokens: list[Token] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)
    end: int = 0
    resume: int | None = None


TOKEN = re.compile(r'''
    (?P<blank>[ \r\f\v]+)
  | (?P<newline>\n)
  | (?P<tab>\t+)
  | (?P<comment>\#(?!\{)[^\n]*)
  | (?P<block>\#\{(?:[^#]|\#(?!\}))*(?:\#\}|\Z))
  | (?P<name>[A-Za-z_.](?:[A-Za-z0-9_.]|/(?!=)|-(?![>=]))*)
  | (?P<sign>[+-](?=[0-9]))
  | (?P<number>[0-9][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<char>'(?:\\u\{[^}'\n]*\}|\\.|[^\\])[ \t\r\n]*')
  | (?P<symbol>`[^`\n]*`)
  | (?P<unscoped>\$[A-Za-z0-9_./-]+)
  | (?P<open>!\[|[(\[{])
  | (?P<close>[)\]}])
  | (?P<arrow>->)
  | (?P<inplace>(?:[+\-*/&|^@])=(?!=))
  | (?P<op>\*\*|==|!=|<<|>>|<=|>=|[+\-/%<>&^])
  | (?P<other>[*|~:;,=!@λ])
''', re.VERBOSE | re.DOTALL)

_SLASH_NAME = re.compile(r'/[A-Za-z0-9_.-](?:[A-Za-z0-9_.]|/(?!=)|-(?![>=]))*')
_NUMBER = re.compile(r'[+-]?[0-9][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)?')
ITEM_START = re.compile(r'(?:def|type|object|hvm|from|import)(?![A-Za-z0-9_./-])(?=[ \t]+[A-Za-z0-9_./(-])')
_IMP_TYPE = re.compile(r'type[ \t]+[A-Za-z0-9_./-]+[ \t]*[:(]')
_SOFT_USE = re.compile(r'[ \t]*(?:=(?!=)|<-|,|\[|[-+*/&|^@]=(?!=))')
_NAME_FOLLOWS = re.compile(r'[ \t]+[A-Za-z0-9_./(-]')

_STATEMENTS = frozenset(('return', 'def', 'if', 'match', 'switch', 'fold', 'bend', 'with', 'open', 'use'))
_SOFT = frozenset(('elif', 'else', 'case', 'when'))
_FUN_KEYWORDS = frozenset((
    'use', 'let', 'ask', 'def', 'if', 'match', 'switch', 'with', 'fold', 'bend', 'open', 'elif', 'else', 'when'))
_WITH_CLAUSE = frozenset(('match', 'switch', 'fold'))
_OPERANDS = frozenset(('NAME', 'NUMBER', 'STRING', 'CHAR', 'SYMBOL', 'UNSCOPED', ')', ']', '}'))
_LITERALS = {'string': 'STRING', 'char': 'CHAR', 'symbol': 'SYMBOL', 'unscoped': 'UNSCOPED', 'number': 'NUMBER'}


def item_kind(text: str, offset: int) -> ItemKind:
    """What the top-level item at an offset is, by the table of spec 01 section 1.1."""
    found = ITEM_START.match(text, offset)
    if found is None:
        return 'fun'
    word = found.group()
    if word in ('from', 'import'):
        return 'import'
    if word == 'type':
        return 'type' if _IMP_TYPE.match(text, offset) else 'fun'
    if word == 'def':
        return 'def'
    return 'object' if word == 'object' else 'hvm'


def starts_line(text: str, offset: int) -> bool:
    """Whether an offset is at column 1."""
    return offset == 0 or text[offset - 1] == '\n'


class Lexer:
    """Reads the tokens of one item from an offset; `bend.syntax.layout` says where lines and blocks begin and end."""

    def __init__(self, source: Source, kind: ItemKind) -> None:
        self.source = source
        self.text = source.text
        self.out = Tokens(kind)
        self.imp = kind != 'fun'
        self.kind = kind
        self.brackets: list[str] = []
        self.operand = False
        self.statement_start = True
        self.in_pattern = True
        self.line_word = ''

    def fail(self, code: str, message: str, start: int, end: int, hint: str = '') -> None:
        """Records something that is wrong in the text; reading goes on."""
        self.out.errors.append(error(code, message, Span(self.source, start, end), hint=hint))

    def emit(self, kind: str, start: int, end: int) -> None:
        """Appends a token and keeps track of what may follow it."""
        self.out.tokens.append(Token(kind, self.text[start:end], start, end))
        self.operand = kind in _OPERANDS
        self.statement_start = kind == ':' and not self.brackets
        if kind == '=':
            self.in_pattern = False
        elif self.statement_start:
            self.in_pattern = True

    def begin_line(self) -> None:
        """Says that the next token is the first of a statement."""
        self.statement_start = True
        self.in_pattern = True
        self.operand = False
        self.line_word = ''

    def take(self, group: str, start: int, end: int) -> int:
        """Appends the token (not a blank) that matched as a group; gives the offset to go on from."""
        match group:
            case 'name':
                return self._name(start, end)
            case 'sign':
                return self._sign(start)
            case 'open':
                self.emit(self.text[start:end], start, end)
                self.brackets.append(self.text[end - 1])
            case 'close':
                if self.brackets:
                    self.brackets.pop()
                self.emit(self.text[start], start, end)
            case 'arrow':
                self.emit('->', start, end)
            case 'inplace':
                return self._in_place(start, end)
            case 'op':
                return self._operator(start, end)
            case 'other':
                self._other(start, end)
            case _:
                if group == 'unscoped':
                    self._check_name(start, end)
                self.emit(_LITERALS[group], start, end)
        return end

    def _name(self, start: int, end: int) -> int:
        self._check_name(start, end)
        word = self.text[start:end]
        kind = self._imp_word(word, end) if self.imp else self._fun_word(word, start, end)
        if self.statement_start:
            self.line_word = word
        if kind != 'NAME':
            self.in_pattern = False
        self.emit(kind, start, end)
        return end

    def _check_name(self, start: int, end: int) -> None:
        if '__' in self.text[start:end] and not self.source.builtin:
            self.fail('bad-name', f"The name '{self.text[start:end]}' contains '__'.", start, end,
                      'Names with two underscores in a row are kept for the compiler.')

    def _imp_word(self, word: str, end: int) -> str:
        """The token type of a word in imp, where most keywords only count at the start of a statement."""
        tokens = self.out.tokens
        if not tokens:
            return word
        if self.kind == 'import':
            return word if word in ('import', 'as') else 'NAME'
        if self.kind != 'def':
            return 'NAME'
        if self.statement_start and not self.brackets and (
                word in _STATEMENTS or (word in _SOFT and not _SOFT_USE.match(self.text, end))):
            return word
        if word == 'lambda' and not self.operand:
            return 'LAMBDA'
        if self.operand:
            comprehension = self.brackets and self.brackets[-1] == '[' and word in ('for', 'in', 'if')
            clause = not self.brackets and word == 'with' and self.line_word in _WITH_CLAUSE
            return word if comprehension or clause else 'NAME'
        checking = word in ('checked', 'unchecked') and tokens[-1].type == 'def'
        return word if checking and _NAME_FOLLOWS.match(self.text, end) else 'NAME'

    def _fun_word(self, word: str, start: int, end: int) -> str:
        """The token type of a word in fun."""
        if word in _FUN_KEYWORDS:
            return word
        tokens = self.out.tokens
        if word == 'type' and starts_line(self.text, start):
            return word
        if word in ('checked', 'unchecked') and _NAME_FOLLOWS.match(self.text, end):
            at_start = not self.brackets and (not tokens or starts_line(self.text, start) or tokens[-1].type == 'def')
            return word if at_start else 'NAME'
        return 'NAME'

    def _sign(self, start: int) -> int:
        """A sign before a digit belongs to the number wherever a term begins."""
        if self.imp and self.operand:
            self.emit('OP', start, start + 1)
            return start + 1
        found = _NUMBER.match(self.text, start)
        end = found.end() if found else start + 1
        self.emit('NUMBER', start, end)
        return end

    def _in_place(self, start: int, end: int) -> int:
        if self.imp:
            self.emit('INPLACE', start, end)
            return end
        kind = {'*': '*', '|': '|', '@': 'LAMBDA'}.get(self.text[start], 'OP')
        self.emit(kind, start, start + 1)
        return start + 1

    def _operator(self, start: int, end: int) -> int:
        text = self.text
        if text[start] == '/':
            term_position = not self.operand if self.imp else not (start and text[start - 1] == '(')
            found = _SLASH_NAME.match(text, start) if term_position else None
            if found:
                return self._name(start, found.end())
        if self.imp and self.in_pattern and not self.brackets and text.startswith('<-', start):
            self.in_pattern = False
            self.emit('<-', start, start + 2)
            return start + 2
        self.in_pattern = False
        self.emit('OP', start, end)
        return end

    def _other(self, start: int, end: int) -> None:
        kind = self.text[start]
        if kind == 'λ' or (kind == '@' and not self.imp):
            kind = 'LAMBDA'
        erases = kind == '*' and not self.operand
        self.emit(kind, start, end)
        self.operand = erases
