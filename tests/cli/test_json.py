"""Diagnostics as JSON: one object a line, with places in characters and in bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bend import driver

Command = Callable[..., Any]
Write = Callable[[str], str]


def objects(text: str) -> list[dict[str, Any]]:
    """The objects in a text of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_an_error_with_its_place(bend: Command, program: Write) -> None:
    path = program('# λ😀\ndef main():\n  total = 1\n  return totl\n')
    outcome = bend('check', '--error-format', 'json', path)
    assert outcome.code == 1
    assert objects(outcome.err) == [{
        'severity': 'error', 'code': 'unbound-variable', 'message': "The name 'totl' is not defined here.",
        'hint': "Did you mean 'total'?", 'definition': 'main', 'labels': [{
            'file': path, 'message': None, 'start': {'offset': 38, 'byte': 42, 'line': 4, 'column': 10},
            'end': {'offset': 42, 'byte': 46, 'line': 4, 'column': 14}}],
            'trace': [], 'trace_end': None}]


def test_warnings_come_before_the_result(bend: Command, program: Write) -> None:
    outcome = bend('run', '--error-format=json', '-W', 'all', program('unused = 1\nmain = 2\n'))
    assert (outcome.code, outcome.out) == (0, 'Result: 2\n')
    assert [(found['severity'], found['code']) for found in objects(outcome.err)] == [('warning', 'unused-definition')]


def test_nothing_to_say(bend: Command, program: Write) -> None:
    assert bend('check', '--error-format', 'json', program('main = 2\n')).err == ''


@pytest.mark.parametrize('words', [['chek', 'f.bend'], ['check'], ['check', 'f.bend', '--colour'],
                                   ['--error-format', 'json']])
def test_wrong_command_lines(words: list[str], bend: Command) -> None:
    outcome = bend(*words, '--error-format=json')
    assert outcome.code == 2
    assert [found['code'] for found in objects(outcome.err)] == ['command-line']


def test_a_missing_file(bend: Command) -> None:
    (found,) = objects(bend('check', '--error-format', 'json', 'nowhere.bend').err)
    assert (found['code'], found['labels']) == ('file-not-found', [])


def test_an_internal_error(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> None:
        raise KeyError(path)
    monkeypatch.setattr(driver, 'load', broken)
    outcome = bend('check', '--error-format', 'json', 'f.bend')
    assert outcome.code == 101
    assert [found['code'] for found in objects(outcome.err)] == ['internal-error']
