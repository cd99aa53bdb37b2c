"""`bend build --lib`: C programs that use the libraries (`library/*.c`) with their headers."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command

SOURCES = Path(__file__).parent / 'library'
needs_compiler = pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')
FLAGS = ('-std=c11', '-g', '-Wall', '-Wextra', '-Werror')


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own, with the sources."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('CC', raising=False)
    for path in SOURCES.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


def outcome_of_c(source: str, *words: str) -> tuple[int, str, str]:
    """Compiles and runs a C program with some words for the compiler."""
    subprocess.run(['cc', *FLAGS, source, '-o', 'use', *words, '-L.', '-Wl,-rpath,$ORIGIN', '-lpthread'], check=True)
    done = subprocess.run(['./use'], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@needs_compiler
@pytest.mark.parametrize(('options', 'words'), [((), ()), (('-t', '1'), ()), (('--engine', 'net'), ('-DAS_NETS',))])
def test_functions_of_all_types(options: tuple[str, ...], words: tuple[str, ...], bend: Command) -> None:
    outcome = bend('build', '--lib', 'shapes.bend', *options)
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')
    assert outcome_of_c('use_shapes.c', '-lshapes', *words) == (0, 'all is well\n', '')


@needs_compiler
def test_a_library_that_cannot_need_nets_has_none(bend: Command, folder: Path) -> None:
    """However many functions it has."""
    source = ''.join(f'def add{n}(x: u24) -> u24:\n  return x + {n}\n\n' for n in range(40))
    source += ('def total(xs: List(u24)) -> u24:\n  fold xs:\n    case List/Nil:\n      return 0\n'
               '    case List/Cons:\n      return xs.head + xs.tail\n\n')
    Path('many.bend').write_text(source, encoding='utf-8')
    (folder / 'direct').mkdir()
    assert bend('build', '--lib', 'many.bend').code == 0
    assert bend('build', '--lib', 'many.bend', '--engine', 'direct', '-o', 'direct/libmany.so').code == 0
    assert Path('libmany.so').read_bytes() == Path('direct/libmany.so').read_bytes()


@needs_compiler
def test_functions_that_need_nets(bend: Command) -> None:
    """Or turn out to when they run."""
    outcome = bend('build', '--lib', 'nets.bend', '-A', 'recursion-cycle')
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')
    assert outcome_of_c('use_nets.c', '-lnets') == (0, 'all is well\n', '')


@needs_compiler
def test_without_nets_calls_tell_that_they_need_some(bend: Command) -> None:
    assert bend('build', 'nets.bend', '--export', 'next', '--engine', 'direct').code == 0
    Path('use.c').write_text('#include <stdio.h>\n#include "nets.h"\nint main(void) {\n    uint32_t n = 7;\n    '
                             'int status = nets_next(1, &n);\n    printf("%d %d", status == NETS_NEEDS_NETS, (int)n);'
                             '\n}\n', encoding='utf-8')
    assert outcome_of_c('use.c', '-lnets') == (0, '1 0', '')
    outcome = bend('build', 'nets.bend', '--export', 'both', '--engine', 'direct')
    assert outcome.code == 1
    assert "error[needs-nets]: The direct engine cannot run this program, because 'both_of' has a superposition." \
        in outcome.err


@needs_compiler
@pytest.mark.parametrize('name', ['shapes', 'nets'])
def test_sanitizers_find_nothing(name: str, bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the host's part, and in what it leaves."""
    sanitize = '-fsanitize=address,undefined'
    Path('empty.c').write_text('int main(void) { return 0; }\n', encoding='utf-8')
    if subprocess.run(['cc', sanitize, 'empty.c', '-o', 'empty'], capture_output=True, check=False).returncode:
        pytest.skip('the C compiler has no sanitizers')
    monkeypatch.setenv('CC', f'cc -g {sanitize}')
    assert bend('build', '--lib', f'{name}.bend', '-A', 'recursion-cycle').code == 0
    code, out, err = outcome_of_c(f'use_{name}.c', f'-l{name}', sanitize)
    assert (code, out) == (0, 'all is well\n')
    # A thread that is asked to stop leaves its stack, which is larger than the sanitizer takes for likely.
    assert 'ERROR' not in err
    assert 'runtime error' not in err


@needs_compiler
def test_any_data_and_two_libraries(bend: Command) -> None:
    assert bend('build', '--lib', 'shapes.bend').code == 0
    assert bend('build', 'shapes.bend', '--export', 'same,adder,same', '--export=boxes', '-o', 'libany.so').code == 0
    assert outcome_of_c('use_any.c', '-lany', '-lshapes') == (0, 'all is well\n', '')
    header = Path('any.h').read_text(encoding='utf-8')
    assert 'any_boxes(uint32_t n, any_value **result);' in header
    assert 'any_total' not in header


@needs_compiler
def test_names_of_the_system(bend: Command) -> None:
    """`X_OK` is one of them."""
    assert bend('build', 'shapes.bend', '--export', 'same', '-o', 'libx.so').code == 0
    assert ' X_2_OK' in Path('x.h').read_text(encoding='utf-8')


@pytest.mark.skipif(platform.machine() != 'x86_64' or not shutil.which('qemu-x86_64'),
                    reason='there is no emulator of other x86 CPUs (qemu-x86_64)')
