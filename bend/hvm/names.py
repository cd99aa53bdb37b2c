"""Generated names (spec 02, section 3.11)."""

from __future__ import annotations


def letters(number: int) -> str:
    """`a` ... `z`, `ab`, `bb`, ...: digits in base 26, the least significant first."""
    name = ''
    while True:
        number, digit = divmod(number, 26)
        name += chr(ord('a') + digit)
        if number == 0:
            return name
