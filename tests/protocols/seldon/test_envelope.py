"""Names, meta, status and the kind of a message survive, in every container."""

import json
import math
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tests.support import reference
from tests.support.corpus import META, STATUS
from tests.support.expectations import decoded, describe, refused
from tests.support.values import CODECS, CONTAINERS, KINDS, MEDIA_TYPES, built_in, plain

codecs = pytest.mark.parametrize("name", CODECS)
containers = pytest.mark.parametrize("container", CONTAINERS)
NAMES = ["a", "b", "ünï", '"values":[', "ndarray", ""]
ARRAY = plain("float64", (2, 6))
ROW = plain("float64", (6,))  # without columns, so that any names may be beside it
TWO = plain("float64", (3, 2))
BIG = plain("float64", (300, 6))
RAW = [name for name in CODECS if name.endswith("raw")]


def media_type(name: str) -> str:
    """Return the media type of a codec or a container."""
    return MEDIA_TYPES[name.partition("/")[0]]


def names_of(name: str) -> list[str] | None:
    """Return names of columns, where the kind has a place for them."""
    return None if name in RAW else NAMES


@codecs
def test_an_envelope_is_written_as_the_libraries_write_it(name: str) -> None:
    """Names, meta and status stand where protobuf's runtime, its JSON and msgpack put them."""
    codec, kind = tw.get_codec(name), name.partition("/")[2]
    names = names_of(name)
    for array in (ARRAY, BIG):
        body = codec.encode(array, names=names, meta=META, status=STATUS)
        message = reference.message(kind, array)
        reference.wrap(message, names, META, STATUS)
        if name.startswith("protobuf"):
            assert body == reference.protobuf_bytes(message)
        elif name.startswith("json"):
            seen = json_format.Parse(body, reference.SeldonMessage())
            assert reference.protobuf_bytes(seen) == reference.protobuf_bytes(message)
        else:
            tree = msgpack.unpackb(body)
            assert tree["meta"] == META
            assert tree["status"] == STATUS
            assert tree.get("data", {}).get("names") == names
        assert (
            b"".join(built_in(name).encode_parts(array, names=names, meta=META, status=STATUS))
            == body
        )
        assert describe(codec.decode(body)) == describe(decoded(name, array))


@codecs
def test_a_message_comes_back_whole(name: str) -> None:
    """Reading gives what dumps was given: value, kind, names, meta and status."""
    for array in (ARRAY, BIG):
        sent = tw.Message(array, name.partition("/")[2], names_of(name), META, STATUS)
        body = tw.dumps(sent, media_type(name))
        got = tw.loads(body, media_type(name))
        assert describe(got.value) == describe(decoded(name, array))
        assert (got.kind, got.names) == (sent.kind, sent.names)
        assert got.meta == META
        assert got.status == STATUS
        assert tw.dumps(got, media_type(name)) == body


@codecs
def test_nothing_around_a_value_is_nothing(name: str) -> None:
    """Without names, meta and status there are none, and empty ones are not written."""
    body = tw.get_codec(name).encode(ARRAY)
    got = tw.loads(body, media_type(name))
    assert (got.names, got.meta, got.status) == (None, {}, {})
    assert tw.get_codec(name).encode(ARRAY, names=[], meta={}, status={}) == body
    assert tw.get_codec(name).encode(ARRAY, names=None, meta=None, status=None) == body


@codecs
def test_the_next_message_does_not_see_the_last(name: str) -> None:
    """Names and meta of one call are not in the next one."""
    codec = tw.get_codec(name)
    bare = codec.encode(ARRAY)
    for names in (names_of(name), None):
        for meta in (META, None, {"puid": "x"}):
            body = codec.encode(ARRAY, names=names, meta=meta)
            got = tw.loads(body, media_type(name))
            assert (got.names, got.meta) == (names, meta or {})
            assert codec.encode(ARRAY) == bare
            codec.decode(body)
            codec.decode(bare)
            assert tw.loads(bare, media_type(name)).meta == {}


tags = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=4)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
metas = st.fixed_dictionaries(
    {},
    optional={
        "puid": st.text(min_size=1, max_size=5),
        "tags": st.dictionaries(st.text(max_size=3), tags, min_size=1, max_size=3),
        "routing": st.dictionaries(
            st.text(max_size=3), st.integers(-(2**31), 2**31 - 1), min_size=1
        ),
        "requestPath": st.dictionaries(st.text(max_size=3), st.text(max_size=3), min_size=1),
    },
)


