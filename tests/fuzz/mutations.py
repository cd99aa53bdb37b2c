"""Programs that are nearly right: those of the repository and generated ones, with some characters, tokens and lines
changed, moved, repeated, cut or made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from tests.native.programs import program

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 20_000

_TOKEN = re.compile(r'[A-Za-z0-9_./]+|\s+|"(?:[^"\\]|\\.)*"|[<>=!+*-]=|->|<-|.', re.DOTALL)
_NAMES = r'\b[A-Za-z_][A-Za-z0-9_./-]*'
_NUMBERS = r'(?<![\w.])[0-9]+(?:\.[0-9]+)?\b'
_OPERATORS = r'[+*/%&^-]|[<>=!]=|[<>]'
_WORD_TABLE = r'''
    def type object hvm from import return if elif else match switch fold bend when with open use let ask lambda λ @ for
    in as case checked unchecked fork wrap main List/Cons List/Nil Map/Empty String/Nil IO u24 i24 f24 Any None * _ $x ~
    -> <- = == != <= >= << >> ** += @= : ; , . | ! ![ ( ) [ ] { } " ' ` # #{ #} \ 0 1 -1 +1 0x 0b1 1.5 1e3 16777216
    -8388609 x x.y x-1 a/b __ % & ^ / // é 🙂'''
_WORDS = (*_WORD_TABLE.split(), '\t', '\r', '\0')
_LINES = ('\n', '\n\n', '\n  ', '\n    ', '\n\t', '\ndef main():\n  return 1\n', '\ntype T:\n  A { x }\n  B\n',
          '\n  match x:\n    case T/A:\n', '\nf 0 = 1\nf n = n\n', '\n  with IO:\n    x <- x\n', '\n  x = y\n')


@cache
def corpus() -> tuple[str, ...]:
    """The texts to start from."""
    texts = []
    for path in sorted(path for folder in ('examples', 'tests/golden', 'stdlib')
                       for path in ROOT.glob(f'{folder}/**/*.bend')):
        try:
            texts.append(path.read_text(encoding='utf-8'))
        except UnicodeDecodeError:
            continue
    return tuple(texts)


def text(random: Random) -> str:
    """A random text: nearly a program, or far from one."""
    choice = random.randrange(100)
    if choice < 3:
        return ''.join(random.choices(_WORDS, k=random.randrange(40)))
    if choice < 6:
        return ' '.join(random.choices(_WORDS, k=random.randrange(200)))
    if choice < 7:
        return _nested(random)
    result = random.choice(corpus()) if choice < 75 else program(random, wild=random.choice((0, 0, 30)))
    for _ in range(random.choice((1, 1, 1, 1, 2, 2, 3, 20))):
        result = random.choice(MUTATIONS)(random, result)
    return result[:LONGEST]


def _nested(random: Random) -> str:
    """Something inside itself many times."""
    count = random.randrange(1, 2000)
    head, opened, inner, closed = random.choice((
        ('main = ', '(', '1', ')'), ('main = ', '[', '', ']'), ('main = ', 'λx ', 'x', ''),
        ('main = ', '(+ 1 ', '1', ')'),
        ('main = ', '![1 ', '!1', ']'), ('def main():\n  return ', '(', '1', ')'), ('main = ', '{1 ', '1', '}'),
        ('def main():\n  return ', '[', '', ']'), ('def main():\n  return ', 'lambda x: ', 'x', ''),
        ('f ', '(', 'a', ')'), ('f ', '[', 'a', ']'), ('f : ', '(', 'a', ')'), ('def f(x: ', '(', 'a', ')'),
        ('def main():\n  return ', 'f(', '1', ')'), ('main = ', 'if 1 { 0 } else { ', '1', ' }'),
        ('main = ', 'let x = ', '1', '; x'), ('def main():\n  return ', '1 + ', '1', '')))
    if random.randrange(2):
        closed = closed[:random.randrange(len(closed) + 1)]
    return f'{head}{opened * count}{inner}{closed * count}' + random.choice(('', '\n', ' = 1\n', '):\n  return x\n'))


# ---- mutations -------------------------------------------------------------------------------


def _cut(random: Random, length: int, most: int) -> tuple[int, int]:
    """The ends of a random stretch."""
    start = random.randrange(length + 1)
    return start, min(length, start + random.randrange(1, most))


def change_character(random: Random, old: str) -> str:
    """One character becomes another."""
    start, _ = _cut(random, len(old), 2)
    return old[:start] + chr(random.choice((random.randrange(32, 127), random.randrange(0x250)))) + old[start + 1:]


def flip_bit(random: Random, old: str) -> str:
    """A bit of the bytes is flipped; what is no longer UTF-8 becomes a replacement character."""
    data = bytearray(old.encode())
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data.decode(errors='replace')


def delete_characters(random: Random, old: str) -> str:
    """Some characters are taken out."""
    start, end = _cut(random, len(old), 8)
    return old[:start] + old[end:]


def truncate(random: Random, old: str) -> str:
    """The end is missing."""
    return old[:random.randrange(len(old) + 1)]


def insert_word(random: Random, old: str) -> str:
    """A word in between."""
    start = random.randrange(len(old) + 1)
    blank = random.choice(('', ' '))
    return old[:start] + blank + random.choice((*_WORDS, *_LINES)) + blank + old[start:]


def _tokens(change: Callable[[Random, list[str]], None]) -> Callable[[Random, str], str]:
    def mutate(random: Random, old: str) -> str:
        tokens = _TOKEN.findall(old)
        if len(tokens) > 2:
            change(random, tokens)
        return ''.join(tokens)

    return mutate


def _swap(random: Random, tokens: list[str]) -> None:
    first, second = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[first], tokens[second] = tokens[second], tokens[first]


def _replace(random: Random, tokens: list[str]) -> None:
    tokens[random.randrange(len(tokens))] = random.choice((random.choice(_WORDS), random.choice(tokens)))


def _copy(random: Random, tokens: list[str]) -> None:
    start, end = _cut(random, len(tokens), 30)
    tokens[(at := random.randrange(len(tokens))):at] = tokens[start:end]


def _remove(random: Random, tokens: list[str]) -> None:
    start, end = _cut(random, len(tokens), random.choice((2, 2, 6)))
    del tokens[start:end]


def _repeat(random: Random, tokens: list[str]) -> None:
    start, end = _cut(random, len(tokens), 8)
    tokens[start:end] = tokens[start:end] * random.choice((2, 3, 50))


def rename(random: Random, old: str) -> str:
    """A name everywhere becomes another that occurs."""
    names = re.findall(_NAMES, old)
    if not names:
        return old
    return re.sub(rf'\b{re.escape(random.choice(names))}\b', lambda _: random.choice(names), old)


def _words(pattern: str) -> Callable[[Random, str], str]:
    """A word of a kind becomes another of its kind, which leaves most programs readable."""
    def mutate(random: Random, old: str) -> str:
        found = list(re.finditer(pattern, old))
        if not found:
            return old
        place = random.choice(found)
        other = random.choice((random.choice(found).group(), *re.findall(pattern, random.choice(corpus()))[:30]))
        return old[:place.start()] + other + old[place.end():]

    return mutate


def move_lines(random: Random, old: str) -> str:
    """Lines somewhere else, from this program or another."""
    lines = old.split('\n')
    other = random.choice((lines, lines, random.choice(corpus()).split('\n')))
    start, end = _cut(random, len(other), 6)
    taken = other[start:end]
    if other is lines and random.randrange(2):
        del lines[start:end]
    at = random.randrange(len(lines) + 1)
    return '\n'.join([*lines[:at], *taken, *lines[at:]])


def indent(random: Random, old: str) -> str:
    """A line further to the right or left."""
    lines = old.split('\n')
    at = random.randrange(len(lines))
    lines[at] = random.choice((' ' + lines[at], '  ' + lines[at], lines[at][1:], lines[at][2:], '\t' + lines[at]))
    return '\n'.join(lines)


MUTATIONS: tuple[Callable[[Random, str], str], ...] = (
    change_character, flip_bit, delete_characters, truncate, insert_word, insert_word, rename, rename, move_lines,
    move_lines, indent,
    *map(_words, (_NAMES, _NAMES, _NAMES, _NUMBERS, _OPERATORS)),
    *map(_tokens, (_swap, _swap, _replace, _replace, _copy, _remove, _remove, _repeat)))
