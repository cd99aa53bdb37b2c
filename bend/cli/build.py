"""`bend build`: what the command line asks for, made and written."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bend import driver
from bend.building.output import output_of, write
from bend.building.targets import TARGETS, BadSetting, Job, Settings, Target
from bend.cli.arguments import UsageError
from bend.diagnostics import Diagnostic
from bend.passes import PassManager
from bend.runtime.cache import Cache

_OPTIONS = {'cpu': '--cpu', 'arch': '--arch', 'static': '--static', 'lib': '--lib', 'export': '--export'}


def build(arguments: argparse.Namespace, request: driver.Request, manager: PassManager, files: Cache,
          render: Callable[[Diagnostic], str]) -> tuple[Diagnostic, ...]:
    """Builds a program and writes what comes out; gives the warnings. Raises `UsageError` and `BendError`."""
    target = TARGETS[arguments.target]
    settings = _settings(arguments, target)
    output = output_of(request.source.name, target, arguments.output, settings.lib)
    try:
        artefact = target.build(Job(request, manager, files, render, settings, output))
    except BadSetting as problem:
        raise UsageError(problem.message, problem.hint) from None
    write(artefact, output)
    return artefact.warnings


def _settings(arguments: argparse.Namespace, target: Target) -> Settings:
    """What is asked of the target. Raises `UsageError` for options that mean nothing to it."""
    settings = Settings(arguments.cpu, arguments.arch, arguments.static, arguments.lib or bool(arguments.export),
                        tuple(name for names in arguments.export for name in names))
    for name, option in _OPTIONS.items():
        takers = [other for other, known in TARGETS.items() if name in known.options]
        if getattr(settings, name) and name not in target.options:
            raise UsageError(f"The option '{option}' means nothing for the target '{arguments.target}'.",
                             f'It is for {", ".join(takers)}.' if takers else 'No target has it yet.')
    return settings
