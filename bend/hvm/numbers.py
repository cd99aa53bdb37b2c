"""Numbers of 24 bits: the one definition of their semantics in Python (spec 06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal['u24', 'i24', 'f24']


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal: its kind and its 24 bits (f24: the top 24 bits of a binary32)."""

    kind: Kind
    bits: int