@needs_compiler
def test_a_library_says_that_the_cpu_is_another_one(bend: Command) -> None:
    """And leaves the process alone."""
    assert bend('build', 'shapes.bend', '--export', 'limit', '--cpu', 'x86-64-v3').code == 0
    Path('use.c').write_text('#include <stdio.h>\n#include "shapes.h"\nint main(void) {\n    uint32_t n = 7;\n    '
                             'int status = shapes_limit(&n) == SHAPES_WRONG_CPU;\n    printf("%d %d", status, (int)n);'
                             '\n}\n', encoding='utf-8')
    subprocess.run(['cc', *FLAGS, 'use.c', '-o', 'use', '-L.', '-lshapes', '-Wl,-rpath,$ORIGIN'], check=True)
    for cpu, text in (('Nehalem', '1 0'), ('max', '0 10')):
        done = subprocess.run(['qemu-x86_64', '-cpu', cpu, './use'], capture_output=True, text=True, timeout=60,
                              check=False)
        assert (done.returncode, done.stdout) == (0, text)


@needs_compiler
def test_what_is_exported_and_how_it_is_called(bend: Command, program: Callable[[str], str]) -> None:
    """Functions with types that C has, whatever they are called; no others, and no symbols but these."""
    path = program('def a/b(x: u24) -> u24:\n  return x\n\ndef a_b(x: u24) -> u24:\n  return x + 1\n\n'
                   'def loose(x):\n  return x\n\ndef higher(f: u24 -> u24) -> u24:\n  return f(1)\n\n'
                   'def main() -> u24:\n  return 1\n')
    assert bend('build', '--lib', path, '-o', 'libmy-own.so').code == 0
    header = Path('my-own.h').read_text(encoding='utf-8')
    assert 'my_own_status my_own_a_b(uint32_t x, uint32_t *result);' in header
    assert 'my_own_status my_own_a_b_2(uint32_t x, uint32_t *result);' in header
    assert not any(name in header for name in ('loose', 'higher', 'main'))
    symbols = subprocess.run(['nm', '-D', '--defined-only', 'libmy-own.so'], capture_output=True, text=True, check=True)
    assert all(line.split()[-1].startswith('my_own_') for line in symbols.stdout.splitlines())
    Path('cplusplus.cc').write_text('#include "my-own.h"\nint main() { return 0; }\n', encoding='utf-8')
    if shutil.which('c++'):
        subprocess.run(['c++', '-Wall', '-Wextra', '-Werror', '-c', 'cplusplus.cc'], check=True)


@pytest.mark.parametrize(('words', 'message'), [
    (('--export', 'shuot'), "There is no function 'shuot' in 'shapes.bend' to export.\n"
                            "  = hint: Did you mean 'shout'?"),
    (('--export', 'shout'), "The function 'shout' cannot be called from C: it performs actions."),
])
def test_what_cannot_be_exported(words: tuple[str, ...], message: str, bend: Command) -> None:
    outcome = bend('build', 'shapes.bend', *words)
    assert (outcome.code, outcome.out) == (1, '')
    assert f'error[export]: {message}' in outcome.err


def test_nothing_to_export(bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('build', '--lib', program('def main(x):\n  return x\n'))
    assert outcome.code == 1
    assert 'error[export]: No function in ' in outcome.err


@needs_compiler
def test_a_header_of_somebody_else_stays(bend: Command) -> None:
    Path('shapes.h').write_text('/* mine */\n', encoding='utf-8')
    outcome = bend('build', '--export', 'limit', 'shapes.bend')
    assert outcome.code == 1
    assert "error[unwritable-file]: The output 'shapes.h' would take the place of a file" in outcome.err
    assert Path('shapes.h').read_text(encoding='utf-8') == '/* mine */\n'
    assert not Path('libshapes.so').exists()
    Path('shapes.h').unlink()
    assert bend('build', '--export', 'limit', 'shapes.bend').code == 0
    assert bend('build', '--export', 'limit', 'shapes.bend').code == 0


@pytest.mark.parametrize('words', [('--static',), ('-o', '-'), ('1',)])
def test_options_that_do_not_fit(words: tuple[str, ...], bend: Command) -> None:
    outcome = bend('build', '--lib', 'shapes.bend', *words)
    assert outcome.code in (1, 2)
    assert outcome.out == ''
    assert outcome.err.startswith('error[')


@needs_compiler
@pytest.mark.parametrize(('engine', 'status'), [('direct', 'STACK_OVERFLOW'), ('net', 'OUT_OF_MEMORY')])
def test_messages_name_no_options(engine: str, status: str, bend: Command) -> None:
    """A library has none."""
    Path('deep.bend').write_text('def deep(n: u24) -> u24:\n  if n == 0:\n    return 0\n  else:\n'
                                 '    return 1 + deep(n - 1)\n', encoding='utf-8')
    assert bend('build', '--lib', 'deep.bend', '--engine', engine, '-A', 'recursion-cycle').code == 0
    Path('use.c').write_text('#include <stdio.h>\n#include "deep.h"\nint main(void) {\n    uint32_t n;\n'
                             '    deep_start_runtime(1, 16 << 20);\n    int status = deep_deep(10000000, &n);\n'
                             f'    printf("%d %s", status == DEEP_{status}, deep_last_message());\n}}\n',
                             encoding='utf-8')
    code, out, err = outcome_of_c('use.c', '-ldeep')
    assert (code, out[:2], err) == (0, '1 ', '')
    assert '`deep_start_runtime`' in out
    assert '--memory' not in out
