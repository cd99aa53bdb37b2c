"""Parts of C files that are not made from LIR: the texts of the host's part, literals, tables."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from bend.codegen.emit_c import indented, wrapped
from bend.hvm.characters import is_printable

_FOLDER = Path(__file__).resolve().parent.parent / 'runtime' / 'c'
_ESCAPES = {'\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\', '?': '\\?'}
_WIDTH = 100


def part(name: str) -> str:
    """The text of a file of the host's part."""
    return (_FOLDER / name).read_text(encoding='utf-8')


def literal(text: str) -> str:
    """A text as a string literal, on several lines if it has several."""
    lines = text.splitlines(keepends=True) or ['']
    return '\n'.join(f'"{"".join(map(_escaped, line))}"' for line in lines)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return ''.join(f'\\{byte:03o}' for byte in character.encode())


def array(head: str, items: Iterable[str]) -> Iterator[str]:
    """The definition of an array."""
    yield from indented([f'{head} = {{', *wrapped(items), '};'])


def switch_text(head: str, subject: str, texts: Iterable[tuple[int, str]], default: str | None) -> Iterator[str]:
    """A function that gives a text for a number; None is a null pointer."""
    lines = [f'{head} {{', f'switch ({subject}) {{']
    for number, text in texts:
        lines += [f'case {number}:', *_returned(text)]
    last = ['    return NULL;'] if default is None else _returned(default)
    yield from indented([*lines, 'default:', *last, '}', '}'])


def _returned(text: str) -> list[str]:
    first, *rest = literal(text).split('\n')
    lines = [f'    return {first}', *(f'        {line}' for line in rest)]
    return [*lines[:-1], f'{lines[-1]};']


@cache
def printable_ranges() -> tuple[tuple[int, int], ...]:
    """The code points that show as themselves in strings (`bend.hvm.characters`), as ranges."""
    found: list[tuple[int, int]] = []
    for code in range(0x110000):
        if not is_printable(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1] = found[-1][0], code
        else:
            found.append((code, code))
    return tuple(found)


def printable_table(has_strings: bool) -> Iterator[str]:
    """The table of these; programs without strings need none."""
    ranges: Sequence[tuple[int, int]] = printable_ranges() if has_strings else ((0x20, 0x7E),)
    yield '/* The characters that show as themselves in strings, as ranges. */'
    yield from array('static const u32 printable[][2]', (f'{{{first:#x}, {last:#x}}}' for first, last in ranges))


def kernel_comments(files: Iterable[Path]) -> dict[str, str]:
    """What the functions of kernel modules are for, by name: the first sentences of their docstrings."""
    found: dict[str, str] = {}
    for path in files:
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node)):
                found[node.name] = comment(text.split('\n\n')[0])
    return found


def comment(text: str) -> str:
    """A text as the inside of a comment, in lines that are not too long."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < _WIDTH:
            lines[-1] += f' {word}'
        else:
            lines.append(word)
    return '\n   '.join(lines)
