"""Variants of encoded messages: legal ones that no fast path knows, and a few illegal.

Each function takes the source of chance as its last argument, `random.Random` or hypothesis's.
"""

import json
import struct
from random import Random
from typing import Any

import msgpack
import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor

_PACKABLE = {1: "<d", 2: "<f", 3: "v", 4: "v", 5: "v", 8: "v", 13: "v", 14: "v"}  # by field type
_WIRE_TYPE = {"<d": 1, "<f": 5, "v": 0}


def of_body(container: str, body: bytes, message: Descriptor, chance: Random) -> bytes:
    """Write a message of a container in another way; `message` is its type in protobuf."""
    if container == "protobuf":
        return protobuf(body, message, chance)
    if container == "msgpack":
        return msgpack_bytes(msgpack.unpackb(body), chance)
    return json_text(orjson.loads(body), chance)


def protobuf(body: bytes, message: Descriptor, chance: Random) -> bytes:
    """Write a message's fields again: out of order, in pieces, twice, unpacked, among strangers."""
    fields: list[bytes] = []
    for number, wire_type, value in _fields(body):
        known = message.fields_by_number.get(number)
        fields += _again(number, wire_type, value, known, chance)
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        fields.insert(chance.randint(0, len(fields)), _stranger(message, chance))
    if chance.random() < 0.2:
        chance.shuffle(fields)
    return b"".join(fields)


