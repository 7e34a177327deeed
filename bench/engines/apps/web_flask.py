"""Flask: a route as its documentation shows one, the same by hand, and tensorwire beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from flask import Flask, Response, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tensorwire.serving import Handler, wsgi


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


app = Flask(__name__)


@app.post("/as-it-is")
def as_it_is() -> dict[str, Any]:
    """Answer as Flask reads and writes JSON."""
    made = model(np.array(request.get_json()["data"]["ndarray"]))
    return {"data": {"ndarray": made.tolist()}}


@app.post("/by-hand")
def by_hand() -> Response:
    """Answer with orjson and numpy."""
    made = model(np.array(orjson.loads(request.get_data())["data"]["ndarray"]))
    body = orjson.dumps({"data": {"ndarray": made}}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, mimetype="application/json")


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/tensorwire": wsgi(Handler(model))})
