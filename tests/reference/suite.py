"""What the reference's own suite holds: its folders, how each of them runs a program, and what was recorded.

A checkout has its programs in `tests/golden_tests/FOLDER/NAME.bend` and what they gave in
`tests/snapshots/FOLDER__NAME.bend.snap`; the programs in `examples/` have snapshots too. Everything is read in place.
Three folders have no snapshots, since the reference's suite leaves them out; their verdicts are in `unrecorded.toml`.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'golden'))
from cases import without_names

PATH_VARIABLE = 'BEND_REFERENCE'
"""The environment variable that names a checkout."""

_GOLDEN = Path('tests/golden_tests')

STRICT = ('-D', 'all', '-A', 'unused-definition', '-A', 'clones-cloning-function')
"""Every warning is an error, except for definitions that nobody uses, and for one that the reference does not have."""

LENIENT = ('-W', 'all', '-D', 'recursion-cycle', '-W', 'missing-main')
"""Only cycles of recursion are errors."""

RUN = ('run', '--engine', 'net', '--readback', 'lambda')


@dataclass(frozen=True, slots=True)
class Folder:
    """How the programs of a folder are run.

    `words` are the arguments of `bend` before the file. Where they end before the compiler does, `until` names the pass
    after which a program counts as accepted. `results` names the parts of a snapshot that hold a printed term, each
    with more arguments; a part without name is the whole snapshot.
    """

    words: tuple[str, ...]
    until: str | None = None
    results: tuple[tuple[str, tuple[str, ...]], ...] = ()


_WHOLE = (('', ()),)
_STRICT_MODE = (('Strict mode:', ()),)
_ENCODINGS = (('NumScott:', ('-Oadt-num-scott',)), ('Scott:', ('-Oadt-scott',)))
_ALL_PASSES = ('-Oall', '-W', 'all', '-A', 'unused-definition', '-W', 'missing-main')

FOLDERS = {
    'check_file': Folder(('check', *STRICT)),
    'compile_entrypoint': Folder(('gen-hvm', '-e', 'foo', '-D', 'all')),
    'compile_file': Folder(('gen-hvm', *LENIENT)),
    'compile_file_o_all': Folder(('gen-hvm', *_ALL_PASSES)),
    'compile_file_o_no_all': Folder(('gen-hvm', '-Ono-all', *LENIENT)),
    'compile_long': Folder(('gen-hvm', *_ALL_PASSES)),
    'desugar_file': Folder(('desugar', *STRICT)),
    'encode_pattern_match': Folder(('desugar', '-Ono-type-check', *LENIENT), until='linear_vars'),
    'hangs': Folder(('gen-hvm', '-Oall', '-A', 'all')),
    'examples': Folder((*RUN, *LENIENT), results=_WHOLE),
    'import_system': Folder((*RUN, *STRICT), results=_WHOLE),
    'io': Folder((*RUN, *LENIENT), results=_STRICT_MODE),
    'linear_readback': Folder((*RUN, '-Oall', '-l', *LENIENT), results=_WHOLE),
    'mutual_recursion': Folder(('gen-hvm', '-Omerge', '-A', 'all', '-D', 'recursion-cycle', '-A', 'missing-main')),
    'parse_file': Folder(('desugar', *LENIENT), until='resolve_names'),
    'prelude': Folder((*RUN, '-D', 'all'), results=_STRICT_MODE),
    'run_entrypoint': Folder(('run', '-e', 'foo', '-Oall', '-D', 'all')),
    'run_lazy': Folder(('gen-hvm', '-A', 'all')),
    'run_file': Folder((*RUN, *STRICT), results=_ENCODINGS),
    'scott_triggers_unused': Folder(('gen-hvm', *LENIENT, '-D', 'unused-definition')),
    'simplify_matches': Folder(('desugar', *STRICT, '-W', 'irrefutable-match', '-W', 'unreachable-match',
                                '-A', 'missing-main'), until='linearize_matches'),
}
"""The folders whose programs go through `bend` with arguments that the folder fixes (the suite's test functions)."""

COMMANDS = 'cli'
"""The folder where each program brings its arguments along, in a file beside it."""

NETS = 'readback_hvm'
"""The folder of nets that are read back without being reduced."""

RESULT_FOLDERS = ('run_file', 'import_system', 'prelude', 'io')
"""The folders that count most."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a snapshot says: whether the program was accepted, and the printed terms by the name of their part."""

    accepted: bool
    results: dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One program of a checkout, with its snapshot, if its folder has any."""

    checkout: Path
    folder: str
    source: Path
    snapshot: Path | None

    @property
    def name(self) -> str:
        """Folder and file, such as `run_file/addition`."""
        return f'{self.folder}/{self.source.stem}'

    @property
    def place(self) -> str:
        """The source's path inside the checkout, where programs are run."""
        return self.source.relative_to(self.checkout).as_posix()

    def commands(self) -> dict[str, list[str]]:
        """The arguments of `bend`, by the name of the snapshot's part that has their result."""
        if self.folder == COMMANDS:
            words = self.source.with_suffix('.args').read_text(encoding='utf-8').splitlines()
            return {'Result:': [*words, '--readback', 'lambda'] if words[0] == 'run' else words}
        plan = FOLDERS[self.folder]
        until = ('--dump-after', plan.until) if plan.until else ()
        return {part: [*plan.words, *more, *until, self.place] for part, more in plan.results or _WHOLE}

    def recorded(self) -> Recorded:
        """What the reference gave."""
        if self.snapshot is None:
            return Recorded(self.source.stem not in _unrecorded()[self.folder]['refused'], {})
        text = self.snapshot.read_text(encoding='utf-8').split('\n---\n', 1)[1]
        text = _ESCAPE.sub('', text)
        if _REFUSED.search(text):
            return Recorded(False, {})
        if self.folder == COMMANDS:
            place = text.find('Result:')
            return Recorded(True, {'Result:': text[place + len('Result:'):].strip()} if place >= 0 else {})
        parts = ('',) if self.folder == NETS else tuple(part for part, _ in FOLDERS[self.folder].results)
        return Recorded(True, dict(_split(text, parts)))


_ESCAPE = re.compile('\x1b\\[[0-9]*m')
_REFUSED = re.compile('^(Errors:|error: )', re.MULTILINE)
_WARNINGS = re.compile('^Warnings:\n(?:.*\n)*?\n')


def _split(text: str, parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The named parts of a snapshot, without warnings; a name stands on a line of its own before each part."""
    starts = {part: _heading(part, text) for part in parts}
    for part, (_, start) in starts.items():
        end = min((heading for heading, _ in starts.values() if heading > start), default=len(text))
        yield part, _WARNINGS.sub('', text[start:end]).strip()


def _heading(part: str, text: str) -> tuple[int, int]:
    """Where the line that names a part begins, and where the part does."""
    if not part:
        return -1, 0
    found = re.search(f'^{part}\n', text, re.MULTILINE)
    assert found is not None, f'no part {part} in the snapshot'
    return found.span()


def find_cases(checkout: Path) -> list[Case]:
    """The programs of a checkout of which something is recorded, in the order of their names."""
    sources = [*sorted((checkout / _GOLDEN).glob('*/*.bend')), *sorted((checkout / 'examples').glob('*.bend'))]
    cases = []
    for source in sources:
        folder = source.parent.name
        snapshot = checkout / 'tests/snapshots' / f'{folder}__{source.name}.snap'
        if snapshot.exists():
            cases.append(Case(checkout, folder, source, snapshot))
        elif folder in _unrecorded():
            cases.append(Case(checkout, folder, source, None))
    return cases


@cache
def _unrecorded() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((Path(__file__).resolve().parent / 'unrecorded.toml').read_text(encoding='utf-8'))


def checkout_of(option: str | None) -> Path | None:
    """The checkout that an option or the environment names; raises `ValueError` if there is none at that path."""
    named = option or os.environ.get(PATH_VARIABLE)
    if not named:
        return None
    checkout = Path(named).resolve()
    if not (checkout / _GOLDEN).is_dir():
        raise ValueError(f"'{named}' is no checkout of the reference: it has no {_GOLDEN}")
    return checkout


def same_result(ours: str, theirs: str) -> bool:
    """Whether two printed terms are equal up to the names of variables."""
    return without_names(ours.strip()) == without_names(theirs.strip())