def _again(
    number: int, wire_type: int, value: Any, known: FieldDescriptor | None, chance: Random
) -> list[bytes]:
    if wire_type != 2 or known is None:
        again = [_tag(number, wire_type, chance) + _value(wire_type, value, chance)]
        return again * 2 if chance.random() < 0.1 else again
    if known.type in _PACKABLE and chance.random() < 0.4:
        return _unpacked(number, value, _PACKABLE[known.type], chance)
    if known.message_type is not None:
        # An array as ListValue is thousands of messages: few of them are to be odd.
        if not known.message_type.full_name.startswith("google.") or chance.random() < 0.1:
            value = protobuf(value, known.message_type, chance)
        if chance.random() < 0.15:  # a message in pieces is merged; a repeated one becomes two
            return _in_pieces(number, value, chance)
    again = [_tag(number, 2, chance) + _value(2, value, chance)]
    if chance.random() < 0.05:
        again.insert(0, _tag(number, 2, chance) + _value(2, value[: len(value) // 2], chance))
    return again


def _in_pieces(number: int, value: bytes, chance: Random) -> list[bytes]:
    inner = [_tag(n, w, chance) + _value(w, v, chance) for n, w, v in _fields(value)]
    cut = chance.randint(0, len(inner))
    pieces = (b"".join(inner[:cut]), b"".join(inner[cut:]))
    return [_tag(number, 2, chance) + _value(2, piece, chance) for piece in pieces]


def _unpacked(number: int, packed: bytes, form: str, chance: Random) -> list[bytes]:
    """Split a packed field into packed pieces and single values."""
    values: list[bytes] = []
    at = 0
    while at < len(packed):
        end = _varint_end(packed, at) if form == "v" else at + struct.calcsize(form)
        values.append(packed[at:end])
        at = end
    out: list[bytes] = []
    at = 0
    while at < len(values):
        step = chance.choice((1, 2, len(values)))
        if step == 1:
            out.append(_tag(number, _WIRE_TYPE[form], chance) + values[at])
        else:
            out.append(
                _tag(number, 2, chance) + _value(2, b"".join(values[at : at + step]), chance)
            )
        at += step
    return out


def _stranger(message: Descriptor, chance: Random) -> bytes:
    """Return a field that is unknown, or known with a value of another sort."""
    numbers = [field.number for field in message.fields]
    number = chance.choice((*numbers, *numbers, 99, 2**29 - 1))
    kind = chance.randrange(6)
    if kind == 0:
        return _tag(number, 0, chance) + varint(chance.choice((0, 1, 300, 2**64 - 1)), chance)
    if kind == 1:
        return _tag(number, 1, chance) + struct.pack("<d", 7.5)
    if kind == 2:
        return _tag(number, 5, chance) + struct.pack("<f", 7.5)
    if kind == 3:
        return _tag(number, 3, chance) + _tag(7, 0, chance) + b"\x01" + _tag(number, 4, chance)
    inner = chance.choice(
        (b"", b"ab", b"\x08\x01", b"\x0a\x02\x08\x01", b"\xff", bytes(8), b"\x12\x00")
    )
    return _tag(number, 2, chance) + _value(2, inner, chance)


def _fields(body: bytes) -> list[tuple[int, int, Any]]:
    found: list[tuple[int, int, Any]] = []
    at = 0
    while at < len(body):
        end = _varint_end(body, at)
        tag = _varint_value(body[at:end])
        at, wire_type = end, tag & 7
        if wire_type == 0:
            end = _varint_end(body, at)
            value: Any = _varint_value(body[at:end])
        elif wire_type == 2:
            end = _varint_end(body, at)
            at, end = end, end + _varint_value(body[at:end])
            value = body[at:end]
        elif wire_type in (1, 5):
            end = at + (8 if wire_type == 1 else 4)
            value = body[at:end]
        else:
            return [*found, (tag >> 3, 9, body[at:])]  # a group: left as it is, with what follows
        at = end
        found.append((tag >> 3, wire_type, value))
    return found


def _tag(number: int, wire_type: int, chance: Random) -> bytes:
    if wire_type == 9:
        return varint(number << 3 | 3, None)
    return varint(number << 3 | wire_type, chance)


def _value(wire_type: int, value: Any, chance: Random) -> bytes:
    if wire_type == 0:
        return varint(value, chance)
    return varint(len(value), chance) + value if wire_type == 2 else bytes(value)


def varint(number: int, chance: Random | None) -> bytes:
    """Write a varint, once in a while longer than it has to be."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    if chance is not None and chance.random() < 0.01:
        out[-1] |= 0x80
        out += b"\x80" * chance.choice((0, 0, 1, 3)) + b"\x00"
    return bytes(out)


def _varint_end(body: bytes, at: int) -> int:
    while body[at] > 0x7F:
        at += 1
    return at + 1


def _varint_value(digits: bytes) -> int:
    return sum((digit & 0x7F) << 7 * place for place, digit in enumerate(digits))


def json_text(tree: Any, chance: Random) -> bytes:
    """Write JSON with other spaces, escapes, keys, doubled keys and spellings of numbers."""
    return _json(tree, chance).encode()


def _json(node: Any, chance: Random) -> str:
    space = chance.choice(("",) * 30 + (" ", "\n\t", "\r"))
    if isinstance(node, dict):
        members = []
        for key, value in node.items():
            if chance.random() < 0.05:
                members.append(f"{_key(key, chance)}:{_json(_junk(chance), chance)}")
            members.append(f"{_key(key, chance)}{space}:{space}{_json(value, chance)}")
        if chance.random() < 0.1:
            members.insert(
                chance.randint(0, len(members)), f'"more":{_json(_junk(chance), chance)}'
            )
        return "{" + space + ",".join(members) + space + "}"
    if isinstance(node, list):
        comma = "," + space
        return "[" + comma.join(_json(item, chance) for item in node) + space + "]"
    if isinstance(node, bool) or node is None or isinstance(node, str):
        plain = chance.random() < 0.8
        return json.dumps(node, ensure_ascii=plain)
    spelled = chance.random()
    if spelled < 0.01:
        return f"{node:e}" if abs(node) < 2**53 else repr(node)
    if spelled < 0.015:
        return json.dumps(chance.choice((str(node), "NaN", "-Infinity", True, None, "", [node])))
    return str(chance.choice((2**63, -(2**63) - 1, 2**64, -0.0))) if spelled < 0.016 else repr(node)


def _key(key: str, chance: Random) -> str:
    way = chance.random()
    if way < 0.05:
        key = "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)
    elif way < 0.1:
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in key) + '"'
    return json.dumps(key)


def _junk(chance: Random) -> Any:
    return chance.choice((None, 0, 1.5, "", "AAAA", [], {}, [1], [[2.5]], {"ndarray": [[1]]}, True))


def msgpack_bytes(tree: Any, chance: Random) -> bytes:  # noqa: PLR0911 - a table of cases
    """Write msgpack with longer headers, other sizes of numbers and doubled keys."""
    if isinstance(tree, dict):
        items = []
        for key, value in tree.items():
            items += [(key, _junk(chance))] if chance.random() < 0.05 else []
            items.append((key, value))
        if chance.random() < 0.1:
            items.insert(chance.randint(0, len(items)), ("more", _junk(chance)))
        body = b"".join(_str(key, chance) + msgpack_bytes(value, chance) for key, value in items)
        return _header(len(items), (0x80, 15), (0xDE, 2), (0xDF, 4), chance) + body
    if isinstance(tree, list):
        body = b"".join(msgpack_bytes(item, chance) for item in tree)
        return _header(len(tree), (0x90, 15), (0xDC, 2), (0xDD, 4), chance) + body
    if isinstance(tree, str):
        return _str(tree, chance)
    if isinstance(tree, bytes):
        if chance.random() < 0.05:
            return msgpack_bytes(_junk(chance), chance)
        return _header(len(tree), (0xC4, 1), (0xC5, 2), (0xC6, 4), chance) + tree
    if tree is None or isinstance(tree, bool):
        return b"\xc0" if tree is None else bytes([0xC2 + tree])
    if isinstance(tree, float):
        return (
            b"\xca" + struct.pack(">f", 0.5)
            if chance.random() < 0.002
            else struct.pack(">Bd", 0xCB, tree)
        )
    return _int(tree, chance)


def _int(number: int, chance: Random) -> bytes:
    forms = [(0xCC, "B"), (0xCD, "H"), (0xCE, "I"), (0xCF, "Q"), (0xD0, "b"), (0xD1, "h")]
    forms += [(0xD2, "i"), (0xD3, "q")]
    code, form = forms[chance.randrange(8)] if chance.random() < 0.01 else (0, "")
    try:
        if code:
            return struct.pack(f">B{form}", code, number)
    except struct.error:
        pass
    if number >= 2**63:
        return struct.pack(">BQ", 0xCF, number)
    return struct.pack(">Bq", 0xD3, number)


def _str(text: str, chance: Random) -> bytes:
    data = text.encode()
    if len(data) < 32 and chance.random() < 0.95:
        return bytes([0xA0 | len(data)]) + data
    return _header(len(data), (0xD9, 1), (0xDA, 2), (0xDB, 4), chance) + data


def _header(count: int, *forms: Any) -> bytes:
    *sizes, chance = forms
    choices = []
    for code, width in sizes:
        if code in (0x80, 0x90):
            choices += [bytes([code | count])] * 8 if count < 16 else []
        elif count < 1 << (8 * width):
            choices.append(bytes([code]) + count.to_bytes(width, "big"))
    return choices[0] if chance.random() < 0.9 else bytes(chance.choice(choices))
