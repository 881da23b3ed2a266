"""Tencent and Huawei behind TLS on loopback, in a process of their own so that none of their CPU counts.

python -m bench.performance.tls CERTIFICATE KEY PICTURE prints its URL and serves until its input ends. Only a request
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from bench.surroundings.loopback import HOST, Handler, Loopback, serving
from bench.surroundings.processes import Process
from license_ocr.checkout import ROOT
from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCENARIOS = ROOT / "tests" / "contract" / "scenarios"
_PICTURES = {"tencent": "ImageBase64", "huawei": "image"}


@dataclass(frozen=True, slots=True)
class Served:
    """Where the vendors are, and the file that holds the certificate to trust."""

    url: str
    certificate: Path

    @property
    def authority(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


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
    with Process("the vendors behind TLS", command) as process:
        yield Served(process.hear(about="their start"), certificate)


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


class _Vendors(Loopback):
    def __init__(self, context: ssl.SSLContext, picture: bytes) -> None:
        super().__init__(_Handler, context)
        self.picture = picture
        self.replies = {vendor: reply(vendor) for vendor in _PICTURES}


class _Handler(Handler):
    wbufsize = -1  # an answer leaves whole

    def do_POST(self) -> None:  # noqa: N802 - the base names it so
        vendors = cast("_Vendors", self.behind)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        vendor = "tencent" if "X-TC-Action" in self.headers else "huawei"
        if _holds(body, _PICTURES[vendor], vendors.picture):
            told = vendors.replies[vendor]
            self._tell(told["status"], told["json"], told.get("headers", {}))
        else:
            self._tell(400, {"error": "the picture is not the one that was to be sent"}, {})

    def _tell(self, status: int, told: object, headers: Mapping[str, str]) -> None:
        content = json.dumps(told, ensure_ascii=False).encode()
        self.answer(status, content, {"Content-Type": "application/json", **headers})


def _holds(body: bytes, name: str, picture: bytes) -> bool:
    """Whether a request carries the picture under this name."""
    try:
        return base64.b64decode(json.loads(body)[name], validate=True).startswith(picture)
    except (ValueError, KeyError, binascii.Error):
        return False


def main() -> None:
    """Serves until the input ends."""
    certificate, key, picture = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(_Vendors(context, Path(picture).read_bytes())) as vendors:
        print(json.dumps(vendors.url), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
