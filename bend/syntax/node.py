"""What all nodes of the surface syntax have."""

from __future__ import annotations

from bend.records import dataclass
from bend.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the source."""

    span: Span
