"""The object way over REST: Flask, on gunicorn where it is installed, else on its own server.

``python -m bench.serving.objects_rest METHOD ANSWER``: one worker process that keeps connections.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from importlib.util import find_spec
from typing import Any

from bench.process import module
from bench.serving import objects, timing
from bench.serving.models import model
from bench.serving.processes import is_ready, wait_for_end

PATH = "/api/v1.0/predictions"
THREADS = 8


def command(method: str, answer: str) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.objects_rest", method, answer)


def server_name() -> str:
    """Tell what serves Flask here."""
    return "gunicorn" if find_spec("gunicorn") else "werkzeug"


def application(method: str, answer: str) -> Any:
    """Make the Flask application around a model."""
    from flask import Flask, jsonify, request

    made = Flask("wrapper")
    predict = None if method == "predict_raw" else model(method, answer).predict
    raw_reply = {"data": {"ndarray": [1]}}

    @made.post(PATH)  # type: ignore[untyped-decorator]
    def predictions() -> Any:
        watch = timing.Watch()
        tree = request.get_json(force=True)
        if predict is None:
            decode, taken = watch.lap(), 0.0
            response = jsonify(tree if answer == "echo" else raw_reply)
        else:
            value = objects.from_json(tree)
            decode = watch.lap()
            result = predict(value, tree.get("data", {}).get("names"))
            taken = watch.lap()
            kind = objects.kind_of_json(tree)
            response = jsonify(objects.to_json(result, kind))
        parts = timing.Parts(decode, taken, watch.lap())
        response.headers[timing.HEADER] = timing.write(parts)
        return response

    return made


def _say(worker: Any) -> None:
    is_ready({"rest": worker.sockets[0].getsockname()[1]})


def _gunicorn(app: Any) -> None:
    from gunicorn.app.base import BaseApplication

    class Standalone(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings = {
                "bind": "127.0.0.1:0",
                "workers": 1,
                "worker_class": "gthread",
                "threads": THREADS,
                "keepalive": 75,
                "loglevel": "error",
                "post_worker_init": _say,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    def leave() -> None:
        wait_for_end()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=leave, daemon=True).start()
    Standalone().run()


def _werkzeug(app: Any) -> None:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"  # which keeps connections

        def log_request(self, *_: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    is_ready({"rest": server.server_port})
    wait_for_end()


def main(method: str, answer: str) -> None:
    """Serve until stdin ends."""
    (_gunicorn if server_name() == "gunicorn" else _werkzeug)(application(method, answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
