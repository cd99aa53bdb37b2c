"""The grammar of the command line: commands, options, and what they mean (spec 03 section 1)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from bend import __version__
from bend.diagnostics import Severity, error
from bend.engines import ENGINES
from bend.options import FLAGS, WARNING_KINDS, Options, Severities, with_severity
from bend.suggest import did_you_mean

USAGE_ERROR = 2

BEND_COMMANDS = {
    'run': 'compile a program, run it on all cores, and print its result',
    'run-c': 'the same as run',
    'run-rs': 'the same as run',
    'run-cu': 'compile a program, run it on a GPU, and print its result',
    'check': 'compile a program and report what is wrong with it',
    'desugar': 'print the core program that the engines read',
    'gen-hvm': 'print the interaction nets of a program',
    'explain': 'tell more about the code of a diagnostic',
    'doctor': 'tell what was found on this machine, and how to get what is missing',
    'build': 'make an executable, a library, or what these are made from',
    'gen-c': 'print a standalone C program',
    'gen-cu': 'print a standalone CUDA program',
}

HVM_COMMANDS = {
    'run': 'reduce the nets of a file and print the result',
    'run-c': 'the same as run',
    'run-cu': 'reduce the nets of a file on a GPU and print the result',
    'gen-c': 'print a standalone C program',
    'gen-cu': 'print a standalone CUDA program',
    'compile': 'make an executable',
}

RUNNING = ('run', 'run-c', 'run-rs', 'run-cu')

_VALUED = ('-e', '--entrypoint', '--hvm-bin', '--color', '--error-format')


STATISTICS_FORMS = ('short', 'full', 'json')

_STATISTICS_LEVELS = (None, 'short', 'full')


class UsageError(Exception):
    """The command line cannot be understood; the diagnostic says why."""

    def __init__(self, message: str, hint: str = '') -> None:
        self.diagnostic = error('command-line', message, hint=hint)
        super().__init__(message)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions."""

    def error(self, message: str) -> NoReturn:
        help_ = f"'{self.prog} --help' lists the options."
        if message.startswith('unrecognized arguments: '):
            words = message.partition(': ')[2].split()
            word = next((word for word in words if word.startswith('-')), words[0]).partition('=')[0]
            if word.startswith('-'):
                raise UsageError(f"'{self.prog}' has no option '{word}'.",
                                 did_you_mean(word, self._option_string_actions) or help_)
            takes = 'one file' if any(action.dest == 'file' for action in self._actions) else 'no file'
            raise UsageError(f"'{self.prog}' takes {takes}; there is no place for '{word}'.", help_)
        if message.startswith('the following arguments are required: FILE'):
            raise UsageError('There is no file.', f"Write '{self.prog} FILE'.")
        message = message.removeprefix('argument ')
        raise UsageError(_sentence(message), help_)


def _sentence(text: str) -> str:
    return f'{text[0].upper()}{text[1:]}.'


def parse_bend(argv: Sequence[str]) -> argparse.Namespace:
    """What `bend ARGV` asks for: `command` and its options. Raises `UsageError`; `SystemExit` after printing help
    or the version."""
    command, rest, given = _split(argv, 'bend', BEND_COMMANDS)
    parser = _Parser(prog=f'bend {command}', allow_abbrev=False, description=_sentence(BEND_COMMANDS[command]))
    if command == 'explain':
        parser.add_argument('code', metavar='CODE', nargs='?', help='such as unbound-variable; without it, lists all')
        _add_reporting(parser)
        return _finish(parser, command, rest, given)
    if command == 'doctor':
        parser.add_argument('--json', action='store_true', help='print it as a line of JSON')
        _add_reporting(parser)
        return _finish(parser, command, rest, given)
    parser.add_argument('file', metavar='FILE', help='the program')
    _add_compiling(parser)
    if command in (*RUNNING, 'gen-c', 'gen-cu', 'build'):
        parser.add_argument('arguments', metavar='ARGUMENT', nargs='*',
                            help='terms that `main` is applied to; put `--` before one that begins with `-`')
    if command == 'build':
        _add_building(parser)
    if command in ('gen-c', 'build'):
        usual = 'how many threads the program runs on unless told otherwise (default: one a core); '
        parser.add_argument('-t', '--threads', metavar='N', type=_threads, default=0,
                            help=f'{usual if command == "build" else ""}with 1, make a program for one thread only, '
                                 'which is somewhat faster')
    if command in ('gen-c', 'gen-cu', 'build'):
        parser.add_argument('--engine', type=_choice('engine', ('auto', 'direct', 'net')), default='auto',
                            metavar='{auto,direct,net}',
                            help='how the program runs: as straight native code, as interaction nets, or as suits it '
                                 '(default)')
    if command in RUNNING:
        group = _add_running(parser)
        # `reference` is the reducer in Python: slow, for tests, and not for GPUs.
        engines = tuple(engine for engine in ENGINES if engine != 'reference' or command != 'run-cu')
        group.add_argument('--engine', type=_choice('engine', engines), default='auto', metavar='{auto,direct,net}',
                           help='how to run the program: as straight native code, as interaction nets, or as suits it '
                                '(default)')
        parser.add_argument('--readback', type=_choice('form of results', ('default', 'lambda')), default='default',
                            metavar='{default,lambda}',
                            help='print constructors by name (default) or as the lambdas that encode them')
        parser.add_argument('-l', '--linear', action='store_true',
                            help='show where the result duplicates values that are not known yet')
    if command == 'run-cu':
        _add_gpu(parser)
    if command == 'check':
        parser.add_argument('--explain', action='store_true',
                            help='print which engine runs the program and why, function by function')
    if command in (*RUNNING, 'desugar'):
        parser.add_argument('-p', '--pretty', action='store_true', help='print over several lines')
    _add_reporting(parser)
    return _finish(parser, command, rest, given)


