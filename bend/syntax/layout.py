"""Splits a text into its top-level items and marks lines and blocks of imp code with NEWLINE, INDENT and DEDENT.

Inside brackets a line break is a plain blank. Any indentation will do that is deeper than that of the enclosing
block and the same for all statements of a block. fun items have no layout: all fun items up to the next item that
starts with a keyword in the first column come as one run of tokens, which the grammar splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bend.source import Source
from bend.syntax.lexer import ITEM_START, TOKEN, ItemKind, Lexer, Token, Tokens, item_kind, starts_line

_BLANKS = re.compile(r'(?:[ \t\r\n\f\v]+|\#(?!\{)[^\n]*|\#\{(?:[^#]|\#(?!\}))*\#\})*')
_BETWEEN = frozenset(('blank', 'newline', 'tab', 'comment', 'block'))
_EQUATION = re.compile(r'[A-Za-z_./(][^=\n]*=(?!=)')
_NET_END = re.compile(r'^(?![ \t\r\n&]|\Z)', re.MULTILINE)

_NAME_HINT = "Names are made of ASCII letters, digits, '_', '.', '/' and '-'."
_CHARACTER_HINTS = {
    '\\': "A function is written 'lambda x: x + 1', or 'λx (+ x 1)' outside of 'def'.",
    '$': "'$' begins the name of an unscoped variable, as in '$x'.",
    **dict.fromkeys('“”„«»', 'Strings stand in straight quotes: "..."'),
    **dict.fromkeys('‘’', "Characters stand in straight quotes: 'c'"),
    **dict.fromkeys('–—−', "A minus is written '-'."),
    '×': "Multiplication is written '*'.", '÷': "Division is written '/'.",
    '≤': "Write '<='.", '≥': "Write '>='.", '≠': "Write '!='.",
}


def split(source: Source, offset: int = 0, end: int | None = None) -> Iterator[Tokens]:
    """The tokens of the items of a text in order, from an offset on; runs of fun items come together."""
    text = source.text
    end = len(text) if end is None else end
    offset = _skip_blanks(text, offset)
    while offset < end:
        kind = item_kind(text, offset)
        if kind == 'hvm':
            tokens = _hvm(source, offset)
        else:
            tokens = _Reader(source, kind).read(offset)
        yield tokens
        offset = _skip_blanks(text, tokens.end)


def term(source: Source) -> Tokens:
    """The tokens of a text that is one fun term."""
    return _Reader(source, 'fun').read(_skip_blanks(source.text, 0))


def _skip_blanks(text: str, offset: int) -> int:
    found = _BLANKS.match(text, offset)
    return found.end() if found else offset


def _hvm(source: Source, offset: int) -> Tokens:
    """The header of an `hvm` item as tokens; `end` is where its net (lines not in the first column) ends."""
    text = source.text
    line_end = text.find('\n', offset)
    if line_end < 0:
        line_end = len(text)
    tokens = _Reader(source, 'hvm').read(offset, line_end)
    found = _NET_END.search(text, line_end + 1)
    tokens.end = found.start() if found else len(text)
    return tokens


class _Reader:
    """Reads one item."""

    def __init__(self, source: Source, kind: ItemKind) -> None:
        self.source = source
        self.text = source.text
        self.lexer = Lexer(source, kind)
        self.imp = kind != 'fun'
        self.indents = [0]
        self.new_line = False
        self.tab = -1

    def read(self, offset: int, limit: int | None = None) -> Tokens:
        """The tokens from an offset to the end of the item."""
        text, lexer = self.text, self.lexer
        limit = len(text) if limit is None else limit
        first = offset
        if self.imp and not starts_line(text, offset):
            lexer.fail('indentation', 'This item must start in the first column.', offset, offset + 1,
                       'Remove the blanks before it.')
        while offset < limit:
            found = TOKEN.match(text, offset)
            group = found.lastgroup if found else None
            if found is None or group is None:
                offset = self._unreadable(offset)
                continue
            if group in _BETWEEN:
                if group != 'blank':
                    self._between(group, offset, found.end())
                offset = found.end()
                continue
            if offset != first and starts_line(text, offset):
                if self._item_ends(offset):
                    break
                if lexer.out.resume is None and _EQUATION.match(text, offset):
                    lexer.out.resume = offset
            if self.new_line:
                self._begin_line(offset)
            offset = lexer.take(group, offset, found.end())
        return self._finish(offset)

    def _item_ends(self, offset: int) -> bool:
        """Whether a token in the first column begins another item."""
        if ITEM_START.match(self.text, offset):
            return True
        return self.imp and not self.lexer.brackets

    def _between(self, group: str, start: int, end: int) -> None:
        """What is no token, but may end a line or tell how the next one is indented."""
        if group == 'newline':
            self.new_line = self.imp and not self.lexer.brackets
            self.tab = -1
        elif group == 'tab':
            if self.tab < 0:
                self.tab = start
        elif group == 'block':
            if not self.text.endswith('#}', start, end):
                self.lexer.fail('syntax', 'This comment is never closed.', start, start + 2, "Close it with '#}'.")
            if '\n' in self.text[start:end]:
                self.new_line = self.imp and not self.lexer.brackets
                self.tab = -1

    def _begin_line(self, offset: int) -> None:
        """Marks the end of a line and the blocks that begin or end between it and the line of the next token."""
        self.new_line = False
        lexer = self.lexer
        if self.tab >= 0:
            lexer.fail('tabs', 'There is a tab in the indentation.', self.tab, self.tab + 1, 'Indent with spaces.')
            self.tab = -1
        column = offset - (self.text.rfind('\n', 0, offset) + 1)
        self._mark_line_end()
        if column > self.indents[-1]:
            self.indents.append(column)
            self._mark('INDENT', offset)
        else:
            while column < self.indents[-1]:
                outer = self.indents[-2]
                if column > outer:
                    lexer.fail('indentation', f'Expected {self.indents[-1]} spaces of indentation (or {outer}), '
                               f'found {column}.', offset - column, offset,
                               'All statements of a block start in the same column.')
                    self.indents[-1] = column
                    break
                self.indents.pop()
                self._mark('DEDENT', offset)
        lexer.begin_line()

    def _mark(self, kind: str, offset: int) -> None:
        self.lexer.out.tokens.append(Token(kind, '', offset, offset))

    def _mark_line_end(self) -> None:
        tokens = self.lexer.out.tokens
        self._mark('NEWLINE', tokens[-1].end if tokens else 0)

    def _unreadable(self, offset: int) -> int:
        """Records a character that begins no token; gives the offset to go on from."""
        text, lexer = self.text, self.lexer
        character = text[offset]
        if character in '"\'`':
            what = {'"': 'string', "'": 'character', '`': 'symbol'}[character]
            line_end = text.find('\n', offset)
            end = line_end if line_end >= 0 else len(text)
            if character == "'":
                lexer.fail('syntax', 'A character literal holds exactly one character.', offset, offset + 1,
                           "Write it as 'c'; for text use \"...\".")
            else:
                lexer.fail('syntax', f'This {what} is never closed.', offset, offset + 1, f'Close it with {character}')
            return end
        lexer.fail('syntax', f'There is an unexpected character: {character}', offset, offset + 1,
                   _CHARACTER_HINTS.get(character, _NAME_HINT if character.isalpha() else ''))
        return offset + 1

    def _finish(self, offset: int) -> Tokens:
        out = self.lexer.out
        end = out.tokens[-1].end if out.tokens else offset
        if self.imp:
            self._mark_line_end()
            for _ in self.indents[1:]:
                self._mark('DEDENT', end)
        self._mark('END', end)
        out.end = offset
        if not self.lexer.brackets:
            out.resume = None
        return out
