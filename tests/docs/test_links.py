"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from snippets import ROOT, pages

_LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get where it is shown."""
    text = re.sub(r'^```.*?^```$', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('page', pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    """Every file that a page names is there, and every section."""
    broken = []
    for link in _LINK.findall(page.read_text(encoding='utf-8')):
        path, _, anchor = link.partition('#')
        target = page if not path else (page.parent / path).resolve()
        if not re.match('https?:', link) and not (
                target.exists() and (not anchor or anchor in anchors(target))):
            broken.append(link)
    assert not broken
