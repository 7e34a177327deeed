"""TensorFlow Serving over gRPC, held to protobuf's official runtime."""

from contextlib import suppress
from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import descriptor, message_class, schema
from tensorwire.tree import Irregular
from tests.goldens.cases import DTYPES
from tests.support import variants
from tests.support.corpus import TOKENS, _mutate
from tests.support.expectations import decoded, describe
from tests.support.memory import peak
from tests.support.tfserving_values import (
    KINDS,
    REFUSED,
    Request,
    Response,
    agrees,
    arrays_of,
    official,
    read,
    written,
)
from tests.support.values import labelled, plain

protocol = tw.get_protocol("tfserving/protobuf")
kinds = pytest.mark.parametrize("kind", KINDS)
KIB = 1 << 10


def several(big: int = 0) -> dict[str, Any]:
    """Return arrays of many dtypes and shapes, by names that sort in odd ways."""
    names = ("x", "xy", "x_1", "b", "é", "", "a b", '"', "日本")
    dtypes = ("float32", "str", "bool", "int64", "bfloat16", "uint8", "complex64", "float64")
    shapes: Any = ((2, 3), (2,), (), (0, 3), (1, 1), (7,), (2, 2, 2))
    shapes = ((40, 50), *shapes) if big else shapes
    return {
        name: plain(dtypes[i % len(dtypes)], shapes[i % len(shapes)])
        for i, name in enumerate(names)
    }


def messages() -> list[Any]:
    """Return messages with little and with much in them."""
    lone = {"x": np.arange(6.0).reshape(2, 3)}
    return [
        Request({}),
        Response({}),
        Request(lone, "m"),
        Response(lone, version=7),
        Request({"s": np.array([b"a", b"", b"ccc"])}, signature_name="serving_default"),
        Request(several(), "m", version=0, signature_name="é", output_filter=["a", "", "é"]),
        Request(several(1), "m", version_label="stable", output_filter=["y"]),
        Response(several(), "m", version=-(2**63)),
        Response(several(1), "m", version=2**63 - 1, signature_name="s"),
    ]


def verdict(body: Any, kind: Any) -> Any:
    """Return what a body says, or that it is refused: by a `CodecError` with a path."""
    failure = None
    try:
        return protocol.decode(body, type=kind)
    except tw.CodecError as error:
        failure = error
    assert failure.path.startswith("$")
    assert failure.reason
    return REFUSED


def slow(body: bytes, kind: Any) -> Any:
    """Return what a body says by the runtime's tree alone."""
    container, whole = CONTAINERS["protobuf"], schema(f"tensorflow.serving.{kind.__name__}")
    try:
        tree = container.read_any(body, whole)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(container), "read", lambda *_: tree)
            return protocol.decode(body, type=kind)
    except tw.CodecError:
        return REFUSED


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_array(dtype: str, kind: Any) -> None:
    """Each dtype, shape and layout is written as the runtime writes it, and read back."""
    for label, array in labelled(dtype):
        message = kind({"x": array}, "m")
        body, headers = protocol.encode(message)
        assert body == written(message), label
        assert headers == {"Content-Type": "application/x-protobuf"}
        back = arrays_of(protocol.decode(body, type=kind))["x"]
        if dtype not in ("str", "bytes"):
            assert describe(back) == describe(decoded("protobuf/tftensor", array)), label
        else:
            flat = [x.encode() if isinstance(x, str) else x for x in array.ravel().tolist()]
            assert np.asarray(back).reshape(-1).tolist() == flat or not array.size, label
            assert np.shape(back) == array.shape


@pytest.mark.parametrize("message", messages(), ids=str)
def test_whole_messages(message: Any) -> None:
    """Many arrays, model, version, label, signature and filter go there and back."""
    kind = type(message)
    body, _ = protocol.encode(message)
    assert body == written(message)
    parts, headers = protocol.encode_parts(message)
    assert b"".join(parts) == body
    assert headers == {"Content-Type": "application/x-protobuf"}
    wanted = read(body, kind)
    for buffer in (body, bytearray(body), memoryview(body), np.frombuffer(body, np.uint8)):
        assert agrees(protocol.decode(buffer, type=kind), wanted)
    assert agrees(slow(body, kind), wanted)


