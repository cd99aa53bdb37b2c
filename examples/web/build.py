"""Makes the playground: a folder of static files with the programs of `programs.json`, compiled by `bend build`.

    python examples/web/build.py [FOLDER]

Writes `examples/web/site` unless another folder is named. Any web server can serve it:

    python -m http.server --directory examples/web/site
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from bend.cli.main import main as bend

HERE = Path(__file__).resolve().parent
PAGE = ('index.html', 'style.css', 'playground.js')


def make(folder: Path) -> int:
    """Fills a folder; gives the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGE:
        shutil.copyfile(HERE / name, folder / name)
    programs = json.loads((HERE / 'programs.json').read_text(encoding='utf-8'))
    for program in programs:
        source = HERE / program['source']
        module = f'{source.stem}.wasm'
        code = bend(['build', str(source), '--target', 'wasm32', '-o', str(folder / module)])
        if code:
            return code
        shutil.copyfile(source, folder / source.name)
        program.update(module=module, source=source.name)
    (folder / 'programs.json').write_text(json.dumps(programs, indent=4), encoding='utf-8')
    print(f'{len(programs)} programs are in {folder}.')
    return 0


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Makes the playground.')
    parser.add_argument('folder', nargs='?', type=Path, default=HERE / 'site', help='where to (default: %(default)s)')
    sys.exit(make(parser.parse_args().folder))
