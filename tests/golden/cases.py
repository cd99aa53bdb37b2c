"""What the golden tests run: the stages, the files that belong to a case, and how output is written down.

Layout: `tests/golden/STAGE/FEATURE/NAME.bend` (or `.hvm`), with these files beside it:

* `NAME.out`: everything that the stage's command prints, and its exit code if it is not 0. `--update-golden` writes it.
* `NAME.reference`: what the reference implementation prints for this program. Written once, by hand.
* `NAME.result`: the same for programs where the reference is known to be wrong: what the language's rules give.
* `NAME.auto`: what the engine that the compiler chooses prints, where that is not the same (but for the interactions,
  which are those of nets).
* `NAME.stdin`: what the program finds on standard input; nothing without this file.

Files in folders below `FEATURE` are no cases: programs of that feature import them.

A program may begin with directives in comments: `options: WORDS` for the command line's options before the file,
`arguments: WORDS` for what stands after it. Words are split as a shell would.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

ROOT = Path(__file__).resolve().parent
OUTPUT = '.out'
RESULTS = ('.reference', '.result')
"""Suffixes of files that hold a printed result, to be matched up to the names of variables."""
INPUT = '.stdin'
AUTO = '.auto'


@dataclass(frozen=True, slots=True)
class Stage:
    """One command whose output is recorded.

    `program` is `bend` or `hvm`; `words` go before the file, `result_words` take their place where only the result is
    compared (none for stages without one). `engines` are those whose results are compared, and with more than one, the
    last is also to print what the first one does.
    """

    program: str
    words: tuple[str, ...]
    suffix: str = '.bend'
    result_words: tuple[str, ...] | None = None
    engines: tuple[str, ...] = ('net',)


STAGES = {
    'run': Stage('bend', ('run', '-s', '-t', '1'), result_words=('run', '--readback', 'lambda'),
                 engines=('net', 'auto')),
    'check': Stage('bend', ('check',)),
    'desugar': Stage('bend', ('desugar',)),
    'gen-hvm': Stage('bend', ('gen-hvm',)),
    'hvm': Stage('hvm', ('run', '-s', '-t', '1'), '.hvm', ('run',)),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One program of one stage."""

    stage_name: str
    source: Path

    @property
    def stage(self) -> Stage:
        """How this case is run."""
        return STAGES[self.stage_name]

    @property
    def name(self) -> str:
        """The path below this directory, without suffix: the name of the test."""
        return self.source.relative_to(ROOT).with_suffix('').as_posix()

    def sidecar(self, suffix: str) -> Path:
        """The file beside the source with another suffix."""
        return self.source.with_suffix(suffix)

    def input(self) -> TextIO:
        """Standard input for this case."""
        path = self.sidecar(INPUT)
        data = io.BytesIO(path.read_bytes() if path.exists() else b'')
        return io.TextIOWrapper(io.BufferedReader(cast(io.RawIOBase, data)), encoding='utf-8')

    def command(self, words: tuple[str, ...], engine: str) -> list[str]:
        """The arguments of the command line, to be run in the directory of the source."""
        text = self.source.read_text(encoding='utf-8')
        chosen = ['--engine', engine] if words[0] in ('run', 'run-cu') else []
        return [*words, *chosen, *_directive('options', text), self.source.name, *_directive('arguments', text)]


def find_cases() -> list[Case]:
    """All programs below this directory, in the order of their names."""
    return [Case(name, path) for name, stage in STAGES.items()
            for path in sorted((ROOT / name).glob(f'*/*{stage.suffix}'))]


def stale_files() -> Iterator[Path]:
    """Files in the stages' directories that belong to no program."""
    for name, stage in STAGES.items():
        known = {case.source.with_suffix(suffix) for case in find_cases() if case.stage_name == name
                 for suffix in (stage.suffix, OUTPUT, AUTO, INPUT, *RESULTS)}
        files = [*(ROOT / name).glob('*'), *(ROOT / name).glob('*/*')]
        yield from (path for path in sorted(files) if path.is_file() and path not in known)


def without_statistics(text: str) -> str:
    """What a command printed without what the engine says of itself."""
    return re.sub(r'^- (ITRS|ENGINE): .*\n', '', text, flags=re.MULTILINE)


def recorded(case: Case) -> str:
    """What is recorded for the engine that the compiler chooses, without statistics."""
    path = case.sidecar(AUTO) if case.sidecar(AUTO).exists() else case.sidecar(OUTPUT)
    return without_statistics(path.read_text(encoding='utf-8'))


def transcript(code: int, stdout: str, stderr: str) -> str:
    """What a command did, as text: its output, then its diagnostics, then its exit code; the usual is left out."""
    stdout = re.sub(r'^- (TIME|MIPS): .*\n', '', stdout, flags=re.MULTILINE)
    text = stdout if not stdout or stdout.endswith('\n') else stdout + '\n'
    if stderr.strip():
        text += f'--- stderr\n{stderr.strip()}\n'
    if code:
        text += f'--- exit code {code}\n'
    return text


def without_names(text: str, nets: bool = False) -> str:
    """A printed term or net with its variables renamed to v0, v1, … in the order of appearance.

    In terms, a variable is a name that is bound somewhere in the text: after a λ, in a pattern of `let`, by a `switch`.
    In nets, where nothing binds, it is each name that does not begin with `@`.
    """
    words = re.findall(r'"(?:\\.|[^"\\])*"|[A-Za-z0-9_./@%:+-]+|\s+|.', text)
    bound: dict[str, str] = {}
    previous = ''
    in_pattern = False
    for word in words:
        if word.isspace() or word == '$':
            continue
        in_pattern = word != '=' and (in_pattern or previous == 'let')
        if _VARIABLE.fullmatch(word) and (nets or in_pattern or previous in _BINDERS):
            bound.setdefault(word, f'v{len(bound)}')
        previous = word
    return ''.join(_renamed(word, bound) for word in words)


_VARIABLE = re.compile('[a-z][a-z0-9]*')
_BINDERS = ('λ', 'switch')


def _renamed(word: str, bound: dict[str, str]) -> str:
    # `a-1` is the predecessor of the variable a in a switch.
    name, minus, rest = word.partition('-')
    return bound[name] + minus + rest if name in bound and (not minus or rest.isdigit()) else word


def _directive(name: str, text: str) -> list[str]:
    found = re.search(rf'^(?:#|//) {name}: (.*)$', text, re.MULTILINE)
    return shlex.split(found[1]) if found else []
