"""The reference's own programs in HVM text, and what was recorded of them.

A checkout of the repository of HVM2 has them below `tests/programs` and `examples`, and what `hvm run` printed (for
programs with actions `hvm run-c`) in `tests/snapshots`. Everything is read in place.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'golden'))
from cases import without_names

PATH_VARIABLE = 'HVM_REFERENCE'
"""The environment variable that names a checkout."""

_PROGRAMS = (Path('tests/programs'), Path('examples'))
_FAILURES = ('exit status:', 'ERROR:')


@dataclass(frozen=True, slots=True)
class NetCase:
    """A program. `recorded` is what it printed, without statistics."""

    checkout: Path
    source: Path
    recorded: str

    @property
    def name(self) -> str:
        """Its path in the checkout."""
        return self.source.relative_to(self.checkout).as_posix()

    @property
    def accepted(self) -> bool:
        """Whether the reference ran it to a result."""
        return not self.recorded.startswith(_FAILURES)


def find_net_cases(checkout: Path) -> list[NetCase]:
    """The programs of which something is recorded, in the order of their names."""
    cases = []
    for folder in _PROGRAMS:
        for source in sorted((checkout / folder).rglob('*.hvm')):
            name = source.relative_to(checkout / folder).as_posix().replace('/', '__')
            for kind in ('file', 'io_file'):
                snapshot = checkout / 'tests/snapshots' / f'run__{kind}@{name}.snap'
                if snapshot.exists():
                    cases.append(NetCase(checkout, source, _recorded(snapshot)))
    return cases


def _recorded(snapshot: Path) -> str:
    """The text below the head of a snapshot."""
    return snapshot.read_text(encoding='utf-8').split('---\n', 2)[2].strip('\n')


def net_checkout_of(option: str | None) -> Path | None:
    """The checkout that an option or the environment names; raises `ValueError` if there is none at that path."""
    named = option or os.environ.get(PATH_VARIABLE)
    if not named:
        return None
    checkout = Path(named).resolve()
    if not (checkout / _PROGRAMS[0]).is_dir():
        raise ValueError(f"'{named}' is no checkout of HVM2: it has no {_PROGRAMS[0]}")
    return checkout


def same_output(ours: str, theirs: str) -> bool:
    """Whether two outputs are equal up to the names of variables in results."""
    def normal(text: str) -> list[str]:
        return [without_names(line, nets=True) if line.startswith('Result: ') else line
                for line in text.strip('\n').split('\n')]

    return normal(ours) == normal(theirs)
