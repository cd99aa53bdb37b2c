"""The engines, and which one a program gets (docs/architecture.md, section 4).

Light on purpose, as `bend.options`.
"""

from __future__ import annotations

from typing import Literal

from bend.records import dataclass

Engine = Literal['auto', 'direct', 'net', 'reference']
"""What users ask for: `auto` is `direct` for programs that it is right for, else `net`. `reference` is the reducer of
nets in Python: slow, for tests."""

ENGINES: tuple[Engine, ...] = ('auto', 'direct', 'net', 'reference')


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine that a program gets under `auto`, and why: `reason` goes on after "because", and is empty where
    nothing speaks against the direct engine. `budgeted` says that the direct engine is to give up after some work,
    since nets may do the same with much less."""

    engine: Literal['direct', 'net']
    reason: str = ''
    budgeted: bool = False
