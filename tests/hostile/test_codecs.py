"""Whatever the bytes, a decoder returns the right array or raises a CodecError, and stays small."""

import struct
from collections.abc import Callable  # noqa: TC003 - as in every test
from contextlib import suppress
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.corpus import messages, mutated
from tests.support.memory import peak
from tests.support.nesting import nested
from tests.support.reader_checks import REFUSED, agree, verdict
from tests.support.values import CODECS, MEDIA_TYPES
from tests.support.variants import varint

codecs = pytest.mark.parametrize("name", CODECS)
DEPTHS = (2, 49, 50, 64, 65, 100, 101, 600, 2000, 100_000)
MIB = 1 << 20


def media_type(name: str) -> str:
    """Return the media type of a codec."""
    return MEDIA_TYPES[name.partition("/")[0]]


@pytest.mark.slow
@codecs
def test_truncated_at_every_byte(name: str) -> None:
    """A message that is cut off anywhere is read, or refused, as the official library does."""
    enough = 500 if name.endswith("raw") else 1100
    big = next(body for body in messages(name) if len(body) > enough)
    for body in [*{body for body in messages(name) if len(body) < 250}, big]:
        for stop in range(len(body)):
            agree(name, body[:stop])


@pytest.mark.slow
@codecs
def test_every_byte_changed(name: str) -> None:
    """One wrong byte is seen, also right after the same message with the right one was read."""
    for body in {body for body in messages(name) if len(body) < 160}:
        changed = bytearray(body)
        for place, byte in enumerate(body):
            for other in (byte ^ 1 << place % 8, byte + 1 & 0xFF):
                changed[place] = other
                verdict(name, body)
                agree(name, bytes(changed))
            changed[place] = byte


@pytest.mark.slow
@codecs
@pytest.mark.parametrize("seed", range(3))
def test_mutated_messages(name: str, seed: int) -> None:
    """Real messages with bytes flipped, dropped, doubled and moved are read as the libraries do."""
    held = 0
    for body in mutated(name, seed, 1000):
        held += agree(name, body)
        with suppress(tw.CodecError):
            tw.loads(body, media_type(name))
    assert held


def nested_protobuf(depth: int, number: int, core: bytes) -> bytes:
    """Return lists in lists, each in a Value (field 6) in a ListValue (field 1), as one field."""
    parts, size = [core], len(core)
    for _ in range(depth):
        for tag in (b"\x32", b"\x0a"):
            parts.append(tag + varint(size, None))
            size += len(parts[-1])
    parts.append(varint(number << 3 | 2, None) + varint(size, None))
    return b"".join(reversed(parts))


@pytest.mark.slow
@pytest.mark.parametrize("depth", DEPTHS)
def test_deep_json(depth: int) -> None:
    """Lists and objects in lists, as deep as anybody likes, end in an array or in a CodecError."""
    for opening, closing in (
        ("[", "]"),
        ("[[1],", "]"),
        ('{"a":', "}"),
        ('[{"a":', "}]"),
        ("[", ""),
    ):
        deep = opening * depth + "1" + closing * depth
        for template in (
            '{"data":{"ndarray":%s}}',
            '{"data":{"ndarray":[%s,%s]}}',
            '{"data":{"tensor":{"shape":%s,"values":%s}}}',
            '{"data":{"ndarray":[1]},"meta":{"tags":{"a":%s}}}',
            '{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":%s},"floatVal":%s}}}',
            "%s",
        ):
            body = template.replace("%s", deep).encode()
            agree("json/ndarray", body)
            for name in ("json/tensor", "json/tftensor", "json/raw"):
                verdict(name, body)


@pytest.mark.parametrize("depth", DEPTHS)
def test_deep_msgpack(depth: int) -> None:
    """Arrays and maps in arrays, as deep as anybody likes, end in an array or in a CodecError."""
    for opening in (b"\x91", b"\x92\x01", b"\x81\xa1a", b"\xdd\x00\x00\x00\x01", b"\xdc\x00\x01"):
        for core in (b"\x01", b"\x90", b"", b"\xcb" + bytes(8), b"\xdd\xff\xff\xff\xff"):
            deep = opening * depth + core
            for head in (b"\x81\xa4data\x81\xa7ndarray", b"\x81\xa4meta\x81\xa4tags\x81\xa1a", b""):
                agree("msgpack/ndarray", head + deep)
            verdict(
                "msgpack/tensor", b"\x81\xa4data\x81\xa6tensor\x82\xa5shape\x90\xa6values" + deep
            )
            verdict("msgpack/raw", b"\x81\xa7binData" + deep)


