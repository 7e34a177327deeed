"""seldon-core 1.17: the functions of its Python wrapper, as a server and as a client."""

from __future__ import annotations

import ast
import json
import re
import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from interop.workers.loop import SIDES, Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read

IN_DATA = ("ndarray", "tensor", "tftensor")
SERIALIZED = re.compile(r"serialized_pb=(b'(?:[^'\\]|\\.)*')")
KINDS = (*IN_DATA, "binData", "strData", "jsonData")


class Model:
    """What Seldon's wrapper asks of a user's model."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def class_names(self) -> list[str]:
        """Name the columns of a reply."""
        return self.names


class Seldon:
    """The library, loaded."""

    def __init__(self) -> None:
        messages = prediction_pb2()
        sys.modules[messages.__name__] = messages
        vars(import_module("seldon_core.proto"))["prediction_pb2"] = messages
        self.messages: Any = messages
        self.message = self.messages.SeldonMessage
        self.utils = import_module("seldon_core.utils")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        offer: Offer = {}
        for kind in KINDS:
            for side in SIDES:
                rest = offer.setdefault(f"rest {kind}", {})
                rest["encode", side] = partial(self.write_rest, kind, side)
                rest["decode", side] = partial(self.read_rest, side)
                grpc = offer.setdefault(f"grpc {kind}", {})
                grpc["encode", side] = partial(self.write_grpc, kind, side)
                grpc["decode", side] = self.read_grpc
        for container, of in (("rest", True), ("grpc", False)):
            offer[f"{container} list"] = {
                ("encode", "request"): partial(self.write_list, rest=of),
                ("decode", "request"): partial(self.read_list, rest=of),
            }
            offer[f"{container} feedback"] = {
                ("encode", "request"): partial(self.write_feedback, rest=of),
                ("decode", "request"): partial(self.read_feedback, rest=of),
            }
        return offer

    def write_rest(
        self, kind: str, side: str, values: dict[str, Any], fields: dict[str, Any]
    ) -> Encoded:
        """Write what the client posts, or the wrapper answers."""
        value = only(kind, side, values)
        if side == "response":
            construct, request = self.utils.construct_response_json, self._request_of(kind, fields)
            message = construct(Model(fields["names"]), False, request, value, dict(fields["meta"]))  # noqa: FBT003
        elif kind in IN_DATA:
            datadef = self.utils.array_to_rest_datadef(kind, value, fields["names"])
            message = {"data": datadef, "meta": fields["meta"]}
        else:
            message = self.utils.seldon_message_to_json(self._request(kind, value, fields))
        return Encoded(json.dumps(message).encode())

    def write_grpc(
        self, kind: str, side: str, values: dict[str, Any], fields: dict[str, Any]
    ) -> Encoded:
        """Write what the client sends, or the wrapper answers."""
        value = only(kind, side, values)
        if side == "response":
            request = self.utils.json_to_seldon_message(self._request_of(kind, fields))
            construct = self.utils.construct_response
            message = construct(Model(fields["names"]), False, request, value, dict(fields["meta"]))  # noqa: FBT003
        else:
            message = self._request(kind, value, fields)
        return Encoded(message.SerializeToString(deterministic=True))

    def _request_of(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a request of a kind: the reply will have the same kind."""
        meta = {"puid": fields["meta"]["puid"]}
        if kind not in IN_DATA:
            return {"strData": "x", "meta": meta}
        empty: Any = [] if kind == "ndarray" else {}
        return {"data": {kind: empty}, "meta": meta}

    def _request(self, kind: str, value: Any, fields: dict[str, Any]) -> Any:
        if kind in IN_DATA:
            datadef = self.utils.array_to_grpc_datadef(kind, value, fields["names"])
            message = self.message(data=datadef)
        elif kind == "jsonData":
            message = self.utils.json_to_seldon_message({kind: value})
        else:
            message = self.message(**{kind: value})
        meta = self.utils.json_to_seldon_message({"meta": fields["meta"]}).meta
        message.meta.MergeFrom(meta)
        return message

    def read_rest(self, side: str, encoded: Encoded) -> Read:
        """Read as the wrapper does, or as the client."""
        message = json.loads(encoded.body)
        if side == "response":
            return self._parts(self.utils.json_to_seldon_message(message))
        value, meta, datadef, _ = self.utils.extract_request_parts_json(message)
        return {"0": value}, {"names": (datadef or {}).get("names", []), "meta": meta}

    def read_grpc(self, encoded: Encoded) -> Read:
        """Read as both do."""
        return self._parts(self.message.FromString(encoded.body))

    def _parts(self, message: Any) -> Read:
        value, meta, datadef, _ = self.utils.extract_request_parts(message)
        return {"0": value}, {"names": list(datadef.names), "meta": meta}

    def _tensor(self, value: Any) -> Any:
        return self.message(data=self.utils.array_to_grpc_datadef("tensor", value))

    def write_list(self, values: dict[str, Any], _: Any, *, rest: bool) -> Encoded:
        """Write what a combiner is sent."""
        messages = [self._tensor(value) for value in values.values()]
        message = self.messages.SeldonMessageList(seldonMessages=messages)
        if rest:
            return Encoded(json.dumps(self.utils.seldon_messages_to_json(message)).encode())
        return Encoded(message.SerializeToString(deterministic=True))

    def read_list(self, encoded: Encoded, *, rest: bool) -> Read:
        """Read it as the wrapper does."""
        if rest:
            message = self.utils.json_to_seldon_messages(json.loads(encoded.body))
        else:
            message = self.messages.SeldonMessageList.FromString(encoded.body)
        values = [self.utils.get_data_from_proto(each) for each in message.seldonMessages]
        return {str(index): value for index, value in enumerate(values)}, {}

    def write_feedback(
        self, values: dict[str, Any], fields: dict[str, Any], *, rest: bool
    ) -> Encoded:
        """Write feedback, two arrays in it."""
        request, truth = (self._tensor(value) for value in values.values())
        message = self.messages.Feedback(request=request, truth=truth, reward=fields["reward"])
        if rest:
            return Encoded(json.dumps(self.utils.feedback_to_json(message)).encode())
        return Encoded(message.SerializeToString(deterministic=True))

    def read_feedback(self, encoded: Encoded, *, rest: bool) -> Read:
        """Read it as the wrapper does."""
        if rest:
            message = self.utils.json_to_feedback(json.loads(encoded.body))
        else:
            message = self.messages.Feedback.FromString(encoded.body)
        _, features, truth, reward = self.utils.extract_feedback_request_parts(message)
        return {"0": features, "1": truth}, {"reward": reward}