def test_versions() -> None:
    """A version that is zero is a version; a label and a version are not both given."""
    version: Any
    for version in (None, 0, 1, -1, np.int64(5), 2**63 - 1):
        message = Request({"x": [1.5]}, "m", version)
        assert protocol.encode(message)[0] == written(message)
        assert protocol.decode(written(message)).version == version
    for version in (2**63, 1.0, "1", True):
        with pytest.raises(tw.EncodeError, match=r"\$\.modelSpec\.version"):
            protocol.encode(Request({}, version=version))
    with pytest.raises(tw.EncodeError, match="got both"):
        protocol.encode(Request({}, version=0, version_label="stable"))


def test_path() -> None:
    """The URL's path has the model and its version or label, quoted."""
    assert Request({}, "iris").path == "/v1/models/iris:predict"
    assert Request({}, "iris", 0).path == "/v1/models/iris/versions/0:predict"
    assert Request({}, "a/b", version_label="é").path == "/v1/models/a%2Fb/labels/%C3%A9:predict"
    with pytest.raises(tw.EncodeError, match="got both"):
        _ = Request({}, "iris", 1, "stable").path


def test_reply() -> None:
    """A reply keeps model, version and rows, and gives the outputs that were asked for."""
    request = Request({}, "m", 3, signature_name="s", output_filter=["b"], rows=False)
    reply = request.reply({"a": [1], "b": [2]})
    assert reply == Response({"b": [2]}, "m", 3, "", "s", rows=False)
    assert Request({}).reply({"a": 1}) == Response({"a": 1})
    with pytest.raises(
        tw.EncodeError, match=r"expected the output 'b' .*, got 'a' - at \$.outputs"
    ):
        request.reply({"a": 1})


@kinds
def test_contents_are_views(kind: Any) -> None:
    """As many arrays as there are, each is a read-only view of the body."""
    message = kind({f"t{i}": np.arange(i, i + 400.0).reshape(20, 20) for i in range(50)})
    for body in (written(message), bytearray(written(message))):
        memory = np.frombuffer(body, np.uint8)
        for array in arrays_of(protocol.decode(body, type=kind)).values():
            assert np.shares_memory(array, memory)
            assert not array.flags.writeable


def test_encode_parts_copies_nothing() -> None:
    """Where an array travels as its memory, that buffer is the array."""
    arrays = {"a": np.arange(1000.0), "b": np.ones((30, 40), np.float32)}
    parts, _ = protocol.encode_parts(Request(arrays))
    for array in arrays.values():
        assert any(np.shares_memory(array, np.frombuffer(part, np.uint8)) for part in parts)


def test_memory() -> None:
    """Encoding takes the result, decoding takes next to nothing."""
    message = Request({"a": np.ones(100_000), "b": np.asfortranarray(np.ones((300, 400)))})
    (body, _), most = peak(lambda: protocol.encode(message))
    assert most < len(body) + 64 * KIB
    _, most = peak(lambda: protocol.decode(body))
    assert most < 64 * KIB


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("seed", range(4))
def test_other_forms(kind: Any, seed: int) -> None:
    """Fields in pieces, twice, unpacked, reordered, among strangers: as the runtime reads."""
    chance = Random(seed)  # noqa: S311 - the same ones every time
    held = 0
    whole = descriptor(f"tensorflow.serving.{kind.__name__}")
    for message in messages():
        if not isinstance(message, kind):
            continue
        for _ in range(60):
            body = variants.protobuf(written(message), whole, chance)
            wanted = read(body, kind)
            assert agrees(verdict(body, kind), wanted), body
            assert agrees(slow(body, kind), wanted), body
            held += wanted is not REFUSED
    assert held > 40


