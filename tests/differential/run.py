#!/usr/bin/env python3
"""Runs random programs here and by the reference, and reports where they differ.

    run.py [--count 2000] [--seconds S] [--seed 0] [--wild 10] [--show 3] [--keep FOLDER]

Programs (`tests.native.programs`) are well typed and nearly always end; of `--wild` percent some terms have a wrong
type. Each is compiled and reduced here, and run by the reference, with the same optimisations and without a type check:
verdict, result (as `--readback lambda` prints it, up to the names of variables) and, where nothing of the prelude is
called, interactions must be equal. Then both check it, with types. Differences are sorted by cause; the first ones of
each, `--show` many, are made smaller, printed, and kept in FOLDER.

Exit status: 0, also where the reference is not installed (which is said); 1 if there was a difference whose cause is
not known (`programs.KNOWN`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bend.runtime.cache import Cache
from tests.differential.programs import KNOWN, Difference, check_difference, difference, sample
from tests.differential.reference import MISSING, Reference, commands, temporary
from tests.fuzz.shrink import smaller
from tests.native.programs import WILD, program

Find = Callable[[str], Difference | None]
SHRINKING = 30
"""How many smaller programs are tried for a difference at most."""


class Comparison:
    """Compares programs and counts."""

    def __init__(self, folder: Path, show: int, keep: Path | None) -> None:
        self.reference = Reference(folder)
        self.files = Cache(folder / 'cache')
        self.show = show
        self.keep = keep
        self.verdicts: Counter[str] = Counter()
        self.features: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()

    def compare(self, name: str, text: str) -> None:
        """Compares one program."""
        ours = sample(text, self.files)
        self.verdicts[ours.verdict.kind] += 1
        self.features.update(ours.features)
        differences = (difference(text, ours, self.files, self.reference),
                       check_difference(text, self.files, self.reference))
        for find, found in zip((self.run_difference, self.check_difference), differences, strict=True):
            if found is not None:
                self.causes[found.cause] += 1
                print(f'{name}: {found.cause}', flush=True)
                if self.causes[found.cause] <= self.show:
                    small = smaller(text, same_cause(find, found.cause), SHRINKING)
                    # On a busy machine the reference may take too long the next time.
                    self.print(name, find(small) or found, small)

    def run_difference(self, text: str) -> Difference | None:
        """How the runs differ."""
        return difference(text, sample(text, self.files), self.files, self.reference)

    def check_difference(self, text: str) -> Difference | None:
        """How the checks differ."""
        return check_difference(text, self.files, self.reference)

    def print(self, name: str, found: Difference, text: str) -> None:
        """Prints a program and both verdicts."""
        print(f'==== {name}: {found.cause}\n{text}')
        for who, verdict in (('here', found.ours), ('there', found.theirs)):
            print(f'---- {who}: {verdict.kind}, {verdict.interactions} interactions\n{verdict.text[:600]}', flush=True)
        if self.keep is not None:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f'{name}.bend').write_text(text, encoding='utf-8')

    def report(self) -> None:
        """Prints what was counted."""
        total = sum(self.verdicts.values())
        print(f'\n{total} programs')
        for title, counts in (('verdict here', self.verdicts), ('reaches', self.features), ('differs', self.causes)):
            for name, times in counts.most_common():
                print(f'  {title:14} {name:60} {times:6} {100 * times / total:6.1f} %')


def same_cause(find: Find, cause: str) -> Callable[[str], bool]:
    """Whether a program differs for the same cause."""
    def differs(text: str) -> bool:
        found = find(text)
        return found is not None and found.cause == cause

    return differs


def main() -> int:
    """Compares as many programs as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=2000)
    parser.add_argument('--seconds', type=float, default=float('inf'), help='end after so long')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--wild', type=int, default=10)
    parser.add_argument('--show', type=int, default=3)
    parser.add_argument('--keep', type=Path)
    options = parser.parse_args()
    if commands() is None:
        print(f'skipped: {MISSING}')
        return 0
    with temporary() as folder:
        end = time.monotonic() + options.seconds
        comparison = Comparison(Path(folder), options.show, options.keep)
        for number in range(options.seed, options.seed + options.count):
            if time.monotonic() > end:
                break
            random = Random(number)
            wild = WILD if random.randrange(100) < options.wild else 0
            comparison.compare(str(number), program(random, wild, named=False))
            if number % 50 == 49:
                print(f'{number + 1 - options.seed} programs', file=sys.stderr, flush=True)
        comparison.report()
    return int(not comparison.causes.keys() <= set(KNOWN))


if __name__ == '__main__':
    sys.exit(main())
