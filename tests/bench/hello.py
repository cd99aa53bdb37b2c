"""Measures executables of `bend build` that do next to nothing: size, start-up time and peak of memory.

    python tests/bench/hello.py [--turns 200] [OPTION ...]

The options are those of `bend build`, each measured alone, as in `-- "" --static`. For scale, a program in C that
prints a line, linked with the same options. The least time of all turns counts.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from bend.cli.main import main as bend

HELLO = 'def main():\n  return "Hello, world!"\n'
ACTING = 'def main():\n  with IO:\n    * <- IO/print("Hello, world!\\n")\n    return wrap(*)\n'
C = '#include <stdio.h>\nint main(void) { puts("Hello, world!"); return 0; }\n'


LAUNCHER = r'''
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

int main(int count, char **arguments) {
    double least = 1e9;
    long peak = 0;
    for (int turn = atoi(arguments[1]); turn > 0; turn--) {
        double start = now();
        int status;
        struct rusage usage;
        pid_t child = fork();
        if (child == 0) {
            dup2(open("/dev/null", O_WRONLY), 1);
            execv(arguments[2], arguments + 2);
            _exit(127);
        }
        wait4(child, &status, 0, &usage);
        if (count < 3 || status != 0) {
            return 1;
        }
        double taken = now() - start;
        least = taken < least ? taken : least;
        peak = usage.ru_maxrss > peak ? usage.ru_maxrss : peak;
    }
    printf("%f %ld\n", least, peak);
    return 0;
}
'''
"""Starts programs from a process that is small itself, since the peak of a process counts what it was before."""


def measured(launcher: Path, program: Path, turns: int) -> tuple[float, float]:
    """The least milliseconds of a run, and the peak of its memory in megabytes."""
    done = subprocess.run([str(launcher), str(turns), str(program)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'{program} failed')
    milliseconds, kilobytes = done.stdout.split()
    return float(milliseconds), int(kilobytes) / 1024


def compiled(source: Path, program: Path, *words: str) -> None:
    """Makes a program of C."""
    subprocess.run(['cc', '-O2', '-s', *words, str(source), '-o', str(program)], check=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--turns', type=int, default=200)
    parser.add_argument('options', nargs='*', default=['', '--static'])
    arguments = parser.parse_args()
    print(f'{"program":14} {"options":24} {"bytes":>9} {"ms":>6} {"MB":>6}')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, launcher = folder / 'program', folder / 'launcher'
        (folder / 'launcher.c').write_text(LAUNCHER, encoding='utf-8')
        compiled(folder / 'launcher.c', launcher)
        for title, source in (('result', HELLO), ('with IO', ACTING), ('in C', C)):
            for options in arguments.options:
                path = folder / ('source.c' if source is C else 'source.bend')
                path.write_text(source, encoding='utf-8')
                if source is C:
                    compiled(path, program, *(word for word in shlex.split(options) if word == '--static'))
                elif bend(['build', str(path), '-o', str(program), *shlex.split(options)]):
                    sys.exit(1)
                milliseconds, megabytes = measured(launcher, program, arguments.turns)
                print(f'{title:14} {options:24} {program.stat().st_size:9} {milliseconds:6.2f} {megabytes:6.2f}')


if __name__ == '__main__':
    main()
