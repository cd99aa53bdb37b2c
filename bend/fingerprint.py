"""What else decides what a program is compiled to, besides the program: this compiler, and the machine."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path

from bend.prelude import prelude_directory


@cache
def fingerprint() -> str:
    """Stands for this compiler and its prelude: their files' paths, sizes and times of change."""
    digest = blake2b(digest_size=16)
    package = Path(__file__).resolve().parent
    folders = [str(package), str(prelude_directory())]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir() and entry.name != '__pycache__':
                    folders.append(entry.path)
                elif entry.name.endswith(('.py', '.bend')):
                    status = entry.stat()
                    digest.update(f'{entry.path} {status.st_size} {status.st_mtime_ns}\n'.encode())
    return digest.hexdigest()


@cache
def host() -> str:
    """Stands for the machine that object code is made for."""
    features = ''
    try:
        # The first processor is enough, and the whole file is slow to read where there are many.
        with open('/proc/cpuinfo', encoding='utf-8', errors='replace') as file:
            lines = file.read(8192).splitlines()
        features = ' '.join(next((line for line in lines if line.startswith(name)), '')
                            for name in ('model name', 'flags', 'Features'))
    except OSError:
        features = ''
    return f'{sys.platform} {os.uname().machine} {sys.version_info[:2]} {features}'
