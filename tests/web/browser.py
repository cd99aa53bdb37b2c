"""Runs pages in a browser without a window, and gets back what they report."""

from __future__ import annotations

import http.server
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Any

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
OPTIONS = ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage')
TIME_LIMIT = 120
SCRIPT = """<script>
const report = value => fetch('/report', { method: 'POST', body: JSON.stringify(value) });
(async () => {
    try {
        report({ value: await (async () => {%s})() });
    } catch (problem) {
        report({ problem: String(problem.stack ?? problem) });
    }
})();
</script>"""


def browser() -> str | None:
    """The path of a browser that is there."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def evaluated(folder: Path, page: str, script: str) -> Any:
    """What a script gives that is put at the end of a page in a folder, as the body of an async function. Raises
    AssertionError, if the script fails, and queue.Empty, if it takes too long."""
    found: queue.Queue[dict[str, Any]] = queue.Queue()
    handler = partial(_Handler, directory=str(folder))
    _Handler.page, _Handler.script, _Handler.found = page, SCRIPT % script, found
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server, \
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path = browser()
        assert path is not None
        process = subprocess.Popen([path, *OPTIONS, f'--user-data-dir={profile}',
                                    f'http://127.0.0.1:{server.server_port}/{page}'],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            answer = found.get(timeout=TIME_LIMIT)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
    assert 'problem' not in answer, answer['problem']
    return answer['value']


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, with the script at the end of the page; takes the report."""

    page: str
    script: str
    found: queue.Queue[dict[str, Any]]

    def do_GET(self) -> None:
        if self.path != f'/{self.page}':
            super().do_GET()
            return
        data = (Path(self.directory) / self.page).read_bytes() + self.script.encode()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.found.put(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
