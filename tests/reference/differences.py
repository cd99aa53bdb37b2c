"""The differences from the reference's recorded results that are known and have a reason."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIST = Path(__file__).resolve().parent / 'differences.toml'
CAUSES_PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'differences.md'


@dataclass(frozen=True, slots=True)
class Difference:
    """A program that fares differently here. `kind` as in `trial.Outcome`; `cause` is the heading of the section in
    the documentation that gives the reason."""

    name: str
    kind: str
    cause: str


@cache
def load_differences() -> dict[str, Difference]:
    """The listed differences by the name of their program."""
    data = tomllib.loads(LIST.read_text(encoding='utf-8'))
    return {name: Difference(name, kind, cause) for cause, group in data.items()
            for kind, names in group.items() for name in names}


def section(heading: str) -> str:
    """The text below a third-level heading of the page on differences; empty if there is none."""
    found = re.search(rf'^### {re.escape(heading)}\n(.*?)(?=^##|\Z)', CAUSES_PAGE.read_text(encoding='utf-8'),
                      re.MULTILINE | re.DOTALL)
    return found[1] if found else ''
