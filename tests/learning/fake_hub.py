"""As much of the Hugging Face hub as its own library asks for, on this machine."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(/(?P<kind>revision|tree)/(?P<revision>[^/?]+))?")
FILE = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>[^?]+)")

Files = Mapping[str, bytes]


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by name."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@dataclass
class Hub:
    """Repositories with their commits, the latest of which is main. `asked`: the files that were fetched."""

    url: str = ""
    commits: dict[str, dict[str, Files]] = field(default_factory=dict)
    main: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def push(self, name: str, files: Files) -> str:
        """A new commit of a repository; its hash."""
        sha = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits.setdefault(name, {})[sha] = files
        self.main[name] = sha
        return sha

    def find(self, name: str, revision: str | None) -> tuple[str, Files] | None:
        sha = self.main.get(name) if revision in (None, "main") else revision
        files = self.commits.get(name, {}).get(str(sha))
        return (str(sha), files) if files is not None else None


@contextmanager
def fake_hub() -> Iterator[Hub]:
    """Serve a hub that tests fill."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            self._serve()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _serve(self) -> None:
            if asked := MODEL.match(self.path):
                found = hub.find(asked["name"], asked["revision"])
                return self._tell(asked["name"], found, asked["kind"] == "tree") if found else self._miss()
            asked = FILE.match(self.path)
            found = hub.find(asked["name"], asked["revision"]) if asked else None
            if not asked or not found or asked["file"] not in found[1]:
                return self._miss()
            if self.command == "GET":
                hub.asked.append(asked["file"])
            return self._send(found[1][asked["file"]], found[0])

        def _tell(self, name: str, found: tuple[str, Files], is_tree: bool) -> None:
            sha, files = found
            listed = [
                {"type": "file", "path": one, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for one, content in files.items()
            ]
            about = {"id": name, "sha": sha, "siblings": [{"rfilename": one} for one in files]}
            self._send(json.dumps(listed if is_tree else about).encode(), sha)

        def _miss(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, content: bytes, sha: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", sha)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