def prediction_pb2() -> ModuleType:
    """Make the wheel's module of messages, from the descriptors in its source.

    The generated modules of seldon-core are too old for the protobuf runtime of today; the
    descriptors in them are registered as they are, which gives the same messages.
    """
    import_module("tensorflow")  # registers TensorProto, which Seldon's messages hold
    for name in ("any", "struct", "empty"):
        import_module(f"google.protobuf.{name}_pb2")
    pool = import_module("google.protobuf.descriptor_pool").Default()
    factory = import_module("google.protobuf.message_factory")
    spec = find_spec("seldon_core")
    if spec is None or spec.origin is None:
        raise ImportError("seldon_core is not there")
    source = Path(spec.origin).parent / "proto" / "prediction_pb2.py"
    found = SERIALIZED.search(source.read_text(encoding="utf-8"))
    if found is None:
        raise ImportError("no descriptors in prediction_pb2.py")
    file = pool.AddSerializedFile(ast.literal_eval(found[1]))
    module = ModuleType("seldon_core.proto.prediction_pb2")
    for name, descriptor in file.message_types_by_name.items():
        setattr(module, name, factory.GetMessageClass(descriptor))
    return module


def only(kind: str, side: str, values: dict[str, Any]) -> Any:
    """Take the one value, as a model gives it."""
    (value,) = values.values()
    if kind == "binData":
        return value[()]
    if (kind, side) == ("tftensor", "response") and not np.issubdtype(value.dtype, np.number):
        raise TypeError("the wrapper answers as ndarray what is no number to numpy")
    return value


if __name__ == "__main__":
    serve(lambda: Seldon().offer(), "seldon-core", "tensorflow-cpu", "numpy", "protobuf")
