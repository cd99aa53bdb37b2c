#!/usr/bin/env python3
"""Runs the front end on random texts for a while: it must neither fail nor hang on any.

    front_end.py [--seconds 600] [--seed 0] [--limit 20] [--keep FOLDER] [FILE ...]

Texts are mutations of the programs of this repository and of generated ones (`mutations.py`). Each is parsed, and what
parses goes through all passes (a quarter with all books validated) and through encoding. Whatever ends otherwise than
with success or a diagnostic is a mistake, and so are `--limit` seconds. Mistakes are printed once each, made smaller,
and kept in FOLDER. With files, just these are tried.

Exit status: 0, or 1 if there was a mistake.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.attempt import result
from tests.fuzz.mutations import text
from tests.fuzz.shrink import smaller

MEMORY = 6 << 30
SHRINKING = 400
"""How many smaller texts are tried at most."""


def work(seed: str, seconds: float, limit: float, folder: Path) -> None:
    """Tries texts until the time is over or one hangs (then the process ends). Every line of output is a result."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    end = time.monotonic() + seconds
    random = Random(seed)
    while time.monotonic() < end:
        sample = text(random)
        (folder / 'current.bend').write_text(sample, encoding='utf-8', errors='replace')
        # Checking the books takes most of the time.
        kind, found = limited(sample, limit, validating=random.randrange(4) == 0)
        if found:
            sample = smaller(sample, lambda candidate: limited(candidate, limit)[1] == found, SHRINKING)  # noqa: B023
        print(json.dumps({'mistake': found, 'outcome': kind, 'text': sample if found else ''}), flush=True)


def limited(sample: str, limit: float, validating: bool = True) -> tuple[str, str]:
    """The result of a text; ends the process with a traceback if it takes too long."""
    faulthandler.dump_traceback_later(limit, exit=True)
    try:
        return result(sample, validating)
    finally:
        faulthandler.cancel_dump_traceback_later()


class Fuzzer:
    """Keeps workers running and collects what they find."""

    def __init__(self, keep: Path) -> None:
        self.keep = keep
        self.outcomes: Counter[str] = Counter()
        self.mistakes: dict[str, str] = {}

    def run(self, seed: str, seconds: float, limit: float) -> None:
        """Runs a worker, again whenever it dies."""
        end = time.monotonic() + seconds
        starts = 0
        while (rest := end - time.monotonic()) > 1:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, '--work', f'{seed}.{starts}', '--seconds', str(rest), '--limit',
                           str(limit), '--keep', folder]
                with (Path(folder) / 'errors').open('w+') as errors:
                    worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
                    assert worker.stdout is not None
                    for line in worker.stdout:
                        self.add(**json.loads(line))
                    if worker.wait() != 0:
                        errors.seek(0)
                        self.died(errors.read(), worker.returncode, Path(folder) / 'current.bend')
            starts += 1

    def add(self, mistake: str, outcome: str, text: str) -> None:
        """Takes the result of one text."""
        self.outcomes[outcome or 'mistake'] += 1
        if mistake and mistake not in self.mistakes:
            self.mistakes[mistake] = text
            name = blake2b(mistake.encode(), digest_size=6).hexdigest()
            (self.keep / f'{name}.bend').write_text(text, encoding='utf-8', errors='replace')
            print(f'---- {name}: {mistake}\n{text[:2000]}', flush=True)

    def died(self, errors: str, status: int, current: Path) -> None:
        """Takes the death of a worker: a hang, or worse."""
        frames = [line.strip() for line in errors.splitlines() if '/bend/' in line][:4]
        what = 'takes too long' if 'Timeout' in errors else f'ends with status {status}'
        self.add(f'{what}: {" < ".join(frames) or errors[-300:]}', '', current.read_text(encoding='utf-8'))


def main() -> int:
    """Fuzzes for the time that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='*', type=Path)
    parser.add_argument('--seconds', type=float, default=600)
    parser.add_argument('--seed', default='0')
    parser.add_argument('--limit', type=float, default=20)
    parser.add_argument('--keep', type=Path, default=Path(tempfile.gettempdir()) / 'bend-fuzz')
    parser.add_argument('--work', default='', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.seconds, options.limit, options.keep)
        return 0
    if options.files:
        found = {path: result(path.read_text(encoding='utf-8')) for path in options.files}
        for path, (kind, what) in found.items():
            print(f'{path}: {kind or what}')
        return int(not all(kind for kind, _ in found.values()))
    options.keep.mkdir(parents=True, exist_ok=True)
    fuzzer = Fuzzer(options.keep)
    fuzzer.run(options.seed, options.seconds, options.limit)
    total = sum(fuzzer.outcomes.values())
    print(f'{total} texts, {len(fuzzer.mistakes)} different mistakes')
    for name, times in fuzzer.outcomes.most_common():
        print(f'  {name:24} {times:7} {100 * times / total:5.1f} %')
    return int(bool(fuzzer.mistakes))


if __name__ == '__main__':
    sys.exit(main())
