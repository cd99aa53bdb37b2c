#!/usr/bin/env python3
"""Runs random programs on nets and on the direct engine, and reports where they differ.

    run.py [--count 1000] [--seconds S] [--seed 0] [--wild 10] [--keep FOLDER] [--no-native]

Half of the programs are those of `tests.direct.programs`, the others those of `tests.native.programs`, of which
`--wild` percent have terms of a wrong type. Texts in both forms must be equal up to names, where nets end and the
direct engine does not ask for them. What differs is made smaller, printed, and kept in FOLDER.

Exit status: 1 if there was a difference.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bend.diagnostics import BendError
from bend.runtime.cache import Cache
from tests.direct import programs
from tests.direct.agreement import Sample, Verdict, differences
from tests.fuzz.shrink import smaller
from tests.native.programs import WILD
from tests.native.programs import program as any_program

SHRINKING = 60
"""How many smaller programs are tried for a difference at most."""


def sample_of(seed: int, wild: int) -> str:
    """The program of a seed."""
    random = Random(seed)
    if seed % 2:
        return programs.program(random)
    return any_program(random, WILD if random.randrange(100) < wild else 0, named=False)


def compared(text: str, files: Cache, is_native: bool) -> Mapping[str, Verdict]:
    """See `differences`; programs that are refused do not differ."""
    try:
        return differences(Sample(text, files), is_native)
    except BendError:
        return {}


def main() -> int:
    """Compares as many programs as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seconds', type=float, default=float('inf'), help='end after so long')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--wild', type=int, default=10)
    parser.add_argument('--keep', type=Path)
    parser.add_argument('--no-native', action='store_true', help='only the evaluator in Python')
    options = parser.parse_args()
    files, end, found = Cache.of_user(), time.monotonic() + options.seconds, Counter[str]()
    for seed in range(options.seed, options.seed + options.count):
        if time.monotonic() > end:
            break
        found['programs'] += 1
        text = sample_of(seed, options.wild)
        wrong = compared(text, files, not options.no_native)
        if not wrong:
            continue
        found['differences'] += 1
        small = smaller(text, lambda text: bool(compared(text, files, not options.no_native)), SHRINKING)
        print(f'==== {seed}\n{small}')
        for who, verdict in compared(small, files, not options.no_native).items():
            print(f'---- {who}: {verdict.kind} {verdict.code}\n' + '\n'.join(verdict.texts), flush=True)
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f'{seed}.bend').write_text(small, encoding='utf-8')
    print(dict(found))
    return int(found['differences'] > 0)


if __name__ == '__main__':
    sys.exit(main())
