"""Load tools for REST: their files, and the commands that use them.

vegeta reads one JSON object a line, the last one ended by a newline too, with the body in base64
(https://github.com/tsenart/vegeta, "json format"). wrk and Locust run a script, which reads the
body from the file beside it; curl and h2load send that file.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from tensorwire.cli.payload import CLIENTS, RATE, SECONDS
from tensorwire.cli.scripts import LOCUST, WRK, lua

if TYPE_CHECKING:
    from tensorwire.cli.payload import Payload

__all__ = ["commands", "files"]


def files(payload: Payload) -> dict[str, bytes]:
    """Write the body, vegeta's targets, and the scripts of wrk and Locust."""
    return {
        payload.file: payload.body,
        _vegeta_file(payload): _vegeta(payload),
        _wrk_file(payload): _wrk(payload),
        _locust_file(payload): _locust(payload),
    }


def commands(payload: Payload, folder: str) -> list[list[str]]:
    """Give the command lines that send it, each as its words."""
    headers = (f"{name}: {value}" for name, value in payload.headers.items())
    flags = [word for header in headers for word in ("-H", header)]
    body, url = f"{folder}/{payload.file}", payload.url
    wrk = ["wrk", "-t2", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency"]
    vegeta = ["vegeta", "attack", "-format=json", f"-rate={RATE}", f"-duration={SECONDS}s"]
    locust = ["locust", "-f", f"{folder}/{_locust_file(payload)}", "--headless"]
    return [
        ["curl", "-sS", *flags, "--data-binary", f"@{body}", url],
        [*wrk, "-s", f"{folder}/{_wrk_file(payload)}", url],
        ["h2load", "--h1", f"-c{CLIENTS}", f"-D{SECONDS}", *flags, "-d", body, url],
        [*vegeta, f"-targets={folder}/{_vegeta_file(payload)}", "|", "vegeta", "report"],
        [*locust, "-u", f"{CLIENTS}", "-r", f"{CLIENTS}", "-t", f"{SECONDS}s"],
    ]


def _vegeta_file(payload: Payload) -> str:
    return f"{payload.stem}.vegeta.jsonl"


def _vegeta(payload: Payload) -> bytes:
    target = {
        "method": "POST",
        "url": payload.url,
        "header": {name: [value] for name, value in payload.headers.items()},
        "body": base64.b64encode(payload.body).decode(),
    }
    return json.dumps(target, separators=(",", ":")).encode() + b"\n"


def _wrk_file(payload: Payload) -> str:
    return f"{payload.stem}.wrk.lua"


def _wrk(payload: Payload) -> bytes:
    headers = (f"wrk.headers[{lua(n)}] = {lua(v)}" for n, v in payload.headers.items())
    text = WRK.format(name=payload.name, file=lua(payload.file), headers="\n".join(headers))
    return text.encode()


def _locust_file(payload: Payload) -> str:
    return f"{payload.stem.replace('-', '_')}_locust.py"


def _locust(payload: Payload) -> bytes:
    text = LOCUST.format(
        name=payload.name,
        label=repr(payload.name),
        file=repr(payload.file),
        headers=repr(dict(payload.headers)),
        host=repr(payload.host),
        path=repr(payload.path),
    )
    return text.encode()
