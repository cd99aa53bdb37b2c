"""`bend explain`: every code that the source can emit has a text, and the example in it triggers that code."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bend.cli.explain import as_plain_text, codes, explanation
from bend.options import WARNING_KINDS

Command = Callable[..., Any]

PACKAGE = Path(__file__).resolve().parents[2] / 'bend'
CODE = re.compile('[a-z0-9]+(-[a-z0-9]+)*')
# Functions that make or report a diagnostic, and the places of their arguments that may be its code.
MAKERS = {'error': (0,), 'warning': (0,), 'Diagnostic': (0,), '_fail': (0,), 'fail': (0, 3), 'warn': (0,),
          'bad_number': (0,), 'explain': ()}
# They make exceptions of their own, which no user sees: the compiler of kernels, and the validator of its output.
INTERNAL = ('codegen', 'runtime/kernel')


def emitted_codes() -> Iterator[str]:
    """The codes that stand in the source."""
    for path in sorted(PACKAGE.rglob('*.py')):
        if not path.relative_to(PACKAGE).as_posix().startswith(INTERNAL):
            for node in ast.walk(ast.parse(path.read_text('utf-8'))):
                yield from _codes_of(node)


def _codes_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, 'id', '')
        found = [node.args[place] for place in MAKERS.get(name, ()) if place < len(node.args)]
        found += [keyword.value for keyword in node.keywords if keyword.arg == 'code' and name in MAKERS]
        # `fail` of builders takes the message first, and the code last.
        yield from _constants(found)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            yield from _constants([value for name, value in zip(names, values, strict=False)
                                   if isinstance(name, ast.Name) and name.id == 'code'])


def _constants(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and CODE.fullmatch(part.value):
                yield part.value


def test_every_code_is_explained() -> None:
    """What the source emits and the kinds of warnings are what is explained, and nothing else is."""
    assert sorted({*emitted_codes(), *WARNING_KINDS}) == sorted(codes())


@pytest.mark.parametrize('code', codes())
def test_the_form_of_an_explanation(code: str) -> None:
    """A title, a text that says how to mend it, and an example or the reason why there is none."""
    text = explanation(code)
    first, empty, *_ = text.split('\n')
    assert first.startswith(f'# {code}: ')
    assert empty == ''
    assert text.endswith('\n')
    assert all(len(line) <= 100 for line in text.splitlines())
    assert len(text.split('```')[0].split()) > 12, 'it says too little'
    assert bool(examples(code)) != ('No example:' in text)


def examples(code: str) -> list[tuple[str, str]]:
    """The programs in an explanation that trigger the code, each with its fence's words."""
    blocks = re.findall(r'^```(.*)\n((?:.*\n)*?)```$', explanation(code), re.MULTILINE)
    return [(words, program) for words, program in blocks if words]


@pytest.mark.parametrize('code', [code for code in codes() if examples(code)])
def test_examples_trigger_their_code(code: str, bend: Command, hvm: Command, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for fence, program in examples(code):
        name, *words = shlex.split(fence)
        command = hvm if name == 'hvm' else bend
        path = tmp_path / f'example.{name}'
        path.write_text(program, encoding='utf-8')
        outcome = command(*(words or ['run' if name == 'hvm' else 'check']), path.name)
        assert re.search(rf'^(error|warning)\[{code}\]', outcome.err, re.MULTILINE), outcome.err


@pytest.mark.parametrize('code', [code for code in codes() if '```\n' in explanation(code)])
def test_mended_examples_are_right(code: str, bend: Command, tmp_path: Path) -> None:
    """A block without words shows the example after it is mended."""
    for program in re.findall(r'^```\n((?:.*\n)*?)```$', _without_examples(explanation(code)), re.MULTILINE):
        path = tmp_path / 'mended.bend'
        path.write_text(program, encoding='utf-8')
        outcome = bend('check', path)
        assert (outcome.code, outcome.err) == (0, '')


def _without_examples(text: str) -> str:
    return re.sub(r'^```\S.*\n(?:.*\n)*?```$', '', text, flags=re.MULTILINE)


def test_the_command(bend: Command) -> None:
    outcome = bend('explain', 'unbound-variable')
    assert outcome.code == 0
    assert outcome.out == as_plain_text(explanation('unbound-variable'))
    assert outcome.out.startswith('unbound-variable: ')
    listing = bend('explain').out
    assert all(f'\n{code} ' in '\n' + listing for code in codes())
    unknown = bend('explain', 'unbound-varaible')
    assert (unknown.code, unknown.out) == (2, '')
    assert "Did you mean 'unbound-variable'?" in unknown.err