@pytest.mark.slow
@pytest.mark.parametrize("depth", DEPTHS)
def test_deep_protobuf(depth: int) -> None:
    """Lists in lists, in the array or beside it, are read as deep as protobuf reads them."""
    for core in (b"\x0a\x09\x11" + bytes(8), b"", b"\x0a\x02\x20\x01", b"\x0a"):
        inner = nested_protobuf(depth - 1, 3, core)
        data = b"\x1a" + varint(len(inner), None) + inner
        agree("protobuf/ndarray", data)
        json_data = nested_protobuf(depth - 1, 6, core)  # a Value that is a list
        agree("protobuf/ndarray", b"\x32" + varint(len(json_data), None) + json_data + data)
    group = b"\x9b\x06" * depth + b"\x9c\x06" * depth
    agree("protobuf/raw", group + b"\x22\x01a")


@pytest.mark.slow
@codecs
@pytest.mark.parametrize("depth", [65, 2000, 100_000])
def test_deep_lists_are_not_encoded(name: str, depth: int) -> None:
    """Lists deeper than an array can be are refused, and so is a list that holds itself."""
    deep = nested(depth + 1, 1.0)
    endless: list[Any] = []
    endless.append(endless)
    for value in (deep, endless, [deep, 1.0]):
        with pytest.raises(tw.EncodeError):
            tw.get_codec(name).encode(value)


@pytest.mark.slow
@codecs
@pytest.mark.parametrize("depth", [65, 2000, 100_000])
def test_deep_meta_is_not_encoded(name: str, depth: int) -> None:
    """Tags deeper than the container can say are refused, or read back."""
    deep = nested(depth + 1, 1.0)
    codec, array = tw.get_codec(name), np.zeros(2, np.uint8)
    with suppress(tw.EncodeError):
        body = codec.encode(array, meta={"tags": {"a": deep}})
        assert depth < 2000
        tw.loads(body, media_type(name))


def tf_text(dtype: str, shape: list[int], **members: Any) -> bytes:
    """Return a tftensor as JSON."""
    dims = [{"size": str(size)} for size in shape]
    proto = {"dtype": dtype, "tensorShape": {"dim": dims}} | members
    return orjson.dumps({"data": {"tftensor": proto}})


def tf_proto(dtype: int, shape: list[int], values: bytes = b"") -> bytes:
    """Return a tftensor as protobuf."""
    dims = b"".join(b"\x12" + bytes([len(n := varint(s, None)) + 1]) + b"\x08" + n for s in shape)
    proto = b"\x08" + varint(dtype, None) + b"\x12" + varint(len(dims), None) + dims + values
    data = b"\x22" + varint(len(proto), None) + proto
    return b"\x1a" + varint(len(data), None) + data


