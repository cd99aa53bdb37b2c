"""The programs in the documentation, and what the documentation says that they print.

A fenced block of the language `bend` is a complete program, and so is one of the language `hvm` (HVM core text). What
stands after it tells what it does:

* a block of the language `text`: all that `bend run program.bend` (`hvm run program.hvm`) prints;
* a block of the language `console`: commands, each in a line that begins with `$ `, and what they print. The program is
  the file that the commands name.

Words after the language in the opening line say more about the program:

* a name such as `shapes.bend` or `lib/shapes.bend`: the program's file. Without a result it is there for the programs
  after it, up to the next heading;
* `fragment`: a part of a program, which only has to parse;
* `pending`: waits for a part of the compiler that is not there yet. The test fails when the program works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ('bend', 'hvm')
_FENCE = re.compile(r'^```(.*)$')
_RUN_OF_TIME = re.compile(r'^- (TIME|MIPS): .*$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the words of its opening line, its text, and the lines of the page that the text takes."""

    words: tuple[str, ...]
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """A program of a page, the files of the section that it stands in, and the block that shows what it prints."""

    page: Path
    number: int
    program: Block
    files: dict[str, str] = field(default_factory=dict)
    expected: Block | None = None

    @property
    def title(self) -> str:
        """The page and the line of the program."""
        return f'{self.page.relative_to(ROOT).as_posix()}:{self.program.first}'

    @property
    def is_fragment(self) -> bool:
        """Whether the program only has to parse."""
        return 'fragment' in self.program.words

    @property
    def is_pending(self) -> bool:
        """Whether the compiler lacks what the program needs."""
        return 'pending' in self.program.words

    @property
    def file(self) -> str:
        """The name of the program's file."""
        return _file_of(self.program, self.expected) or f'program.{self.language}'

    @property
    def language(self) -> str:
        """The language of the program, which is the name of the command and the suffix of the file as well."""
        return self.program.words[0]

    def commands(self) -> list[tuple[str, str]]:
        """The commands to run and what each prints."""
        if self.expected is None:
            return []
        if self.expected.words[0] == 'text':
            return [(f'{self.language} run {self.file}', self.expected.text)]
        first, *commands = re.split(r'^\$ ', self.expected.text, flags=re.MULTILINE)
        assert not first, f'{self.title}: a console block begins with a command'
        split = [command.partition('\n') for command in commands]
        return [(command, output) for command, _, output in split]

    def expectation(self, outputs: list[str]) -> str:
        """The text of the expected block if the commands print these outputs."""
        if self.expected is not None and self.expected.words[0] == 'text':
            return outputs[0]
        return ''.join(f'$ {command}\n{output}'
                       for (command, _), output in zip(self.commands(), outputs, strict=True))


def pages() -> list[Path]:
    """The pages of the documentation."""
    return [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]


def snippets(page: Path) -> list[Snippet]:
    """The programs of a page, in order."""
    found: list[Snippet] = []
    files: dict[str, str] = {}
    blocks = list(_blocks(page.read_text(encoding='utf-8')))
    for index, block in enumerate(blocks):
        if isinstance(block, str):
            files = {}
        elif block.words and block.words[0] in LANGUAGES:
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            is_expected = (isinstance(following, Block) and following.words[:1] in (('text',), ('console',))
                           and following.first - block.last in (3, 4))
            snippet = Snippet(page, len(found), block, dict(files), following if is_expected else None)
            name = _file_of(block, None)
            if name is not None:
                files[name] = block.text
            found.append(snippet)
    return found


def without_times(output: str) -> str:
    """An output with the lines left out that differ from run to run."""
    return _RUN_OF_TIME.sub('', output)


def rewrite(snippet: Snippet, text: str) -> None:
    """Puts another text into the expected block of a snippet."""
    current = snippets(snippet.page)[snippet.number]
    assert current.expected is not None
    lines = snippet.page.read_text(encoding='utf-8').split('\n')
    lines[current.expected.first - 1:current.expected.last] = text.rstrip('\n').split('\n')
    snippet.page.write_text('\n'.join(lines), encoding='utf-8')


def _file_of(program: Block, expected: Block | None) -> str | None:
    language = program.words[0]
    for word in program.words:
        if word.endswith(f'.{language}'):
            return word
    if expected is not None and expected.words[0] == 'console':
        found = re.search(rf'^\$ {language} .*?([\w./-]+\.{language})\b', expected.text, re.MULTILINE)
        return found[1] if found else None
    return None


def _blocks(text: str) -> Iterator[Block | str]:
    """The fenced blocks of a page, and its headings as texts."""
    words: tuple[str, ...] | None = None
    first = 0
    lines = text.split('\n')
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence and words is None:
            words, first = tuple(fence[1].split()), number + 1
        elif fence and words is not None:
            yield Block(words, ''.join(f'{line}\n' for line in lines[first - 1:number - 1]), first, number - 1)
            words = None
        elif words is None and line.startswith('#'):
            yield line
    assert words is None, f'the block from line {first} on is never closed'