def parse_hvm(argv: Sequence[str]) -> argparse.Namespace:
    """What `hvm ARGV` asks for, as `parse_bend`."""
    command, rest, given = _split(argv, 'hvm', HVM_COMMANDS)
    parser = _Parser(prog=f'hvm {command}', allow_abbrev=False, description=_sentence(HVM_COMMANDS[command]))
    parser.add_argument('file', metavar='FILE', help='a file of nets')
    if command in RUNNING:
        engines = ('net',) if command == 'run-cu' else ('net', 'reference')
        _add_running(parser).add_argument('--engine', type=_choice('engine', engines), default='net',
                                          metavar='net', help='how to run the program: as interaction nets')
        if command == 'run-cu':
            _add_gpu(parser)
    elif command == 'compile':
        parser.add_argument('--cuda', action='store_true', help='make a program for GPUs, by means of nvcc')
        _add_output(parser)
        parser.add_argument('-t', '--threads', metavar='N', type=_threads, default=0,
                            help='how many threads the program runs on unless told otherwise (default: one a core)')
    parser.add_argument('--io', action='store_true', help='accepted, without effect: actions are always performed')
    _add_reporting(parser)
    return _finish(parser, command, rest, given)


def _split(argv: Sequence[str], program: str, commands: dict[str, str]) -> tuple[str, list[str], list[str]]:
    """The command, the other arguments, and those behind `--`; options may stand before the command."""
    if not argv:
        sys.stderr.write(overview(program, commands))
        raise SystemExit(USAGE_ERROR)
    words = list(argv)
    behind: list[str] = []
    if '--' in words:
        place = words.index('--')
        words, behind = words[:place], words[place + 1:]
    words = list(_with_statistics_form(words))
    index = 0
    while index < len(words) and words[index].startswith('-'):
        if words[index] in ('-h', '--help'):
            sys.stdout.write(overview(program, commands))
            raise SystemExit(0)
        if words[index] in ('-V', '--version'):
            sys.stdout.write(version(program) + '\n')
            raise SystemExit(0)
        index += 2 if words[index] in _VALUED else 1
    if index >= len(words):
        raise UsageError('There is no command.', f"Write '{program} run FILE'. '{program} --help' lists the commands.")
    command = words.pop(index)
    if command == 'help' and index < len(words):
        command, words = words.pop(index), ['--help']
    elif command == 'help':
        sys.stdout.write(overview(program, commands))
        raise SystemExit(0)
    if command not in commands:
        raise UsageError(f"There is no command '{command}'.",
                         did_you_mean(command, commands) or f"'{program} --help' lists the commands.")
    return command, words, behind


def _with_statistics_form(words: list[str]) -> Iterator[str]:
    """The words with what `--stats` asks for joined to it: what follows may be its form, or the program."""
    rest = iter(words)
    for word in rest:
        if word != '--stats':
            yield word
            continue
        following = next(rest, None)
        if following in STATISTICS_FORMS:
            yield f'--stats={following}'
        else:
            yield f'--stats={STATISTICS_FORMS[0]}'
            if following is not None:
                yield following


