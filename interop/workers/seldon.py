"""seldon-core 1.17: the functions of its Python wrapper, as a server and as a client."""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from interop.workers.loop import SIDES, Spoken, serve
from interop.workers.seldon_messages import prediction_pb2

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read

IN_DATA = ("ndarray", "tensor", "tftensor")
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
        """Name what can be asked for."""
        ways: Offer = {}
        for kind in KINDS:
            for side in SIDES:
                rest = ways.setdefault(f"rest {kind}", {})
                rest["encode", side] = partial(self.write_rest, kind, side)
                rest["decode", side] = partial(self.read_rest, side)
                grpc = ways.setdefault(f"grpc {kind}", {})
                grpc["encode", side] = partial(self.write_grpc, kind, side)
                grpc["decode", side] = self.read_grpc
        for container, of in (("rest", True), ("grpc", False)):
            ways[f"{container} list"] = {
                ("encode", "request"): partial(self.write_list, rest=of),
                ("decode", "request"): partial(self.read_list, rest=of),
            }
            ways[f"{container} feedback"] = {
                ("encode", "request"): partial(self.write_feedback, rest=of),
                ("decode", "request"): partial(self.read_feedback, rest=of),
            }
        return ways

    def write_rest(
        self, kind: str, side: str, values: dict[str, Any], fields: dict[str, Any]
    ) -> Spoken:
        """Write what the client posts, or the wrapper answers."""
        value = only(kind, side, values)
        if side == "response":
            construct, asked = self.utils.construct_response_json, self._asked(kind, fields)
            said = construct(Model(fields["names"]), False, asked, value, dict(fields["meta"]))  # noqa: FBT003
        elif kind in IN_DATA:
            datadef = self.utils.array_to_rest_datadef(kind, value, fields["names"])
            said = {"data": datadef, "meta": fields["meta"]}
        else:
            said = self.utils.seldon_message_to_json(self._request(kind, value, fields))
        return Spoken(json.dumps(said).encode())

    def write_grpc(
        self, kind: str, side: str, values: dict[str, Any], fields: dict[str, Any]
    ) -> Spoken:
        """Write what the client sends, or the wrapper answers."""
        value = only(kind, side, values)
        if side == "response":
            asked = self.utils.json_to_seldon_message(self._asked(kind, fields))
            construct = self.utils.construct_response
            said = construct(Model(fields["names"]), False, asked, value, dict(fields["meta"]))  # noqa: FBT003
        else:
            said = self._request(kind, value, fields)
        return Spoken(said.SerializeToString(deterministic=True))

    def _asked(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Give a request of a kind, for the kind of the reply follows it."""
        meta = {"puid": fields["meta"]["puid"]}
        if kind not in IN_DATA:
            return {"strData": "x", "meta": meta}
        empty: Any = [] if kind == "ndarray" else {}
        return {"data": {kind: empty}, "meta": meta}

    def _request(self, kind: str, value: Any, fields: dict[str, Any]) -> Any:
        if kind in IN_DATA:
            datadef = self.utils.array_to_grpc_datadef(kind, value, fields["names"])
            said = self.message(data=datadef)
        elif kind == "jsonData":
            said = self.utils.json_to_seldon_message({kind: value})
        else:
            said = self.message(**{kind: value})
        meta = self.utils.json_to_seldon_message({"meta": fields["meta"]}).meta
        said.meta.MergeFrom(meta)
        return said

    def read_rest(self, side: str, spoken: Spoken) -> Read:
        """Read as the wrapper does, or as the client."""
        said = json.loads(spoken.body)
        if side == "response":
            return self._parts(self.utils.json_to_seldon_message(said))
        value, meta, datadef, _ = self.utils.extract_request_parts_json(said)
        return {"0": value}, {"names": (datadef or {}).get("names", []), "meta": meta}

    def read_grpc(self, spoken: Spoken) -> Read:
        """Read as both do."""
        return self._parts(self.message.FromString(spoken.body))

    def _parts(self, said: Any) -> Read:
        value, meta, datadef, _ = self.utils.extract_request_parts(said)
        return {"0": value}, {"names": list(datadef.names), "meta": meta}

    def _tensor(self, value: Any) -> Any:
        return self.message(data=self.utils.array_to_grpc_datadef("tensor", value))

    def write_list(self, values: dict[str, Any], _: Any, *, rest: bool) -> Spoken:
        """Write what a combiner is sent."""
        said = [self._tensor(value) for value in values.values()]
        message = self.messages.SeldonMessageList(seldonMessages=said)
        if rest:
            return Spoken(json.dumps(self.utils.seldon_messages_to_json(message)).encode())
        return Spoken(message.SerializeToString(deterministic=True))

    def read_list(self, spoken: Spoken, *, rest: bool) -> Read:
        """Read it as the wrapper does."""
        if rest:
            message = self.utils.json_to_seldon_messages(json.loads(spoken.body))
        else:
            message = self.messages.SeldonMessageList.FromString(spoken.body)
        values = [self.utils.get_data_from_proto(each) for each in message.seldonMessages]
        return {str(index): value for index, value in enumerate(values)}, {}

    def write_feedback(
        self, values: dict[str, Any], fields: dict[str, Any], *, rest: bool
    ) -> Spoken:
        """Write feedback, two arrays in it."""
        request, truth = (self._tensor(value) for value in values.values())
        message = self.messages.Feedback(request=request, truth=truth, reward=fields["reward"])
        if rest:
            return Spoken(json.dumps(self.utils.feedback_to_json(message)).encode())
        return Spoken(message.SerializeToString(deterministic=True))

    def read_feedback(self, spoken: Spoken, *, rest: bool) -> Read:
        """Read it as the wrapper does."""
        if rest:
            message = self.utils.json_to_feedback(json.loads(spoken.body))
        else:
            message = self.messages.Feedback.FromString(spoken.body)
        _, features, truth, reward = self.utils.extract_feedback_request_parts(message)
        return {"0": features, "1": truth}, {"reward": reward}


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
