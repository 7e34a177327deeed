"""tensorwire's functions beside those of Seldon's wrapper: run where seldon-core is.

Each function that `install` replaces, and the replies of models with and without `raw`. Prints as
JSON what differs: results in type, dtype, shape, bytes or writability, and exceptions.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np

from tensorwire.integrations.seldon import raw, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METHODS: Any = import_module("seldon_core.seldon_methods")
METRICS: Any = import_module("seldon_core.metrics").SeldonMetrics
RESPONSE: Any = import_module("seldon_core.user_model").SeldonResponse
PB: Any = replacing._messages
THEIRS, OURS = replacing._THEIRS, replacing._OURS
MESSAGE = PB.SeldonMessage
DTYPES = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", ">f8", "c16", "U3")
SHAPES = ((1,), (1, 1), (2, 3), (2, 3, 4), (40,), (1, 60), (0,), (0, 3), (3, 0))


class Named:
    """A model with names and tags."""

    def class_names(self) -> list[str]:
        """Name the columns."""
        return ["a", "b"]

    def tags(self) -> dict[str, Any]:
        """Tag the reply."""
        return {"t": 1}


def arrays() -> Iterator[Any]:
    """Yield arrays of many dtypes and shapes, and values that are refused or special."""
    for dtype in DTYPES:
        for shape in SHAPES:
            yield np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    yield from (np.array(2.5), np.array([b"a", b"bb"]), np.array([None, 1.5]))
    yield from (np.array([value, 1.5] * 20) for value in (np.nan, np.inf, 1e16, 1e-5, -0.0))
    yield from (np.array([2**53 + 1] * 20), np.array([1.5] * 20, ml_dtypes.bfloat16))
    yield np.arange(60.0)[::2].reshape(5, 6).T
    yield [[1.5, 2.0], [3.0, 4.0]]
    yield [[1.5] * 20, [2]]


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return a result in a form to compare, or the exception."""
    try:
        return form(call(*arguments))
    except Exception as error:  # noqa: BLE001 - each is compared
        return type(error).__name__


def form(result: Any) -> Any:
    """Return all that is to be the same."""
    if isinstance(result, np.ndarray):
        values = result.tolist() if result.dtype.hasobject else result.tobytes()
        return repr((result.dtype, result.shape, result.flags.writeable, values))
    if hasattr(result, "SerializeToString"):
        return repr(result.SerializeToString(deterministic=True))
    if isinstance(result, tuple):
        return [form(each) for each in result]
    if isinstance(result, dict):
        return {key: form(result[key]) for key in sorted(result)}
    return repr((type(result).__name__, result))


