"""Makes the page on the standard library, `docs/stdlib.md`, of the comments in `stdlib/*.bend`.

    python docs/make_stdlib.py

A module begins with a comment about the module. The comment directly above a definition is about that definition; lines
in it of the form `f(x) = y` are examples. Definitions with a dot in their name are parts of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'stdlib.md'
MODULES = ROOT / 'stdlib'

TITLES = {'defer': 'Deferred calls', 'difflist': 'DiffList', 'dylib': 'IO/DyLib', 'files': 'IO/FS', 'io': 'IO',
          'number': 'Numbers'}
"""Titles of modules that are not just the module's name."""

_EXAMPLE = re.compile(r'([A-Za-z][\w./]*\(.*\)) = (.+)')
_HEAD = re.compile(r'(?:def|hvm|object)\s+(?:unchecked\s+|checked\s+)?([\w./-]+)')

INTRODUCTION = """\
# The standard library

These types and functions are there in every program, without an import. A definition of your own with one of their
names takes its place in your program ([Names](language/programs.md#names)). This page is made of the comments in
[stdlib/](../stdlib), where the code can be read.

Functions that look at a structure and do not change it give it back together with what they found, such as
`List/length(xs)`, which is `(length, xs)`: a value that is used twice has to be copied.
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A definition: its name, how it is declared, what its comment says, and its examples (both sides)."""

    name: str
    declaration: str
    comment: str
    examples: tuple[tuple[str, str], ...]

    @property
    def is_type(self) -> bool:
        """Whether it is a type."""
        return self.declaration.startswith('type')

    @property
    def is_part(self) -> bool:
        """Whether it is only there for another definition."""
        return '.' in self.name


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the library."""

    title: str
    comment: str
    items: tuple[Item, ...]


def modules() -> list[Module]:
    """The modules in the order of their titles."""
    found = []
    for path in MODULES.glob('*.bend'):
        first, *others = re.split(r'\n{2,}', path.read_text(encoding='utf-8').strip())
        title = TITLES.get(path.stem, path.stem.capitalize())
        found.append(Module(title, _text(first.split('\n')), tuple(_items(others))))
    return sorted(found, key=lambda module: module.title)


def _items(paragraphs: list[str]) -> Iterator[Item]:
    """The definitions among the paragraphs of a file. (A definition may have several; the first one declares it.)"""
    for paragraph in paragraphs:
        lines = paragraph.split('\n')
        comments = [line for line in lines if line.startswith('#')]
        code = lines[len(comments):]
        if not code or code[0].startswith(' '):
            continue
        declaration, name = _declaration(code)
        examples = [found for line in comments if (found := _EXAMPLE.fullmatch(line.lstrip('# ')))]
        texts = [line for line in comments if not _EXAMPLE.fullmatch(line.lstrip('# '))]
        yield Item(name, declaration, _text(texts), tuple((found[1], found[2]) for found in examples))


def _declaration(code: list[str]) -> tuple[str, str]:
    """What a definition looks like to its users, and its name."""
    if code[0].startswith('type'):
        name = re.split(r'[\s(:]+', code[0])[1]
        return '\n'.join(code), name
    found = _HEAD.match(code[0])
    assert found, code[0]
    if code[0].startswith('object'):
        return '\n'.join(code), found[1]
    end = next(index for index, line in enumerate(code) if line.endswith(':'))
    head = ' '.join(line.strip() for line in code[:end + 1]).replace('( ', '(').replace(' )', ')')
    signature = head[found.end():].rstrip(':').strip()
    if code[0].startswith('hvm'):
        return f'{found[1]} : {signature.removeprefix("->").strip()}', found[1]
    return found[1] + signature.removeprefix('()'), found[1]


def _text(comments: list[str]) -> str:
    return '\n'.join(re.sub('^# ?', '', line) for line in comments)


def page() -> str:
    """The text of the page."""
    found = modules()
    contents = [f'| [{module.title}](#{_anchor(module.title)}) | {_summary(module)} |' for module in found]
    parts = [INTRODUCTION, '\n'.join(['| module | |', '|---|---|', *contents]) + '\n']
    return '\n'.join([*parts, *map(_module, found)])


def _anchor(title: str) -> str:
    return title.lower().replace('/', '').replace(' ', '-')


def _summary(module: Module) -> str:
    return module.comment.split('\n\n')[0].replace('\n', ' ').split('. ')[0].rstrip('.')


def _module(module: Module) -> str:
    types = [item for item in module.items if item.is_type]
    functions = [item for item in module.items if not item.is_type and not item.is_part]
    parts = [item for item in module.items if item.is_part]
    lines = [f'## {module.title}\n', f'{module.comment}\n']
    for item in types:
        lines += [f'```bend fragment\n{item.declaration}\n```\n', *([f'{item.comment}\n'] if item.comment else [])]
    lines += map(_function, functions)
    if parts:
        lines.append('Parts of the functions above:\n')
        lines += ['* `{}`: {}'.format(item.declaration, item.comment.replace('\n', '\n  ')) for item in parts]
        lines.append('')
    return '\n'.join(lines)


def _function(item: Item) -> str:
    examples = ''.join(f'{left} = {right}\n' for left, right in item.examples)
    return (f'### {item.name}\n\n```\n{item.declaration}\n```\n\n{item.comment}\n'
            + (f'\n```\n{examples}```\n' if examples else ''))


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
