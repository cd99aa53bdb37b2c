"""`bend build` and `hvm compile`: what the command line asks for, made and written."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import chain

from bend import driver
from bend.building.output import output_of, write
from bend.building.targets import CUDA, NATIVE, TARGETS, BadSetting, Job, Settings, Target
from bend.cli.arguments import UsageError
from bend.diagnostics import Diagnostic
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source

_OPTIONS = {'cpu': '--cpu', 'arch': '--arch', 'engine': '--engine', 'threads': '--threads', 'static': '--static',
            'lib': '--lib', 'export': '--export'}


def build(arguments: argparse.Namespace, request: driver.Request, manager: PassManager, files: Cache,
          render: Callable[[Diagnostic], str]) -> tuple[Diagnostic, ...]:
    """Builds a program and writes what comes out; gives the warnings. Raises `UsageError` and `BendError`."""
    settings = Settings(arguments.cpu, arguments.arch, arguments.engine, arguments.threads, arguments.static,
                        arguments.lib or bool(arguments.export), tuple(chain.from_iterable(arguments.export)))
    target = TARGETS[arguments.target]
    _check(settings, target, arguments.target)
    output = output_of(request.source.name, target, arguments.output, settings.lib)
    return _make(Job(request, manager, files, render, settings, output), target)


def compile_core(arguments: argparse.Namespace, source: Source, render: Callable[[Diagnostic], str]) -> None:
    """Makes an executable of HVM text. Raises `UsageError` and `BendError`."""
    if arguments.arch and not arguments.cuda:
        raise UsageError("The option '--arch' is for GPUs.", "Write '--cuda' for a program that runs on one.")
    settings = Settings(arguments.cpu, arguments.arch, threads=arguments.threads, static=arguments.static)
    name = CUDA if arguments.cuda else NATIVE
    target = TARGETS[name]
    _check(settings, target, name)
    output = output_of(source.name, target, arguments.output)
    _make(Job(driver.Request(source), PassManager(Options()), Cache.of_user(), render, settings, output, is_core=True),
          target)


def _make(job: Job, target: Target) -> tuple[Diagnostic, ...]:
    """Builds and writes; gives the warnings."""
    try:
        artefact = target.build(job)
    except BadSetting as problem:
        raise UsageError(problem.message, problem.hint) from None
    write(artefact, job.output)
    return artefact.warnings


def _check(settings: Settings, target: Target, name: str) -> None:
    """Raises `UsageError` for settings that mean nothing to a target of a name."""
    for field, option in _OPTIONS.items():
        if getattr(settings, field) != getattr(Settings(), field) and field not in target.options:
            takers = ', '.join(other for other, known in TARGETS.items() if field in known.options)
            raise UsageError(f"The option '{option}' means nothing for the target '{name}'.", f'It is for {takers}.')
