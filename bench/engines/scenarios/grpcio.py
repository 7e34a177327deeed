"""Methods of grpcio: messages of protobuf's runtime, and tensorwire's, behind the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..scenario import AS_IT_IS, BY_HAND, WITH_TENSORWIRE, Cell, Context, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rounds import Request
    from ..servers import Server

FORMS = ("ndarray", "typed", "raw")
ARMS = {AS_IT_IS: "AsItIs", WITH_TENSORWIRE: "WithTensorwire", BY_HAND: "ByHand"}
COUNTS = (1, 100_000)
CLIENTS = 8
"""Clients where a request is small: one client would be measured rather than the server."""


def measure(context: Context) -> Iterator[Cell | str]:
    """Load the methods of each form with one value and many."""
    from ..rounds import calls, load

    server = context.servers.start("grpcio", ("-m", "plain_grpc", "{port}"), ready="")
    cases = [(form, count) for form in FORMS for count in COUNTS]
    for place, (form, count) in enumerate(cases):
        context.show_progress(form, place / len(cases))
        arms = requests(server, form, count)
        case = f"{count:,} value{'s' * (count > 1)}, {form}"
        if count == 1:
            yield from load(context, "grpcio", case, arms, clients=CLIENTS)
        else:
            yield from calls(context, "grpcio", case, arms)
        server.check()
    yield (
        "ndarray: of Seldon's messages. typed, raw: of the Open Inference Protocol; raw as it is"
        " reads with np.frombuffer, as one would by hand."
    )


def requests(server: Server, form: str, count: int) -> dict[str, Request]:
    """Return the request of each arm, by protobuf's runtime."""
    import numpy as np

    from tensorwire.containers.protobuf.schema import message_class

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, count))
    if form == "ndarray":
        seldon: Any = message_class("seldon.protos.SeldonMessage")
        message = seldon()
        message.data.ndarray.add_list().extend(array[0].tolist())
    else:
        asked: Any = message_class("inference.ModelInferRequest")
        message = asked()
        tensor = message.inputs.add(name="x", datatype="FP64", shape=array.shape)
        if form == "typed":
            tensor.contents.fp64_contents.extend(array[0].tolist())
        else:
            message.raw_input_contents.append(array.tobytes())

    def right(reply: bytes) -> bool:
        if form == "ndarray":
            got: Any = list(seldon.FromString(reply).data.ndarray[0])
        else:
            answer: Any = message_class("inference.ModelInferResponse").FromString(reply)
            contents = answer.outputs[0].contents.fp64_contents
            got = contents if form == "typed" else np.frombuffer(answer.raw_output_contents[0])
        return np.array_equal(got, array[0] * 2)

    body = message.SerializeToString()
    return {
        arm: Request(server.url(f"/bench/{form.title()}{name}"), body, right, {}, grpc=True)
        for arm, name in ARMS.items()
        if arm != BY_HAND or form == "typed"
    }


SCENARIOS = (
    Scenario(
        name="grpcio",
        title="One method of grpcio, in three forms",
        question="What does a method gain that reads messages of protobuf's runtime now?",
        measure=measure,
        engines=("grpcio",),
        libraries=("grpcio", "protobuf"),
    ),
)