@pytest.mark.slow
@containers
@given(meta=metas, names=st.lists(st.text(max_size=4), max_size=4))
def test_any_envelope_comes_back(container: str, meta: dict[str, Any], names: list[str]) -> None:
    """Whatever the texts and the tags, they come back equal, and the runtime reads them so."""
    body = tw.dumps(tw.Message(ROW, "tensor", names, meta), MEDIA_TYPES[container])
    got = tw.loads(body, MEDIA_TYPES[container])
    assert got.names == (names or None)
    assert got.meta == meta
    wanted = reference.message("tensor", ROW)
    reference.wrap(wanted, names, meta, {})
    wanted = wanted if meta else reference.message("tensor", ROW)
    if not meta:
        wanted.data.names.extend(names)
    if container == "protobuf":
        assert body == reference.protobuf_bytes(wanted)
    elif container == "json":
        seen = json_format.Parse(body, reference.SeldonMessage())
        assert reference.protobuf_bytes(seen) == reference.protobuf_bytes(wanted)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"meta": {"tags": {1: 2}}}, "$.meta"),
    ({"meta": {"tags": {"a": object()}}}, "$.meta"),
    ({"meta": {"tags": {"a": {1, 2}}}}, "$.meta"),
    ({"meta": {"tags": {"a": np.zeros(2, "M8[s]")}}}, "$.meta"),
    ({"meta": {"tags": {"a": 2**64 + 1}}}, "$.meta"),
    ({"meta": 5}, "$.meta"),
    ({"status": "fine"}, "$.status"),
    ({"status": {"info": object()}}, "$.status"),
    ({"names": ["a", 1]}, "$.data.names"),
    ({"names": [None]}, "$.data.names"),
    ({"names": [b"a"]}, "$.data.names"),
    ({"names": "ab"}, "$.data.names"),
    ({"names": 5}, "$.data.names"),
]
REFUSED_BY_PROTOBUF: list[tuple[dict[str, Any], str]] = [
    ({"meta": {"bogus": 1}}, "$.meta"),
    ({"meta": {"routing": {"a": 1.5}}}, "$.meta"),
    ({"meta": {"puid": 5}}, "$.meta"),
    ({"meta": {"tags": {"a": 2**53 + 1}}}, "$.meta"),
    ({"meta": {"tags": {"a": b"x"}}}, "$.meta"),
    ({"status": {"code": 2**31}}, "$.status"),
    ({"status": {"status": "WHAT"}}, "$.status"),
]


@containers
@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_an_envelope_cannot_represent(container: str, case: int) -> None:
    """What would be lost, or could not be read back, is refused at the place where it is."""
    options, path = REFUSED[case]
    for kind in ("tensor", "ndarray", "tftensor"):
        with pytest.raises(tw.EncodeError) as caught:
            tw.get_codec(f"{container}/{kind}").encode(ARRAY, **options)
        assert caught.value.path.startswith(path)
        assert "use " not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_in_meta(number: float) -> None:
    """A tag that is no number is kept where the container can say it, and never becomes null."""
    meta = {"tags": {"a": [{"b": number}]}}
    for container in ("protobuf", "msgpack"):
        body = tw.get_codec(f"{container}/tensor").encode(ARRAY, meta=meta)
        assert repr(tw.loads(body, MEDIA_TYPES[container]).meta) == repr(meta)
    for options in ({"meta": meta}, {"status": {"info": number}}):
        with pytest.raises(tw.EncodeError) as caught:
            tw.get_codec("json/tensor").encode(ARRAY, **options)
        assert caught.value.path.startswith("$." + next(iter(options)))


@pytest.mark.parametrize("case", range(len(REFUSED_BY_PROTOBUF)))
def test_what_protobuf_has_no_field_for(case: int) -> None:
    """What no field of Meta or Status holds exactly is refused at its place."""
    options, path = REFUSED_BY_PROTOBUF[case]
    with pytest.raises(tw.EncodeError) as caught:
        tw.get_codec("protobuf/tensor").encode(ARRAY, **options)
    assert caught.value.path.startswith(path)
    assert "use " not in str(caught.value)


@pytest.mark.parametrize("name", RAW)
def test_raw_bytes_have_no_columns(name: str) -> None:
    """Names that would be dropped with raw bytes are refused."""
    with pytest.raises(tw.EncodeError) as caught:
        tw.get_codec(name).encode(b"abc", names=["a"])
    assert caught.value.path.startswith("$")
    with pytest.raises(tw.EncodeError):
        tw.dumps(tw.Message(b"abc", "raw", ["a"]), media_type(name))