HUGE = ([2**33], [2**20, 2**20], [2**31, 2**31, 2**31], [1] * 60 + [2**40], [2**62, 2], [2**63 - 1])
BOMBS = {
    **{
        f"{shape[-3:]} {t}": ("protobuf/tftensor", tf_proto(t, shape))
        for shape in HUGE
        for t in range(34)
    },
    "one float": ("protobuf/tftensor", tf_proto(1, [2**33], b"\x2a\x04\x00\x00\x80?")),
    "one string": ("protobuf/tftensor", tf_proto(7, [2**24], b"\x42\x09abcdefghi")),
    "a long string": ("protobuf/tftensor", tf_proto(7, [2**14], b"\x42\xff\x7f" + b"a" * 0x3FFF)),
    "JSON float": ("json/tftensor", tf_text("DT_FLOAT", [2**33], floatVal=[1])),
    "JSON bool": ("json/tftensor", tf_text("DT_BOOL", [2**40])),
    "JSON string": ("json/tftensor", tf_text("DT_STRING", [2**24], stringVal=["YWFhYWFhYWFh"])),
    "JSON tensor": ("json/tensor", b'{"data":{"tensor":{"shape":[8589934592],"values":[1]}}}'),
    "JSON no values": ("json/tensor", b'{"data":{"tensor":{"shape":[1099511627776]}}}'),
    "array32": (
        "msgpack/ndarray",
        b"\x81\xa4data\x81\xa7ndarray\xdd\xff\xff\xff\xff\xcb" + bytes(8),
    ),
    "array32 in array32": (
        "msgpack/ndarray",
        b"\x81\xa4data\x81\xa7ndarray" + b"\xdd\xff\xff\xff\xff" * 9,
    ),
    "array32 of numbers": (
        "msgpack/ndarray",
        b"\x81\xa4data\x81\xa7ndarray\xdd\x7f\xff\xff\xff" + b"\x01" * 999,
    ),
    "bin32": ("msgpack/raw", b"\x81\xa7binData\xc6\xff\xff\xff\xff" + bytes(99)),
    "str32": ("msgpack/raw", b"\x81\xa7binData\xdb\xff\xff\xff\xff" + bytes(99)),
    "map32": ("msgpack/raw", b"\xdf\xff\xff\xff\xff\xa7binData\xc4\x01a"),
    "ext32": ("msgpack/raw", b"\x81\xa7binData\xc9\xff\xff\xff\xff\x05a"),
    "bin32 values": (
        "msgpack/tensor",
        b"\x81\xa4data\x81\xa6tensor\x81\xa6values\xc6\xff\xff\xff\xf8" + bytes(8),
    ),
    "msgpack dims": (
        "msgpack/tftensor",
        msgpack.packb(
            {"data": {"tftensor": {"dtype": 1, "tensorShape": {"dim": [{"size": 2**33}]}}}}
        ),
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_claims_of_gigabytes(case: str) -> None:
    """A message of a few bytes that claims gigabytes is refused before anything is allocated."""
    name, body = BOMBS[case]
    said, most = peak(lambda: verdict(name, body))
    assert said == REFUSED
    assert most < 4 * len(body) + MIB


def test_claims_within_the_limit_are_granted() -> None:
    """A short message may expand to megabytes, where one value is repeated."""
    body = tf_proto(1, [1024, 1024], b"\x2a\x04\x00\x00\x80?")
    array, most = peak(lambda: tw.get_codec("protobuf/tftensor").decode(body))
    assert (array == 1).all()
    assert most < 4.5 * MIB


@codecs
def test_shapes_that_do_not_match(name: str) -> None:
    """Any shape but the one that holds the values is refused, however it multiplies."""
    kind = name.partition("/")[2]
    if kind not in ("tensor", "tftensor"):
        pytest.skip("its shape is that of its rows")
    shapes: tuple[list[int], ...] = (
        [2**32, 2**32],
        [2**63, 2],
        [-1, -2],
        [-2],
        [3],
        [1],
        [],
        [2, 0],
        [2**31, 2**31, 4],
        [2, 2],
    )
    for shape in shapes:
        if kind == "tensor":
            tree: Any = {"tensor": {"shape": shape, "values": [1.5, 2.5]}}
        else:
            tree = {
                "tftensor": {"dtype": 2, "tensorShape": {"dim": [{"size": str(n)} for n in shape]}}
            }
            tree["tftensor"]["tensorContent"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        if name.startswith("protobuf"):
            body = tf_proto(2, [n % 2**64 for n in shape], b"\x22\x10" + bytes(16))
            assert not agree("protobuf/tftensor", body)
        else:
            packed: Callable[[Any], bytes] = orjson.dumps if "json" in name else msgpack.packb
            assert not agree(name, packed({"data": tree}))


SURROGATES = ("\ud800", "a\udfff", "\udc80b")


@codecs
@pytest.mark.parametrize("text", SURROGATES)
def test_surrogates_are_not_encoded(name: str, text: str) -> None:
    """Half of a surrogate pair is no text: not as a value, a name, a tag or a puid."""
    codec, array = tw.get_codec(name), np.zeros(2, np.uint8)
    values: list[Any] = [] if name.endswith("raw") else [np.array([text]), [text], [1.5, text]]
    for value in values:
        with pytest.raises(tw.EncodeError):
            codec.encode(value)
    for meta in ({"puid": text}, {"tags": {"a": text}}, {"tags": {text: 1}}):
        with pytest.raises(tw.EncodeError):
            codec.encode(array, meta=meta)
    with pytest.raises(tw.EncodeError):
        codec.encode(array, status={"info": text})
    if not name.endswith("raw"):
        with pytest.raises(tw.EncodeError):
            codec.encode(array, names=[text, "b"])


@pytest.mark.parametrize("where", ['"data":{"ndarray":["%s"]}', '"strData":"%s"', '"%s":1'])
def test_surrogates_in_json(where: str) -> None:
    """Escaped halves of surrogate pairs are refused, as orjson does; whole pairs are read."""
    for text in ("\\ud800", "\\udc00", "\\ud800\\ud800", "\\ud83d\\ude00", "\\ud83d", "\\u0000"):
        agree("json/ndarray", ("{" + where.replace("%s", text) + "}").encode())
        more = ',"more":"' + "x" * 9000 + '"}'
        agree("json/ndarray", ("{" + where.replace("%s", text) + more).encode())


@pytest.mark.parametrize("name", ["json/raw", "json/tensor", "json/tftensor", "msgpack/raw"])
def test_base64_with_junk(name: str) -> None:
    """Base64 is standard or URL-safe, padded or not; anything else in it is refused."""
    texts = [
        "AAAA",
        "AAA=",
        "AAA",
        "AA==",
        "AA",
        "A",
        "A===",
        "AAAA=",
        "AAAA====",
        "=",
        "",
        "-_-_",
        "+/+/",
    ]
    texts += [
        "AA AA",
        "AAAA\n",
        "AA\u00e9A",
        "AAA\x00",
        "AA=A",
        "AAAAA",
        "A-+_",
        "!!!!",
        "AA.A",
        "\u4e2d",
    ]
    pack: Callable[[Any], bytes] = msgpack.packb if "msgpack" in name else orjson.dumps
    for text in texts:
        for head in ("", "AAAA" * 3000):
            tree: Any = {"binData": head + text}
            if name.endswith("tensor"):
                count = (len(head) * 3 + 8) // 4
                proto = {
                    "dtype": 4,
                    "tensorShape": {"dim": [{"size": count}]},
                    "tensorContent": head + text,
                }
                tree = {"data": {"tftensor": proto}}
            if name == "json/tensor":
                tree = {"data": {"tensor": {"shape": [3], "values": head + text}}}
            agree(name, pack(tree))


@codecs
def test_integers_beyond_64_bits(name: str) -> None:
    """An integer that no 64-bit dtype holds is not encoded, and never decoded as another."""
    codec = tw.get_codec(name)
    for value in ([2**64], [-(2**63) - 1], [[1, 10**30]], [10**400], [-1, 2**63], [10**400, 1.5]):
        try:
            body = codec.encode(value)
        except tw.EncodeError:
            continue
        assert np.asarray(codec.decode(body), object).tolist() == value
    assert name != "json/ndarray" or verdict(name, b'{"data":{"ndarray":[1e400]}}') == REFUSED


@codecs
@pytest.mark.parametrize("body", [None, "{}", 5, 1.5, [1], {}, object(), np.array([None])])
def test_what_is_no_buffer(name: str, body: object) -> None:
    """What is no buffer of bytes is refused as a message would be."""
    with pytest.raises(tw.DecodeError):
        tw.get_codec(name).decode(body)
    with pytest.raises(tw.DecodeError):
        tw.loads(body, media_type(name))


@codecs
def test_buffers_that_are_not_contiguous(name: str) -> None:
    """A buffer with gaps is refused: its bytes would have to be copied together first."""
    with pytest.raises(tw.DecodeError, match="contiguous"):
        tw.get_codec(name).decode(memoryview(bytes(100))[::2])
    with pytest.raises(tw.DecodeError, match="contiguous"):
        tw.get_codec(name).decode(np.zeros((9, 9), np.uint8).T[::2])


def _doubles(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}d", *numbers)


PLACES = [
    ("json/ndarray", b'{"data":{"ndarray":[[1,2],[3]]}}', "$.data.ndarray[1]"),
    ("json/ndarray", b'{"data":{"ndarray":[[1,2],[3,null]]}}', "$.data.ndarray[1][1]"),
    ("json/ndarray", b'{"data":{"ndarray":5}}', "$.data.ndarray"),
    ("json/ndarray", b'{"data":5}', "$.data"),
    ("json/ndarray", b'{"strData":"a"}', "$.strData"),
    ("json/ndarray", b"{}", "$"),
    ("json/ndarray", b"[]", "$"),
    ("json/tensor", b'{"data":{"tensor":{"shape":[2],"values":[1]}}}', "$.data.tensor.shape"),
    ("json/tensor", b'{"data":{"tensor":{"shape":["x"],"values":[1]}}}', "$.data.tensor.shape[0]"),
    (
        "json/tensor",
        b'{"data":{"tensor":{"shape":[2],"values":[1,"x"]}}}',
        "$.data.tensor.values[1]",
    ),
    ("json/tensor", b'{"data":{"tensor":5}}', "$.data.tensor"),
    ("json/tftensor", tf_text("DT_WHAT", []), "$.data.tftensor.dtype"),
    ("json/tftensor", tf_text("DT_FLOAT", [-1]), "$.data.tftensor.tensorShape.dim[0].size"),
    ("json/tftensor", tf_text("DT_INT8", [1], intVal=[300]), "$.data.tftensor.intVal"),
    ("json/tftensor", tf_text("DT_INT8", [1], tensorContent="*"), "$.data.tftensor.tensorContent"),
    ("json/raw", b'{"binData":"*"}', "$.binData"),
    (
        "protobuf/tensor",
        b"\x1a\x0f\x12\x0d\x0a\x01\x02\x12\x08" + _doubles(1),
        "$.data.tensor.shape",
    ),
    ("protobuf/tftensor", tf_proto(3, [1], b"\x22\x01a"), "$.data.tftensor.tensorContent"),
    ("protobuf/tftensor", tf_proto(6, [1], b"\x3a\x02\xac\x02"), "$.data.tftensor.intVal"),
    ("protobuf/ndarray", b"\x1a\x08\x1a\x06\x0a\x02\x08\x00\x0a\x00", "$.data.ndarray[1]"),
    ("msgpack/raw", b"\x81\xa7binData\xc0", "$"),
    ("msgpack/raw", b"\x81\xa7binData\x05", "$.binData"),
]


@pytest.mark.parametrize(("name", "body", "path"), PLACES)
def test_errors_name_the_place(name: str, body: bytes, path: str) -> None:
    """The path of an error is that of what is wrong, and its text ends with it."""
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec(name).decode(body)
    assert caught.value.path == path
    assert path == "$" or f" - at {path}" in str(caught.value)


@codecs
def test_another_kind_is_named(name: str) -> None:
    """A message of another kind is refused with the name of the codec that reads it."""
    container = name.partition("/")[0]
    for other in CODECS:
        if other.startswith(container) and other != name:
            with pytest.raises(tw.DecodeError, match=other) as caught:
                tw.get_codec(name).decode(messages(other)[1])
            assert caught.value.path.startswith("$")


@pytest.mark.parametrize("target", ["json/ndarray", "protobuf/ndarray", "msgpack/ndarray"])
@pytest.mark.parametrize("lossy", [False, True])
def test_rows_without_a_value_are_bounded(target: str, *, lossy: bool) -> None:
    """A few bytes that claim 2**40 rows of no numbers are refused, not written as empty lists."""
    for shape in ((2**40, 0), (2**25, 2, 0)) + (((2**40, 0, 3),) if lossy else ()):
        body = tw.get_codec("protobuf/tftensor").encode(np.empty(shape, np.uint8))
        for form in (target, "tfserving/json"):
            with pytest.raises(tw.EncodeError, match="expected at most 16777216 rows"):
                tw.transcode(body, "protobuf/tftensor", form, lossy=lossy)
    written = tw.get_codec("json/ndarray").encode(np.empty((3, 0)))
    assert orjson.loads(written) == {"data": {"ndarray": [[], [], []]}}


@pytest.mark.parametrize("target", ["tfserving/json", "oip/json"])
def test_a_puid_that_is_no_text_is_not_an_id(target: str) -> None:
    """Its loss is refused, or accepted, as that of other meta."""
    body = b'{"meta":{"puid":1},"data":{"tensor":{"shape":[1],"values":[1.5]}}}'
    with pytest.raises(tw.EncodeError) as caught:
        tw.transcode(body, "json/tensor", target)
    assert caught.value.path == "$.meta.puid"
    assert b"1.5" in tw.transcode(body, "json/tensor", target, lossy=True)
