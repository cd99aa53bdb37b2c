"""Making a text that shows a mistake smaller."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable


def smaller(sample: str, fails: Callable[[str], bool], tries: int) -> str:
    """A text that still fails without what does not matter: lines first, then words and signs. At most so many texts
    are tried."""
    for split, join in ((str.splitlines, '\n'.join), (_words, ''.join)):
        parts = list(split(sample))
        size = max(1, len(parts) // 2)
        while size:
            at = 0
            while at < len(parts) and tries:
                tries -= 1
                rest = [*parts[:at], *parts[at + size:]]
                if fails(join(rest)):
                    parts = rest
                else:
                    at += size
            size //= 2
        sample = join(parts)
    return sample


def _words(text: str) -> Iterable[str]:
    return re.findall(r'[A-Za-z0-9_./]+|\s+|.', text)