@containers
def test_names_of_any_sequence(container: str) -> None:
    """A tuple and an array of strings name columns as a list does."""
    codec = tw.get_codec(f"{container}/tensor")
    wanted = codec.encode(TWO, names=["a", "b"])
    assert codec.encode(TWO, names=("a", "b")) == wanted
    others: list[Any] = [np.array(["a", "b"]), {"a": 1, "b": 2}.keys()]
    for names in others:
        assert codec.encode(TWO, names=names) == wanted


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"data":{"names":"ab","ndarray":[1]}}', "$.data.names"),
        (b'{"data":{"names":["a",1],"ndarray":[1]}}', "$.data.names"),
        (b'{"data":{"ndarray":[1]},"meta":5}', "$.meta"),
        (b'{"data":{"ndarray":[1]},"meta":[]}', "$.meta"),
        (b'{"data":{"ndarray":[1]},"status":"x"}', "$.status"),
        (b'{"data":{"ndarray":[1],"tensor":{}}}', "$"),
        (b'{"data":{"ndarray":[1]},"binData":""}', "$"),
        (b'{"data":{}}', "$.data"),
        (b"{}", "$"),
        (b'{"meta":null,"status":null,"other":1}', "$"),
    ],
)
def test_envelopes_that_are_malformed(body: bytes, path: str) -> None:
    """Reading refuses what is no envelope, at the place where it is wrong; so in msgpack."""
    for text, kind in ((body, "json"), (msgpack.packb(json.loads(body)), "msgpack")):
        with pytest.raises(tw.DecodeError) as caught:
            tw.loads(text, MEDIA_TYPES[kind])
        assert caught.value.path == path


@containers
def test_null_members_are_absent(container: str) -> None:
    """A null where an object could be is as if it were not there, as protobuf's JSON has it."""
    if container == "protobuf":
        pytest.skip("protobuf has no null members")
    pack = orjson.dumps if container == "json" else msgpack.packb
    tree: dict[str, Any] = {"meta": None, "status": None, "binData": None}
    tree["data"] = {"names": None, "tensor": None, "ndarray": [[1, 2]], "tftensor": None}
    got = tw.loads(pack(tree), MEDIA_TYPES[container])
    assert got.value.tolist() == [[1, 2]]
    assert (got.kind, got.names, got.meta, got.status) == ("ndarray", None, {}, {})