def _check_statistics_form(words: list[str], file: str) -> None:
    """Raises `UsageError` for a file behind `--stats` that is not there, where a form of statistics may be meant."""
    hint = did_you_mean(file, STATISTICS_FORMS)
    if hint and (f'--stats={STATISTICS_FORMS[0]}', file) in pairwise(words) and not os.path.exists(file):
        raise UsageError(f"'{file}' is neither a form of statistics nor a file.", hint)


def overview(program: str, commands: dict[str, str]) -> str:
    """The help text of the whole program."""
    width = max(map(len, commands))
    lines = [f'usage: {program} COMMAND [OPTIONS] FILE [ARGUMENTS...]', '', 'commands:']
    lines += [f'  {name.ljust(width)}  {text}' for name, text in commands.items()]
    return '\n'.join([*lines, '', f'`{program} COMMAND --help` lists the options of a command.', ''])


def requested(argv: Sequence[str], option: str, default: str) -> str:
    """The value that a command line gives an option, for errors in the command line itself."""
    words = list(argv[:argv.index('--')] if '--' in argv else argv)
    for index, word in enumerate(words):
        if word == option and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(option + '='):
            return word.partition('=')[2]
    return default


def version(program: str) -> str:
    """What `--version` prints."""
    python = '.'.join(map(str, sys.version_info[:3]))
    return f'{program} {__version__} (Python {python}, {sys.platform})'


def _finish(parser: argparse.ArgumentParser, command: str, words: list[str],
            behind: list[str]) -> argparse.Namespace:
    # Intermixed, because options may stand between FILE and ARGUMENTS.
    namespace = parser.parse_intermixed_args(words)
    if hasattr(namespace, 'stats_level'):
        _check_statistics_form(words, namespace.file)
        namespace.stats = namespace.stats_form or _STATISTICS_LEVELS[min(namespace.stats_level, 2)]
    namespace.command = 'run' if command in ('run-c', 'run-rs') else command
    if getattr(namespace, 'engine', '') == 'reference' and namespace.memory:
        raise UsageError("The engine 'reference' knows no limit of memory.", "Write '--engine net' for one that does.")
    if behind:
        if not hasattr(namespace, 'arguments'):
            raise UsageError(f"The command '{command}' takes no arguments after the file.")
        namespace.arguments = [*namespace.arguments, *behind]
    return namespace


# ---- options ---------------------------------------------------------------------------------


def _add_compiling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('compiling')
    group.add_argument('-O', dest='flags', metavar='OPTION', action='append', default=[], type=_flags,
                       help='compiler options, left to right: ' + ' '.join(FLAGS))
    for letter, word, severity in (('-W', '--warn', Severity.WARNING), ('-D', '--deny', Severity.ERROR),
                                   ('-A', '--allow', Severity.ALLOW)):
        group.add_argument(letter, word, dest='severities', metavar='KIND', action='append', default=[],
                           type=_severity(severity), help=f'{word[2:]} a kind of warning: all {" ".join(WARNING_KINDS)}'
                           if word == '--warn' else f'{word[2:]} a kind of warning')
    group.add_argument('-e', '--entrypoint', metavar='NAME', help='the function to start from instead of main')
    group.add_argument('--hvm-bin', metavar='PATH', help='accepted, without effect: no other program is needed')
    group.add_argument('-v', '--verbose', action='store_true', help='print the loaded program first')
    group.add_argument('--dump-after', metavar='PASS', action='append', default=[],
                       help='print the program on standard error after a pass')
    group.add_argument('--time-passes', action='store_true',
                       help='print on standard error how long each pass took')


def _add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group('building')
    group.add_argument('-o', '--output', metavar='OUT',
                       help='the file to write (default: in this folder, called like FILE with another suffix), or `-` '
                            'for standard output')
    group.add_argument('--cpu', default='', metavar='CPU',
                       help='the CPU to make code for: `native` for that of this machine (default: all of its kind)')
    group.add_argument('--arch', default='', metavar='sm_XX',
                       help='the GPUs to make code for: those of this compute capability and later ones')
    group.add_argument('--static', action='store_true', help='make an executable that needs no libraries')
    return group


def _add_building(parser: argparse.ArgumentParser) -> None:
    from bend.building.targets import NATIVE, TARGETS
    group = _add_output(parser)
    group.add_argument('--target', type=_choice('target', tuple(TARGETS)), default=NATIVE, metavar='TARGET',
                       help='; '.join(f'{name}: {target.about}' for name, target in TARGETS.items())
                            + f' (default: {NATIVE})')
    group.add_argument('--lib', action='store_true', help='make a shared library and a C header')
    group.add_argument('--export', default=[], type=_names, action='append', metavar='NAME,NAME',
                       help='the functions of the library (default: all that C can call)')


