"""Lists of messages and feedback: views, memory, limits, depth, and what is malformed."""

import tracemalloc
from dataclasses import replace
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import json_format

import tensorwire as tw
from tensorwire import seldon
from tensorwire.containers import CONTAINERS as BOXES
from tensorwire.containers.protobuf.schema import schema
from tests.support.corpus import META, STATUS
from tests.support.seldon_messages import (
    BIG,
    FLOATS,
    NAMES,
    OFFICIAL,
    OPAQUE,
    VALUE,
    comparable,
    containers,
    encoded,
    length,
    protocol,
)

UNREAD_LISTS: list[tuple[type, Any, str]] = [
    (seldon.MessageList, {"seldonMessages": 5}, "$.seldonMessages"),
    (seldon.MessageList, {"seldonMessages": {}}, "$.seldonMessages"),
    (seldon.MessageList, {"seldonMessages": [5]}, "$.seldonMessages[0]"),
    (seldon.MessageList, {"seldonMessages": [None]}, "$.seldonMessages[0]"),
    (seldon.MessageList, {"data": {"ndarray": [1]}}, "$"),
    (seldon.MessageList, {"reward": 1}, "$"),
    (
        seldon.MessageList,
        {"seldonMessages": [{"strData": "a"}, {"data": {"ndarray": [[1], [2, 3]]}}]},
        "$.seldonMessages[1].data.ndarray[1]",
    ),
    (
        seldon.MessageList,
        {"seldonMessages": [{"data": {"ndarray": [1.5] * 3000}}, {"data": {"ndarray": ["a", {}]}}]},
        "$.seldonMessages[1].data.ndarray[1]",
    ),
    (seldon.Feedback, {"request": 5}, "$.request"),
    (
        seldon.Feedback,
        {"request": {"data": {"tensor": {"shape": [2]}}}},
        "$.request.data.tensor.shape",
    ),
    (
        seldon.Feedback,
        {"request": {"data": {"tensor": {"shape": [1], "values": ["a"]}}}},
        "$.request.data.tensor.values[0]",
    ),
    (seldon.Feedback, {"reward": "a"}, "$.reward"),
    (seldon.Feedback, {"reward": True}, "$.reward"),
    (seldon.Feedback, {"reward": [1]}, "$.reward"),
    (seldon.Feedback, {"reward": {}}, "$.reward"),
    (seldon.Feedback, {"strData": "a"}, "$"),
]


@pytest.mark.parametrize(("kind", "tree", "path"), UNREAD_LISTS, ids=range(len(UNREAD_LISTS)))
def test_lists_and_feedback_that_are_malformed(kind: Any, tree: Any, path: str) -> None:
    """What is no list and no feedback is refused, at its place."""
    for container, pack in (("json", orjson.dumps), ("msgpack", msgpack.packb)):
        with pytest.raises(tw.DecodeError) as caught:
            protocol(container).decode(pack(tree), type=kind)
        assert caught.value.path == path


def test_many_arrays_are_as_many_views() -> None:
    """Arrays in a list and in a feedback are views of the body, whatever stands around them."""
    kinds = ("tensor", "tftensor", "raw", "tensor", "tftensor")
    messages = [
        tw.Message(BIG + i, kind, None if kind == "raw" else ["a"] * 10, META, STATUS)
        for i, kind in enumerate(kinds)
    ]
    messages += [tw.Message(VALUE, "jsonData", None, META), tw.Message(OPAQUE, "customData")]
    for whole in (
        seldon.MessageList(messages),
        seldon.Feedback(messages[0], messages[1], 0.5, messages[2]),
    ):
        body = encoded("protobuf", whole)
        read = protocol("protobuf").decode(body, type=type(whole))
        assert comparable(read) == comparable(as_read_back(whole))
        found = (
            read.messages[:5]
            if isinstance(whole, seldon.MessageList)
            else [read.request, read.truth]
        )
        for one in found:
            assert np.shares_memory(one.value, np.frombuffer(body, np.uint8))
            assert not one.value.flags.writeable
        BOXES["protobuf"].read(body, schema(NAMES[type(whole)]))  # and is not `Irregular`
        parts = protocol("protobuf").encode_parts(whole)[0]
        views = [np.frombuffer(part, np.uint8) for part in parts if isinstance(part, memoryview)]
        for one, view in zip(messages[:3], views, strict=False):
            assert np.shares_memory(view, one.value)


def as_read_back(whole: Any) -> Any:
    """Return the same message, its raw arrays as bytes."""
    if isinstance(whole, seldon.MessageList):
        return seldon.MessageList([as_read_back(one) for one in whole.messages])
    if isinstance(whole, seldon.Feedback):
        inner = [as_read_back(one) for one in (whole.request, whole.response, whole.truth)]
        return seldon.Feedback(inner[0], inner[1], whole.reward, inner[2])
    if whole.kind != "raw":
        return whole
    return replace(whole, value=np.frombuffer(whole.value.tobytes(), np.uint8))


