"""Generated names (spec 02, section 3.11), and names of what is out of the main file's sight."""

from __future__ import annotations

import re

HIDDEN = '__'
"""What the names of imported definitions begin with that the main file does not import (spec 01, section 3.4)."""


_HIDDEN_MARK = re.compile(rf'(?<![A-Za-z0-9_./-]){HIDDEN}(?=[A-Za-z0-9./])')


def readable(text: str) -> str:
    """A text without the marks of names that the main file does not import."""
    return _HIDDEN_MARK.sub('', text)


def is_generated(name: str) -> bool:
    """Whether a definition may be one that the compiler made."""
    return '__' in name or '%' in name


def letters(number: int) -> str:
    """`a` ... `z`, `ab`, `bb`, ...: digits in base 26, the least significant first."""
    name = ''
    while True:
        number, digit = divmod(number, 26)
        name += chr(ord('a') + digit)
        if number == 0:
            return name