def requests(name: str, array: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the arguments with which a function is called for an array."""
    write, read = THEIRS["array_to_grpc_datadef"], replacing._utils.array_to_rest_datadef
    for kind in ("ndarray", "tensor", "tftensor", None):
        try:
            data = write(kind, np.array(array), ["n"])
            parsed = json.loads(json.dumps(read(kind, np.array(array), ["n"])))
        except Exception:  # noqa: BLE001 - a kind that does not hold it
            data, parsed = write("tensor", np.ones(20), ["n"]), {"tensor": {}, "names": ["n"]}
        messages = [MESSAGE(data=data, meta={"puid": "p"}), MESSAGE(strData="x")]
        documents = [{"data": parsed, "meta": {"puid": "p"}}, {"strData": "x"}, {"data": {}}]
        if name == "array_to_grpc_datadef":
            yield kind, array, ["n"]
        elif name == "grpc_datadef_to_array":
            yield (data,)
        elif name == "extract_request_parts_json":
            yield from ((each,) for each in documents)
        else:
            of = documents if name.endswith("json") else messages
            for asked in of:
                for model in (Named(), object()):
                    for is_request in (False, True):
                        yield model, is_request, asked, array, {"tags": {"q": 2}}, [], {"r": 3}


class Plain(Named):
    """A model with every method of the wrapper; a router has no columns to name."""

    def class_names(self) -> list[str]:
        """Name the columns, except of the answer of `route`."""
        return ["a"] if self.routes else ["a", "b"]

    routes = False

    def metrics(self) -> list[dict[str, Any]]:
        """Count."""
        return [{"type": "COUNTER", "key": "k", "value": 1}]

    def predict(self, value: Any, names: Any, meta: Any = None) -> Any:
        """Answer with tags of this very reply."""
        return RESPONSE(doubled(value), tags={"names": list(names), "meta": sorted(meta or ())})

    def transform_input(self, value: Any, names: Any) -> Any:
        """Take no meta."""
        return doubled(value) if len(names) < 2 else "text"

    def transform_output(self, value: Any, names: Any, meta: Any = None) -> Any:  # noqa: ARG002
        """Answer with a list."""
        return np.asarray(value).tolist()

    def route(self, value: Any, names: Any) -> Any:  # noqa: ARG002
        """Choose a child, or fail."""
        self.routes = True
        return len(names) if len(names) < 2 else "b"

    def aggregate(self, values: Any, names: Any) -> Any:
        """Add the names up."""
        return {"names": [list(each) for each in names], "count": len(values)}

    def send_feedback(self, value: Any, names: Any, reward: Any, truth: Any, routing: Any) -> Any:
        """Return all of it."""
        seen = [np.asarray(value).tolist(), list(names), reward, np.asarray(truth).tolist()]
        return None if reward < 0 else {"seen": seen, "routing": routing}


class Raw(Plain):
    """The same with raw methods."""

    predict_raw = raw("predict")
    transform_input_raw = raw("transform_input")
    transform_output_raw = raw("transform_output")
    route_raw = raw("route")
    aggregate_raw = raw("aggregate")
    send_feedback_raw = raw("send_feedback")


def doubled(value: Any) -> Any:
    """Return twice the value: of an array, of bytes, of text."""
    return value * 2 if isinstance(value, (np.ndarray, bytes, str)) else value


def replies() -> Iterator[tuple[str, Any, Any]]:
    """Yield what each route answers for a request: its name, the wrapper's reply, and ours."""
    write = THEIRS["array_to_grpc_datadef"]
    meta = {"puid": "p", "tags": {"a": "b"}, "requestPath": {"x": "image"}}
    meta = replacing._utils.json_to_seldon_message({"meta": meta}).meta
    found = [MESSAGE(strData="x", meta=meta), MESSAGE(binData=b"ab")]
    for kind in ("ndarray", "tensor", "tftensor"):
        for array in (np.ones((1, 2)), np.arange(60.0).reshape(30, 2)):
            found += [
                MESSAGE(data=write(kind, array, names), meta=meta) for names in ([], ["c", "d"])
            ]
    plain, fast = Plain(), Raw()
    for request in found:
        for route in ("predict", "transform_input", "transform_output", "route"):
            yield (route, *(answered(route, model, request) for model in (plain, fast)))
        several = PB.SeldonMessageList(seldonMessages=[request, found[-1], MESSAGE(strData="y")])
        yield ("aggregate", *(answered("aggregate", model, several) for model in (plain, fast)))
        for reward in (0.5, -1.0):
            judged = PB.Feedback(request=request, truth=found[-1], reward=reward)
            yield (
                "send_feedback",
                *(answered("send_feedback", one, judged) for one in (plain, fast)),
            )
        document = replacing._utils.seldon_message_to_json(request)
        body = json.dumps(document).encode()
        theirs = METHODS.predict(plain, document, METRICS())
        yield "predict of JSON", theirs, json.loads(METHODS.predict(fast, body, METRICS()))


def answered(route: str, model: Any, request: Any) -> Any:
    """Return what the wrapper answers by gRPC."""
    model.routes = False
    more = ("0",) if route == "send_feedback" else ()
    try:
        reply = getattr(METHODS, route)(model, request, *more, METRICS())
    except Exception as error:  # noqa: BLE001 - each is compared
        return isinstance(error, replacing._utils.SeldonMicroserviceException) or str(error)
    return replacing._utils.seldon_message_to_json(reply)


def main() -> None:
    """Print the number of calls, and those that differ."""
    count, different = 0, []
    for name in OURS.keys() - {"get_request", "jsonify"}:
        for array in arrays():
            for arguments in requests(name, array):
                fresh = json.loads(json.dumps(arguments[4])) if len(arguments) > 4 else None
                again = (*arguments[:4], fresh, *arguments[5:]) if fresh else arguments
                theirs, ours = outcome(THEIRS[name], *arguments), outcome(OURS[name], *again)
                count += 1
                if theirs != ours:
                    different.append([name, repr(array)[:80], str(theirs)[:200], str(ours)[:200]])
    for route, theirs, ours in replies():
        count += 1
        if json.loads(json.dumps(theirs)) != ours:
            different.append([route, "", str(theirs)[:400], str(ours)[:400]])
    json.dump({"count": count, "different": different[:20]}, sys.stdout)


if __name__ == "__main__":
    main()