UNKNOWN = [
    b"\xf8\x01\x05",
    b"\xfa\x01\x02ab",
    b"\xf9\x01" + bytes(8),
    b"\xfd\x01" + bytes(4),
    b"\xfb\x01\xfc\x01",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", UNKNOWN)
def test_unknown_fields_disturb_nothing(kind: str, field: bytes) -> None:
    """A field of a newer writer, of any wire type and anywhere, changes nothing that is known."""
    message = reference.message(kind, ARRAY)
    reference.wrap(message, NAMES if kind != "raw" else [], META, STATUS)
    body = reference.protobuf_bytes(message)
    wanted = tw.loads(body, MEDIA_TYPES["protobuf"])
    for more in (field + body, body + field, field * 3 + body + field):
        got = tw.loads(more, MEDIA_TYPES["protobuf"])
        assert describe(got.value) == describe(wanted.value)
        assert (got.names, got.meta, got.status) == (wanted.names, wanted.meta, wanted.status)
    tree = reference.tree(f"json/{kind}", ARRAY) | {"newer": {"a": [1, 2]}}
    assert describe(tw.loads(orjson.dumps(tree)).value) == describe(decoded(f"json/{kind}", ARRAY))


@pytest.mark.parametrize(
    ("text", "container"),
    [
        ("application/json", "json"),
        ("APPLICATION/JSON; charset=utf-8", "json"),
        (" application/json ;x=y", "json"),
        ("application/x-protobuf", "protobuf"),
        ("application/protobuf", "protobuf"),
        ("application/msgpack", "msgpack"),
        ("application/x-msgpack", "msgpack"),
        ("application/vnd.msgpack", "msgpack"),
    ],
)
def test_media_types(text: str, container: str) -> None:
    """A media type says which container, whatever its case and parameters."""
    body = tw.get_codec(f"{container}/tensor").encode(ARRAY)
    assert describe(tw.loads(body, text).value) == describe(ARRAY)
    assert tw.dumps(tw.Message(ARRAY), text) == body


@pytest.mark.parametrize(
    "text", ["", "text/html", "application/jsonx", "json", ";", "application/json+x"]
)
def test_unknown_media_types(text: str) -> None:
    """A media type that nobody knows is refused with those that are known."""
    with pytest.raises(tw.DecodeError, match="application/json"):
        tw.loads(b"{}", text)
    with pytest.raises(tw.UnknownCodecError, match="application/json"):
        tw.dumps(tw.Message(ARRAY), text)
    with pytest.raises(tw.UnknownCodecError):
        tw.dumps(tw.Message(ARRAY, "what"), "application/json")


def test_json_is_the_default() -> None:
    """Without a media type, a message is JSON."""
    message = tw.Message(ARRAY, "ndarray")
    assert tw.dumps(message) == reference.body("json/ndarray", ARRAY)
    assert tw.loads(tw.dumps(message)).kind == "ndarray"


NUMBERS: list[Any] = [ARRAY, [[1, 2]], np.array([1], np.float32), np.arange(3)]
OTHERS: list[Any] = [np.array(["a"]), ["a", "b"], [["a", 1.5]], np.array([True]), [True, False]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_is_of_the_kind_of_its_request(kind: str) -> None:
    """Numbers go back as they came, as tensor to raw bytes; what is no number as ndarray."""
    request = tw.Message(ARRAY, kind, ["a"], {"puid": "p", "tags": {"a": 1}}, {"code": 1})
    for value in NUMBERS:
        reply = request.reply(value)
        assert reply.kind == ("tensor" if kind == "raw" else kind)
        assert reply.value is value
        assert reply.meta == {"puid": "p"}
        assert (reply.names, reply.status) == (None, {})
    for value in OTHERS:
        assert request.reply(value).kind == "ndarray"
    for value in (b"x", bytearray(b"x"), memoryview(b"x")):
        assert request.reply(value).kind == "raw"
    assert tw.Message(ARRAY, kind).reply(ARRAY, ["x"]).names == ["x"]
    assert tw.Message(ARRAY, kind).reply(ARRAY).meta == {}


@containers
@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_goes_out(container: str, kind: str) -> None:
    """A reply to what was read is written in the same container, and reads back."""
    name = f"{container}/{kind}"
    request = tw.loads(tw.get_codec(name).encode(ARRAY, meta={"puid": "p"}), media_type(name))
    for value in (ARRAY, np.array(["a", "b"]), b"abc"):
        reply = request.reply(value)
        got = tw.loads(tw.dumps(reply, media_type(name)), media_type(name))
        assert got.kind == reply.kind
        assert got.meta == {"puid": "p"}
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        assert not refused(f"{container}/{reply.kind}", array)
        assert np.array_equal(got.value, decoded(f"{container}/{reply.kind}", array))


def test_values_that_are_lists_are_named_by_their_type() -> None:
    """Mixed rows come back as lists, numbers with strings among them and all."""
    rows: list[Any] = [["a", 1.5, True], ["b", -2.5, False]]
    for container in CONTAINERS:
        body = tw.dumps(tw.Message(rows, "ndarray"), MEDIA_TYPES[container])
        assert tw.loads(body, MEDIA_TYPES[container]).value == rows


@pytest.mark.parametrize("container", ["json", "msgpack", "protobuf"])
def test_names_of_an_empty_array_in_a_list(container: str) -> None:
    """What is read of a tftensor without elements, in a list of messages, is written again."""
    protocol = tw.get_protocol(f"seldon/{container}")
    message = tw.Message(np.zeros((0, 1)), "tftensor", ["a"])
    body, _ = protocol.encode(tw.seldon.MessageList([message]))
    (read,) = protocol.decode(body, type=tw.seldon.MessageList).messages
    assert (read.names, read.value.shape) == (["a"], (0, 1))
    assert protocol.encode(tw.seldon.MessageList([read]))[0] == body
    wrong = tw.Message(np.zeros((0, 2)), "tftensor", ["a"])
    with pytest.raises(tw.EncodeError, match="expected 2 names for 2 columns, got 1"):
        protocol.encode(tw.seldon.MessageList([wrong]))


def test_the_path_of_a_number_in_a_tensor_is_that_of_the_array() -> None:
    """The place of a number that JSON lacks is one of the caller's array."""
    for array, place in ((np.array([[1.0, np.inf]]), "[0][1]"), (np.array(np.nan), "")):
        with pytest.raises(tw.EncodeError) as error:
            tw.get_codec("json/tensor").encode(array)
        assert error.value.path == f"$.data.tensor{place}"
