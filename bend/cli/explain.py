"""The longer texts about diagnostics: `explanations/CODE.md`, one file for each code that the commands can print.

Each begins with a title, `# CODE: in a few words`, and says what the code means and how to mend it. A block marked
`bend` is a program that triggers the code under `bend check`, or under the command that the mark goes on with
(`bend run`); one marked `hvm` does so under `hvm run`. Where no program can, a paragraph that begins `No example:`
says why.
"""

from __future__ import annotations

import re
from importlib.resources import files

_FOLDER = files(__package__).joinpath('explanations')
_INDENT = '    '


def codes() -> dict[str, str]:
    """All codes in alphabetical order, and what they mean in a few words."""
    names = sorted(entry.name.removesuffix('.md') for entry in _FOLDER.iterdir() if entry.name.endswith('.md'))
    return {name: explanation(name).partition('\n')[0].partition(': ')[2] for name in names}


def explanation(code: str) -> str:
    """The text about a code, as it is written. Raises `FileNotFoundError` for an unknown code."""
    return _FOLDER.joinpath(f'{code}.md').read_text('utf-8')


def as_plain_text(text: str) -> str:
    """An explanation as a terminal shows it: programs are indented instead of fenced."""
    shown: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith('```'):
            inside = not inside
        elif inside:
            shown.append((_INDENT + line).rstrip())
        else:
            shown.append(re.sub('^# ', '', line))
    return '\n'.join(shown) + '\n'


def overview() -> str:
    """The list of all codes."""
    known = codes()
    width = max(map(len, known))
    lines = [f'{code.ljust(width)}  {title}' for code, title in known.items()]
    return '\n'.join([*lines, '', "'bend explain CODE' tells more about one of them.", ''])
