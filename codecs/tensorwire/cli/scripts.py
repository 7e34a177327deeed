"""The scripts that wrk and Locust run: both read the body from the file beside them."""

from __future__ import annotations

__all__ = ["LOCUST", "WRK", "lua"]

WRK = """\
-- Sends {name} with wrk.
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
local file = assert(io.open(here .. {file}, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
{headers}
file:close()
"""

LOCUST = '''\
"""Sends {name} with Locust."""

from pathlib import Path

from locust import FastHttpUser, constant, task

BODY = Path(__file__).with_name({file}).read_bytes()
HEADERS = {headers}


class Client(FastHttpUser):
    """Sends the next request as soon as the last is answered."""

    host = {host}
    wait_time = constant(0)

    @task
    def predict(self):
        self.client.post({path}, data=BODY, headers=HEADERS, name={label})
'''


def lua(text: str) -> str:
    """Write a string in Lua's syntax; what is no plain ASCII by its bytes."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}" for b in text.encode())
    return f'"{"".join(plain)}"'
