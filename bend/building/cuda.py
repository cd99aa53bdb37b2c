"""Programs as CUDA C++."""

from __future__ import annotations

from collections.abc import Callable

from bend.building.targets import Artefact, File, Job
from bend.building.without_nets import build_stage, prepare
from bend.diagnostics import Diagnostic
from bend.driver import Request
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.standalone_gpu import standalone_gpu

KIND = 'CUDA programs'


def generate_cu(request: Request, manager: PassManager, files: Cache,
                render: Callable[[Diagnostic], str]) -> tuple[str, tuple[Diagnostic, ...]]:
    """A program as one file of CUDA C++, and the warnings found on the way; `render` makes the messages that it prints
    when it fails. Raises `BendError`, also for what such programs cannot do."""
    ready = prepare(request, manager, files, KIND)
    text, warnings = build_stage(manager, KIND, lambda: standalone_gpu(
        ready.book, ready.info, request.source.name, render, request.options, ready.given))
    return text, (*ready.warnings, *warnings)


def build_cu(job: Job) -> Artefact:
    """What `bend gen-cu` prints."""
    text, warnings = generate_cu(job.request, job.manager, job.files, job.render)
    return Artefact((File(text.encode(), replaces=b'/* Made from '),), warnings)
