"""Guess the format of bytes that a decoder refuses, for the remedy of its error.

Only the first bytes of a body are read, so that the cost does not depend on its size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tensorwire.errors import excerpt, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.tree import Body

__all__ = ["of_bytes", "of_members", "of_tensor"]

_HEAD = 256  # bytes that are read
_FIELDS = 64  # of a protobuf message
_VARINT = re.compile(rb"[\x00-\x7f]|[\x80-\xff]{1,9}[\x01-\x7f]")
_FRAME = 5  # of gRPC: a zero byte, and the length in four bytes, big-endian
_WIRE_SIZES = {1: 8, 5: 4}  # bytes of protobuf's fixed64 and fixed32; 0 is a varint, 2 has a length
_MESSAGE_TYPES = "loads(body, {!r}) reads Seldon's"

_NPY, _SAFETENSORS, _ARROW, _NUMPY = (
    *("npy/array", "safetensors/arrays", "arrow/tensor"),
    "msgpack/numpy",
)
# The first bytes of a format, the name of its codec, and a description with a remedy.
_STARTS = tuple(
    (re.compile(start, re.DOTALL), name, what)
    for start, name, what in (
        (rb"\x93NUMPY", _NPY, f"a .npy file, which {_NPY} reads"),
        (rb"\xff\xff\xff\xff", _ARROW, f"a message of Arrow; {_ARROW} reads its tensors"),
        (rb"PK\x03\x04", "", "a zip file; numpy.load reads .npz"),
        (rb"\x1f\x8b", "", "gzip; pass gzip.decompress(body)"),
        (rb"\x28\xb5\x2f\xfd", "", "Zstandard; decompress it first"),
        (rb"BZh[1-9]", "", "bzip2; pass bz2.decompress(body)"),
        (rb"\xfd7zXZ\x00", "", "xz; pass lzma.decompress(body)"),
        (rb"\x89PNG", "", "a PNG image"),
        (rb"\xff\xd8\xff", "", "a JPEG image"),
        (rb"GIF8[79]a", "", "a GIF image"),
        (rb"%PDF-", "", "a PDF file"),
        (rb"PAR1", "", "a Parquet file; pyarrow or pandas reads it"),
        (rb"\x89HDF", "", "an HDF5 file; h5py reads it"),
        (rb"HTTP/\d(?:\.\d)? \d{3}", "", "a whole HTTP response; pass its body"),
        (rb"[A-Z]{3,7} \S+ HTTP/\d", "", "a whole HTTP request; pass its body"),
        (rb"--[^\r\n]+\r\nContent-", "", "a form of several parts; pass the body of one"),
        (rb"\xef\xbb\xbf", "", "text after a byte order mark; pass body[3:]"),
        (
            rb"\xff\xfe(?!\x00\x00)|\xfe\xff",
            "",
            "text in UTF-16; pass body.decode('utf-16').encode()",
        ),
        (rb"\{\x00[\"\x0d\x0a \x09]\x00", "", "UTF-16; pass body.decode('utf-16-le').encode()"),
        (rb"(?i)\s*<(?:!doctype\s|html)", "", "an HTML page"),
        (rb"\s*<\?xml", "", "XML"),
    )
)
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_OBJECT = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*(?:"([^"\\]{0,40})"|\})')
_LIST = re.compile(rb"[ \t\r\n]*\[")
# A map whose first key is text or bytes: the first byte of a PNG is that of a map, too.
_MAP = re.compile(rb"(?:[\x81-\x8f]|\xde..|\xdf....)[\xa0-\xbf\xc4-\xc6\xd9-\xdb]", re.DOTALL)
_ARRAY = re.compile(rb"(?:\xc4\x02|\xa2)nd[\xc2\xc3](?:\xc4\x04|\xa4)type")
# The field `datatype` of a tensor of the Open Inference Protocol.
_DATATYPE = re.compile(
    rb"\x12(?:\x04(?:FP16|FP32|FP64|BF16|BOOL|INT8)|\x05(?:INT16|INT32|INT64|UINT8|BYTES)"
    rb"|\x06UINT(?:16|32|64))"
)
# The dtype of a TensorProto, then its shape or the first field of its values.
_TENSOR = re.compile(
    rb"\x08[\x01-\x21](?:[\x12\x22\x2a\x32\x3a\x42\x4a\x52\x5a\x62\x6a]|\x82\x01|\x8a\x01|$)"
)
_FORM = re.compile(rb"[A-Za-z_]\w{0,30}=[^=\s]")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s*")

_PROTOCOLS = {
    "oip/json": "a message of the Open Inference Protocol",
    "tfserving/json": "a message of TensorFlow Serving",
}
_SERVING = ("instances", "predictions")
_OIP = ("inputs", "outputs")
_LISTS, _FEEDBACK = ("seldonMessages",), ("request", "response", "truth", "reward")
_SELDON = ("data", "binData", "strData", "jsonData", "customData", "meta", "status")


def of_bytes(body: Body, expected: str) -> str:
    """Return the format that refused bytes look like, as the remedy of an error.

    Parameters
    ----------
    body
        the bytes.
    expected
        the format that was expected: ``JSON``, ``protobuf``, ``msgpack`` or the name of a codec.

    Returns
    -------
    ``the bytes look like ...``, with what to do; empty where they look like the expected format,
    or like no known format.
    """
    head = bytes(body[:_HEAD])
    name, what = _guess(head, body)
    if name == "protobuf" and _DATATYPE.search(head):
        name, what = (
            "oip/protobuf",
            f"{_PROTOCOLS['oip/json']}, which get_protocol('oip/protobuf') reads",
        )
    if not what or name == expected or (name == "msgpack" and expected == _NUMPY):
        return ""
    return f"the bytes look like {what}"


def of_tensor(body: Body) -> str:
    """Return the remedy for bytes that look like a bare TensorProto, else an empty string.

    Its first field is the dtype, a varint in field 1; Seldon's messages have another field 1.
    """
    if _TENSOR.match(body) is None:
        return ""
    remedy = "put it into data.tftensor of a SeldonMessage, or into the inputs of a PredictRequest"
    return f"the bytes look like a TensorProto alone: {remedy}"


def of_members(  # noqa: PLR0911 - a table of cases
    members: Mapping[Any, Any], own: str = ""
) -> str:
    """Return the kind of message that a tree looks like by its members, as a remedy.

    `own` is the protocol that refuses it; empty for Seldon, where the class is named.
    """
    if any(name in members for name in ("nd", b"nd")):
        return f"it looks like an array of msgpack-numpy, which {_NUMPY} reads"
    if name := _protocol(members, own):
        if name == own:
            return "it looks like the other one of request and reply: pass its class as type="
        return f"it looks like {_PROTOCOLS[name]}, which get_protocol({name!r}) reads"
    if "error" in members:
        return f"it looks like the error reply of a server: {excerpt(members['error'], 200)}"
    for names, kind in ((_LISTS, "MessageList"), (_FEEDBACK, "Feedback")):
        if any(name in members for name in names):
            remedy = f"get_protocol(...).decode(body, type=tensorwire.seldon.{kind}) reads it"
            return f"it looks like a {kind} of Seldon: {remedy}"
    if any(name in members for name in _SELDON):
        return "it looks like a SeldonMessage, which loads() reads"
    return ""


def _protocol(members: Mapping[Any, Any], own: str) -> str:
    """Return the name of the protocol (OIP or TensorFlow Serving) whose JSON has such members.

    An empty list is a message of either: of `own`.
    """
    if any(name in members for name in _SERVING):
        return "tfserving/json"
    tensors = next((members[name] for name in _OIP if members.get(name) is not None), None)
    if tensors == [] and own:
        return own
    first = tensors[0] if isinstance(tensors, list) and tensors else None
    if isinstance(first, dict) and "datatype" in first:
        return "oip/json"
    return "" if tensors is None else "tfserving/json"


def _guess(head: bytes, body: Body) -> tuple[str, str]:  # noqa: C901, PLR0911 - a table of cases
    """Return the name of a format (empty where no codec reads it) and its description."""
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= len(body) - 8:
        return _SAFETENSORS, f"a safetensors file, which {_SAFETENSORS} reads"
    for start, name, what in _STARTS:
        if start.match(head):
            return name, what
    if _PICKLE.match(head) and bytes(body[-1:]) == b".":
        return "", "a pickle, which is never loaded, because loading runs code"
    if head[:1] == b"\0" and int.from_bytes(head[1:_FRAME], "big") == len(body) - _FRAME:
        return "", "a message with the gRPC frame header; pass body[5:]"
    if (found := _OBJECT.match(head)) is not None:
        return _json((found[1] or b"").decode(errors="replace"), head)
    if _LIST.match(head):
        return "JSON", "a JSON list; the messages of all protocols are JSON objects"
    if _MAP.match(head):
        if _ARRAY.search(head):
            return _NUMPY, f"msgpack-numpy, which {_NUMPY} reads"
        remedy = _MESSAGE_TYPES.format("application/msgpack")
        return "msgpack", f"msgpack; {remedy}"
    if text := _text(head, len(body)):
        return "", text
    if _ZLIB.match(head):
        return "", "zlib; pass zlib.decompress(body)"
    if _is_protobuf(body):
        others = "get_protocol('oip/protobuf') and ('tfserving/protobuf') others"
        return "protobuf", f"protobuf; {_MESSAGE_TYPES.format('application/x-protobuf')}, {others}"
    return "", ""


def _json(key: str, head: bytes) -> tuple[str, str]:
    """Return the name and the description of the JSON that begins with a member."""
    if b'"binary_data_size"' in head:
        return "", "JSON followed by arrays, which get_protocol('oip/binary') reads"
    if name := "tfserving/json" if key in _SERVING else "oip/json" if key in _OIP else "":
        return "JSON", f"{_PROTOCOLS[name]} in JSON, which get_protocol({name!r}) reads"
    return "JSON", f"JSON; {_MESSAGE_TYPES.format('application/json')}"


def _text(head: bytes, size: int) -> str:
    """Return the description of text that is not of any format: a form, base64, or other text."""
    try:
        text = head.decode("ascii")
    except UnicodeDecodeError:
        return ""
    if not text or not all(letter.isprintable() or letter in "\t\r\n" for letter in text):
        return ""
    if _FORM.match(head):
        return "a form or a query; pass the value of its field"
    if _BASE64.fullmatch(head[:size]) or (size > _HEAD and _BASE64.fullmatch(head)):
        return "base64; pass base64.b64decode(body)"
    return f"text: {shown(text.strip(), 60)}"


def _is_protobuf(body: Body) -> bool:
    """Return whether bytes begin with up to `_FIELDS` valid fields of a protobuf message."""
    at, size = 0, len(body)
    for _ in range(_FIELDS):
        if at == size:
            break
        tag, at = _varint(body, at)
        wire = tag & 7
        if not tag >> 3 or wire in (3, 4, 6, 7):
            return False
        if wire in _WIRE_SIZES:
            at += _WIRE_SIZES[wire]
        else:
            length, at = _varint(body, at)
            at += length if wire else 0
        if at > size or not at:
            return False
    return size > 1


def _varint(body: Body, at: int) -> tuple[int, int]:
    """Return a varint and its end; (0, 0) where no varint of the shortest form is there."""
    found = _VARINT.match(body, at)
    if found is None:
        return 0, 0
    number = 0
    for i, byte in enumerate(found[0]):
        number |= (byte & 0x7F) << 7 * i
    return number, found.end()
