"""Printed results up to the names of variables, with their scopes: the names of different variables may be the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z0-9_./@%:+-]+|!\[|\s+|.', re.DOTALL)
_ENDS = {'(': ')', '[': ']', '{': '}', '![': ']'}

Names = Mapping[str, str]


def same_text(text: str, other: str) -> bool:
    """Whether two printed results differ in nothing but names."""
    return canonical(text) == canonical(other)


def canonical(text: str) -> str:
    """A printed result whose variables are named in the order in which they are bound."""
    reader = _Reader([word for word in _WORD.findall(text) if not word.isspace()])
    while not reader.at_end():
        reader.term({})
    return ' '.join(reader.done)


class _Reader:
    """Reads terms and writes them with other names. `unscoped` are variables whose scope is everything."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.position = 0
        self.done: list[str] = []
        self.bound = 0
        self.unscoped: dict[str, str] = {}

    def at_end(self) -> bool:
        """Whether all words are read."""
        return self.position == len(self.words)

    def next(self) -> str:
        """The next word, which is not written yet."""
        word = self.words[self.position] if self.position < len(self.words) else ''
        self.position += 1
        return word

    def copy(self) -> str:
        """The next word, written as it is."""
        self.done.append(self.next())
        return self.done[-1]

    def fresh(self) -> str:
        """The name of a variable that is bound now."""
        self.bound += 1
        return f'v{self.bound}'

    def term(self, names: Names) -> None:
        """Reads a term, or a sign between two."""
        word = self.copy()
        if word in _ENDS:
            while not self.at_end() and self.words[self.position] != _ENDS[word]:
                self.term(names)
            self.copy()
        elif word == 'λ':
            self.term({**names, **self.pattern('')})
        elif word == 'let':
            inner = self.pattern('=')
            self.copy()
            self.term(names)
            self.copy()
            self.term({**names, **inner})
        elif word == 'switch':
            self.switch(names)
        elif word == '$':
            self.done[-1] = self.unscoped.setdefault(self.next(), f'u{len(self.unscoped)}')
        elif word in names:
            self.done[-1] = names[word]

    def pattern(self, end: str) -> dict[str, str]:
        """Reads a name, or all before a sign: the names that are bound."""
        inner: dict[str, str] = {}
        while not self.at_end() and self.words[self.position] != end:
            word = self.copy()
            if word == '$':
                self.done[-1] = self.unscoped.setdefault(self.next(), f'u{len(self.unscoped)}')
            elif re.fullmatch('[a-z][a-z0-9]*', word):
                self.done[-1] = inner[word] = self.fresh()
            if not end:
                break
        return inner

    def switch(self, names: Names) -> None:
        """Reads a switch after its keyword; `a-1` is a variable in its last arm."""
        name = self.next()
        self.copy()
        self.term(names)
        new = self.fresh()
        inner = {**names, name: new, **{f'{name}-{count}': f'{new}-{count}' for count in range(1, 10)}}
        self.term(inner)