def test_map_entries() -> None:
    """Entries without key or value, in another order, twice: the runtime's word counts."""
    proto = official(Request({"x": np.arange(3)})).inputs["x"].SerializeToString()
    other = official(Request({"x": np.arange(4.0)})).inputs["x"].SerializeToString()
    key, value = b"\x0a\x01x", b"\x12" + bytes([len(proto)]) + proto
    another = b"\x12" + bytes([len(other)]) + other
    for inner in (
        key,
        value,
        value + key,
        key + value + another,
        key + key + value,
        b"",
        b"\x0a\0",
    ):
        body = b"\x12" + bytes([len(inner)]) + inner
        for whole in (body, body * 2, body + b"\x12\x04\x0a\x02xy", b"\x1a\x01a" + body):
            wanted = read(whole, Request)
            assert agrees(verdict(whole, Request), wanted), whole
    twice = b"".join(b"\x12" + bytes([len(v) + 3]) + key + v for v in (value, another))
    assert protocol.decode(twice).inputs["x"].dtype == np.float64


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda m: m.inputs["x"].tensor_shape.dim.add(size=2), "$.inputs.x.tensorContent"),
        (
            lambda m: m.inputs["é"].tensor_shape.dim.add(size=-1),
            "$.inputs.é.tensorShape.dim[0].size",
        ),
        (lambda m: m.inputs["é"].int_val.extend([1, 2]), "$.inputs.é.intVal"),
        (lambda m: setattr(m.inputs["x"], "dtype", 20), "$.inputs.x.dtype"),
        (lambda m: m.inputs["new"].tensor_shape.dim.add(size=-1), "$.inputs.new.dtype"),
    ],
)
def test_places_of_errors(change: Any, path: str) -> None:
    """An error says in which array, and where in it."""
    message = official(Request({"x": np.arange(3.0), "é": np.int32(1)}, "m"))
    change(message)
    with pytest.raises(tw.DecodeError) as caught:
        protocol.decode(message.SerializeToString())
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (Request({"x": [[1], [2, 3]]}), "$.inputs.x[1]"),
        (Response({"x": ...}), "$.outputs.x"),
        (Request({"x": np.zeros(2, "M8[s]")}), "$.inputs.x"),
        (Request({"x": ["\ud800"]}), "$.inputs.x"),
        (Request({1: [1]}), "$.inputs"),
        (Request({"\ud800": [1]}), "$.inputs"),
        (Request([1]), "$.inputs"),
        (Response(None), "$.outputs"),
        (Request({}, 5), "$.modelSpec.name"),
        (Request({}, signature_name=b"a"), "$.modelSpec.signatureName"),
        (Request({}, version_label="\udfff"), "$.modelSpec.versionLabel"),
        (Request({}, output_filter="ab"), "$.outputFilter"),
        (Request({}, output_filter=[1]), "$.outputFilter[0]"),
        (Request({}, output_filter=["\ud800"]), "$.outputFilter[0]"),
        (None, "$"),
        ({"inputs": {}}, "$"),
    ],
    ids=repr,
)
def test_what_cannot_be_encoded(message: Any, path: str) -> None:
    """What is no message is refused, and the error says where."""
    for encode in (protocol.encode, protocol.encode_parts):
        with pytest.raises(tw.EncodeError) as caught:
            encode(message)
        assert caught.value.path == path


def test_other_classes() -> None:
    """Subclasses are written as what they are; to read another class is an error."""

    class Mine(tw.tfserving.PredictRequest):
        pass

    mine: Any = Mine({"x": [1.5]}, "m")
    assert protocol.encode(mine)[0] == written(Request({"x": [1.5]}, "m"))
    for kind in (dict, 5, tw.Message):
        with pytest.raises(tw.DecodeError, match="expected PredictRequest or PredictResponse"):
            protocol.decode(b"", type=kind)  # type: ignore[arg-type]
    for body in ("", None, 5, [1]):
        with pytest.raises(tw.DecodeError, match="buffer"):
            protocol.decode(body)


def test_limits() -> None:
    """Limits hold for each array, and a small message cannot claim a large one."""
    message = Request({"x": np.ones((4, 5)), "y": np.array(["a", "b"])})
    body = written(message)
    for limits in (tw.Limits(max_elements=19), tw.Limits(max_bytes=159), tw.Limits(max_rank=1)):
        with pytest.raises(tw.LimitError, match=r"\$\.inputs\.x"):
            protocol.decode(body, limits=limits)
    fits = tw.Limits(max_elements=20, max_bytes=160, max_rank=2)
    assert agrees(protocol.decode(body, limits=fits), read(body, Request))
    bomb = official(Request({"x": np.float32(1)}))
    bomb.inputs["x"].tensor_shape.dim.add(size=2**40)
    with pytest.raises(tw.LimitError):
        protocol.decode(bomb.SerializeToString())


