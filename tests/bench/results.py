#!/usr/bin/env python3
"""Measures what it costs to show large results of the direct engine.

    results.py [--runs 3]

Each row is the least processor time of the runs, the run itself included, which takes next to none, and the memory
that the process took more for it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from typing import get_args

from bend.codegen.direct.compile import compile_direct
from bend.deep_stack import with_deep_stack
from bend.driver import Request, compile_source
from bend.hvm.net import Book
from bend.hvm.readback import book_info
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options, Readback
from bend.passes import PassManager
from bend.running import Resources
from bend.running_direct import Reading, execute_direct
from bend.runtime.cache import Cache
from bend.source import Source

UP = 'up n xs = switch n { 0: xs; _: (up n-1 (CONS xs)) }\n'
PROGRAMS = {
    'a list of 100,000 numbers': UP.replace('CONS', 'List/Cons n-1') + 'main = (up 100000 [])\n',
    'a list of 100,000 pairs': UP.replace('CONS', 'List/Cons (n-1, (* n-1 2))') + 'main = (up 100000 [])\n',
    'a tree of 131,072 leaves': '''
type T = (Leaf v) | (Node l r)
gen n x = switch n { 0: (T/Leaf x); _: (T/Node (gen n-1 (* x 2)) (gen n-1 (+ (* x 2) 1))) }
main = (gen 17 0)
''',
    'a text of 100,000 characters': UP.replace('CONS', 'String/Cons (+ 97 (% n-1 26))') + 'main = (up 100000 "")\n',
    'a list of 100,000 numbers, and a function': (UP.replace('CONS', 'List/Cons n-1')
                                                  + 'go n = (λx (+ x n), (up n []))\nmain = (go 100000)\n'),
    'a list of 10,000 functions': UP.replace('CONS', 'List/Cons λx (+ x n-1)') + 'main = (up 10000 [])\n',
}


def measure(name: str, form: Readback) -> tuple[float, int]:
    """Processor seconds for a run and the text of its result, and KiB of memory that came on top."""
    options = Options()
    request = Request(Source('program.bend', PROGRAMS[name]), options, RUN_SEVERITIES, is_run=True)
    book = compile_source(request, PassManager(options), Cache.of_user(), None).book
    program = with_deep_stack(lambda: compile_direct(book, parallel=False, eta=True))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    result = execute_direct(program, Resources(1), Reading(options, (form,)))
    show_main(result.terms[form][0], form, False, book_info(book, Book({}), options.encoding))
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=3)
    runs = parser.parse_args().runs
    print('| | form | seconds | memory |\n|---|---|---|---|')
    for name in PROGRAMS:
        for form in get_args(Readback):
            found = []
            for _ in range(runs):
                # A new process each time, since memory is never given back.
                with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
                    found.append(pool.submit(measure, name, form).result())
            seconds, memory = map(min, zip(*found, strict=True))
            print(f'| {name} | {form} | {seconds:.2f} s | {memory >> 10} MiB |', flush=True)


if __name__ == '__main__':
    main()