def _add_running(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group('running')
    group.add_argument('-s', dest='stats_level', action='count', default=0,
                       help='print interactions, seconds and speed afterwards; twice: all statistics')
    group.add_argument('--stats', dest='stats_form', type=_choice('form of statistics', STATISTICS_FORMS),
                       metavar='{short,full,json}',
                       help='as -s, as -s twice, or everything as a line of JSON on standard error (default: short)')
    group.add_argument('--progress', action='store_true',
                       help='show on a terminal how a long run gets on (on standard error)')
    group.add_argument('-t', '--threads', metavar='N', type=_threads, default=0,
                       help='how many threads to run on (default: one a core)')
    group.add_argument('--memory', metavar='SIZE', type=_memory, default=0,
                       help='the most memory that the program may use, such as 200M or 4G')
    group.add_argument('--check-overflow', action='store_true',
                       help='warn where integers did not fit into 24 bits')
    return group


def _add_gpu(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('on the GPU')
    group.add_argument('--blocks', metavar='N', type=_count('blocks'),
                       help='how many blocks of threads to run (default: as many as suit the GPU)')
    group.add_argument('--threads-per-block', metavar='N', type=_count('threads'),
                       help='how many threads a block has: a multiple of 32 (default: 256)')
    group.add_argument('--fallback', type=_choice('other way to run', ('cpu',)), metavar='cpu',
                       help='run on all cores, with a warning, where no GPU can be used or it fails')


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('reporting')
    group.add_argument('--color', type=_choice('way to colour', ('auto', 'always', 'never')), default='auto',
                       metavar='{auto,always,never}',
                       help='colour diagnostics (default: on a terminal, unless NO_COLOR is set)')
    group.add_argument('--error-format', type=_choice('form of diagnostics', ('text', 'json')), default='text',
                       metavar='{text,json}', help='the form of diagnostics: for people, or a JSON object a line')


def _flags(text: str) -> list[str]:
    for flag in text.split():
        _known('compiler option', flag, FLAGS)
    return text.split()


def _known(kind: str, word: str, words: Iterable[str]) -> str:
    """The word if it is one of those that the command line knows."""
    if word not in words:
        known = list(words)
        usual = f'There {"is" if len(known) == 1 else "are"} {", ".join(known)}.'
        raise UsageError(f"There is no {kind} '{word}'.", did_you_mean(word, known) or usual)
    return word


def _choice(kind: str, words: tuple[str, ...]) -> Callable[[str], str]:
    """The type of an option whose value is one of a few words."""
    return lambda word: _known(kind, word, words)


def _severity(severity: Severity) -> Callable[[str], list[tuple[str, Severity]]]:
    def parse(text: str) -> list[tuple[str, Severity]]:
        for kind in text.split():
            _known('kind of warning', kind, ('all', *WARNING_KINDS))
        return [(kind, severity) for kind in text.split()]
    return parse


def _names(text: str) -> list[str]:
    names = text.split(',')
    if not all(names):
        raise UsageError(f"'{text}' is not a list of names.", 'Write it like `--export first,second`.')
    return names


def _threads(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1024):
        raise UsageError(f"'{text}' is not a number of threads.", 'Write a number from 1 to 1024.')
    return int(text)


def _count(what: str) -> Callable[[str], int]:
    """The type of an option that says how many of something a GPU runs."""
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1 << 20):
            raise UsageError(f"'{text}' is not a number of {what}.", 'Write a number from 1 on.')
        return int(text)
    return parse


_UNITS = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def _memory(text: str) -> int:
    number, unit = text.upper().removesuffix('B').removesuffix('I'), ''
    if number and number[-1] in _UNITS:
        number, unit = number[:-1], number[-1]
    if not (number.isascii() and number.isdigit() and int(number)):
        raise UsageError(f"'{text}' is not a size of memory.", 'Write it like 200M or 4G.')
    return int(number) * _UNITS[unit]


def options_of(namespace: argparse.Namespace) -> Options:
    """The compiler options that the command line asks for."""
    options = Options(entrypoint=namespace.entrypoint, check_overflow=getattr(namespace, 'check_overflow', False))
    return options.with_flags(flag for flags in namespace.flags for flag in flags)


def severities_of(namespace: argparse.Namespace, base: Severities) -> Severities:
    """The severities that the command line asks for, starting from the command's own."""
    choices: list[tuple[str, Any]] = [choice for choices in namespace.severities for choice in choices]
    for kind, severity in choices:
        base = with_severity(base, kind, severity)
    return base
