"""Programs as text."""

from __future__ import annotations

from bend import driver
from bend.building.targets import Artefact, File, Job


def build_c(job: Job) -> Artefact:
    """What `bend gen-c` prints."""
    text, warnings = driver.generate_c(job.request, job.manager, job.files, job.render)
    return Artefact((File(text.encode()),), warnings)