@kinds
def test_truncated_at_every_byte(kind: Any) -> None:
    """A message that is cut off anywhere is read, or refused, as the runtime does."""
    for message in messages():
        if isinstance(message, kind):
            body = written(message)
            for stop in range(0, len(body), 1 if len(body) < 2000 else 37):
                assert agrees(verdict(body[:stop], kind), read(body[:stop], kind)), body[:stop]


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("seed", range(3))
def test_mutated_messages(kind: Any, seed: int) -> None:
    """Bytes flipped, dropped, doubled and moved are read as the runtime reads them."""
    chance = Random(f"{kind} {seed}")  # noqa: S311 - the same ones every time
    bodies = [written(message) for message in messages() if isinstance(message, kind)]
    held = 0
    for _ in range(800):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _mutate(body, chance, TOKENS["protobuf"])
        wanted = read(bytes(body), kind)
        assert agrees(verdict(bytes(body), kind), wanted), bytes(body)
        with suppress(tw.CodecError):
            protocol.peek(bytes(body), type=kind)
        held += wanted is not REFUSED
    assert held


@kinds
def test_peek(kind: Any) -> None:
    """Peek tells each array's name, dtype and shape, whichever form it is in."""
    for message in messages():
        if not isinstance(message, kind):
            continue
        body = written(message)
        for form in (body, bytearray(body), body + b"\xf8\x7f\x01"):
            peeked = protocol.peek(form, type=kind)
            assert (peeked.kind, peeked.model_name) == ("tftensor", message.model_name)
            found = arrays_of(protocol.decode(form, type=kind))
            assert [info.name for info in peeked.tensors] == list(found)
            for name, dtype, shape in peeked.tensors:
                assert dtype is not None
                assert dtype.kind == found[name].dtype.kind
                assert dtype == found[name].dtype or dtype.kind == "S"
                assert shape == found[name].shape


def test_peek_reads_no_array() -> None:
    """What peek takes does not grow with the arrays."""
    body = written(Request({"x": np.ones(200_000)}))
    _, most = peak(lambda: protocol.peek(body))
    assert most < 8 * KIB
    assert CONTAINERS["protobuf"].read(body, schema("tensorflow.serving.PredictRequest"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (tw.DecodeError("bad", ".x"), "3"),
        (tw.LimitError("much"), "8"),
        (tw.EncodeError("no"), "3"),
        ("text", "3"),
        (KeyError("x"), "13"),
    ],
    ids=repr,
)
def test_errors_as_status(error: Any, code: str) -> None:
    """An error is a status with a text, and no body."""
    body, headers = protocol.encode_error(error)
    assert (body, headers) == (b"", {"grpc-status": code, "grpc-message": str(error)})


def test_the_fast_path_is_used() -> None:
    """What the runtime writes is not given back to the runtime."""
    for message in messages():
        whole = schema(f"tensorflow.serving.{type(message).__name__}")
        with suppress(Irregular):
            CONTAINERS["protobuf"].read(written(message), whole)
            continue
        pytest.fail(str(message))


def test_a_first_message_is_not_remembered() -> None:
    """Of many shapes none is remembered that comes once, neither to read nor to write."""
    maker: Any = type(protocol)
    fresh = maker(protocol.name)
    for i in range(3):
        for shape in ((n, m) for n in range(1, 9) for m in range(1, 9)):
            body, _ = fresh.encode(Request({"x": np.ones(shape)}))
            assert fresh.decode(body).inputs["x"].shape == shape
        assert (len(fresh._views) > 0, len(fresh._frames) > 0) == (i > 0, i > 0)


def test_what_is_repeated_is_bounded_in_all() -> None:
    """Many tensors of one value each cannot claim together what one of them may not."""
    request: Any = message_class("tensorflow.serving.PredictRequest")()
    for i in range(8):
        tensor = request.inputs[str(i)]
        tensor.dtype = 2  # DT_DOUBLE
        tensor.tensor_shape.dim.add(size=1_000_000)
        tensor.double_val.append(1.0)
    with pytest.raises(tw.LimitError):
        tw.get_protocol("tfserving/protobuf").decode(request.SerializeToString())
    for _ in range(6):
        del request.inputs[str(len(request.inputs) - 1)]
    read = tw.get_protocol("tfserving/protobuf").decode(request.SerializeToString())
    assert [array.shape for array in read.inputs.values()] == [(1_000_000,), (1_000_000,)]
