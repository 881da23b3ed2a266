"""Tencent and Huawei behind TLS on loopback, in a process of their own so that none of their CPU counts.

python -m bench.performance.tls CERTIFICATE KEY PICTURE prints its port and serves until its input ends. Only a request
that carries the picture, whatever follows it, is answered with a license: whoever sends less would win by it.
"""

from __future__ import annotations

import base64
import binascii
import json
import shutil
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from license_ocr.checkout import ROOT
from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
_SCENARIOS = ROOT / "tests" / "contract" / "scenarios"
_PICTURES = {"tencent": "ImageBase64", "huawei": "image"}


@dataclass(frozen=True, slots=True)
class Served:
    """Where the vendors are, and the file that holds the certificate to trust."""

    authority: str
    certificate: Path

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"https://{self.authority}"


def reply(vendor: str) -> dict[str, Any]:
    """The reply to a main page as the vendor's document shows it: status, headers and JSON."""
    scenario = json.loads((_SCENARIOS / vendor / "front.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = scenario["exchanges"][0]["reply"]
    return told


@contextmanager
def served(folder: Path, picture: Path) -> Iterator[Served]:
    """The vendors, with a certificate made for this run in the folder."""
    certificate, key = _certified(folder)
    command = [sys.executable, "-m", "bench.performance.tls", *map(str, (certificate, key, picture))]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        port = process.stdout.readline() if process.stdout else ""
        yield Served(f"{HOST}:{int(port)}", certificate)
        process.communicate()  # its input ends, and so does it


def _certified(folder: Path) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key.

    Raises:
        Failure: openssl is missing or refused.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}")
    files = ("-keyout", str(key), "-out", str(certificate))
    openssl = shutil.which("openssl")
    if openssl is None:
        raise Failure("`openssl` is not installed; it makes the certificate of the loopback vendors")
    try:
        subprocess.run((openssl, "req", "-x509", *curve, *names, *files), check=True, capture_output=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise Failure(f"openssl made no certificate: {error.stderr.decode(errors='replace')}") from error
    return certificate, key


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, picture: bytes) -> None:
        super().__init__((HOST, 0), _Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.picture = picture
        self.replies = {vendor: reply(vendor) for vendor in _PICTURES}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves whole
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        vendor = "tencent" if "X-TC-Action" in self.headers else "huawei"
        if self._holds_the_picture(body, _PICTURES[vendor]):
            told = self.server.replies[vendor]
            self._answer(told["status"], told.get("headers", {}), told["json"])
        else:
            self._answer(400, {}, {"error": "the picture is not the one that was to be sent"})

    def _holds_the_picture(self, body: bytes, name: str) -> bool:
        try:
            return base64.b64decode(json.loads(body)[name], validate=True).startswith(self.server.picture)
        except (ValueError, KeyError, binascii.Error):
            return False

    def _answer(self, status: int, headers: Mapping[str, str], told: object) -> None:
        content = json.dumps(told, ensure_ascii=False).encode()
        self.send_response_only(status)
        whole = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
        for name, value in whole.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""


def main() -> None:
    """Serves until the input ends."""
    certificate, key, picture = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Server(context, Path(picture).read_bytes())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