def test_many_arrays_take_no_memory() -> None:
    """Writing a list takes its body and little more, reading it next to nothing."""
    arrays = [np.full((500, 100), i, np.float64) for i in range(6)]
    whole = seldon.MessageList([tw.Message(array, "tensor", None, META) for array in arrays])
    body = encoded("protobuf", whole)
    protocol("protobuf").decode(body, type=seldon.MessageList)
    tracemalloc.start()
    try:
        written = protocol("protobuf").encode(whole)[0]
        assert tracemalloc.get_traced_memory()[1] < len(written) + (64 << 10)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        read = protocol("protobuf").decode(body, type=seldon.MessageList)
        assert tracemalloc.get_traced_memory()[1] - before < 64 << 10
    finally:
        tracemalloc.stop()
    assert np.array_equal(read.messages[5].value, arrays[5])


def test_many_small_claims_are_one_large_claim() -> None:
    """Arrays that a short message fills up are bounded together, not each for itself."""
    tiny = OFFICIAL[tw.Message]()
    tiny.data.tftensor.dtype = 2
    tiny.data.tftensor.tensor_shape.dim.add().size = 1 << 20
    tiny.data.tftensor.double_val.append(1.5)
    many = OFFICIAL[seldon.MessageList](seldonMessages=[tiny] * 50)
    one = OFFICIAL[seldon.MessageList](seldonMessages=[tiny])
    read = protocol("protobuf").decode
    kind = seldon.MessageList
    assert read(one.SerializeToString(), type=kind).messages[0].value.sum() == 1.5 * (1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(tw.LimitError) as caught:
            read(many.SerializeToString(), type=kind)
        assert tracemalloc.get_traced_memory()[1] < 17 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.path.startswith("$.seldonMessages[2].data.tftensor")
    with pytest.raises(tw.LimitError):
        protocol("json").decode(json_format.MessageToJson(many).encode(), type=kind)
    more = read(many.SerializeToString(), type=kind, limits=tw.Limits(max_bytes=8 << 20))
    assert len(more.messages) == 50


@containers
def test_limits_hold_in_lists(container: str) -> None:
    """What the caller allows holds for each array of a list."""
    body = encoded(container, seldon.MessageList([tw.Message(FLOATS), tw.Message(BIG)]))
    read = protocol(container).decode
    for limits in (tw.Limits(max_elements=599), tw.Limits(max_bytes=4799), tw.Limits(max_rank=1)):
        with pytest.raises(tw.LimitError) as caught:
            read(body, type=seldon.MessageList, limits=limits)
        at = 0 if limits.max_rank == 1 else 1
        assert caught.value.path.startswith(f"$.seldonMessages[{at}].data.tensor")
    allowed = tw.Limits(max_elements=600, max_bytes=4800, max_rank=2)
    assert len(read(body, type=seldon.MessageList, limits=allowed).messages) == 2


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}], ids=["lists", "objects"])
def test_depth_is_counted_from_the_whole(wrap: Any) -> None:
    """What protobuf would not read in a list is not written there, nor read by another rule."""
    value: Any = 1.5
    written = 0
    for _ in range(60):
        value = wrap(value)
        for inner in (
            tw.Message(value, "jsonData"),
            tw.Message(FLOATS, "tensor", None, {"tags": {"a": value}}),
        ):
            for whole in (inner, seldon.MessageList([inner]), seldon.Feedback(truth=inner)):
                try:
                    body = encoded("protobuf", whole)
                except tw.EncodeError:
                    continue
                written += 1
                OFFICIAL[type(whole)].FromString(body)
                found = protocol("protobuf").decode(body, type=type(whole))
                assert comparable(found) == comparable(whole)
    assert written > 100


def test_depth_is_read_as_protobuf_reads_it() -> None:
    """Meta in a list is read to the same depth by the fast path and by the runtime."""
    verdicts = set()
    for levels in range(90, 104):
        deep = b""
        for _ in range(levels):  # groups of an unknown field, one in the other
            deep = b"\xfb\x01" + deep + b"\xfc\x01"
        meta = b"\x12" + length(deep) + deep
        item = meta + b"\x22\x01a"
        for kind, body in (
            (tw.Message, item),
            (seldon.MessageList, b"\x0a" + length(item) + item),
            (seldon.Feedback, b"\x22" + length(item) + item),
        ):
            try:
                OFFICIAL[kind].FromString(body)
                wanted = True
            except Exception:  # noqa: BLE001 - whatever the runtime raises
                wanted = False
            try:
                assert protocol("protobuf").decode(body, type=kind) is not None
                assert wanted
            except tw.DecodeError:
                assert not wanted
            verdicts.add((kind, levels, wanted))
    assert {wanted for _, _, wanted in verdicts} == {True, False}
