"""From every codec and protocol to every other: the target says what the source said."""

import random
from contextlib import suppress
from typing import Any

import numpy as np

import tensorwire as tw
from tests.differential import bodies
from tests.differential.contents import Wrong, attempt, refused
from tests.support import oip_values, readers, tfserving_values
from tests.support.expectations import describe
from tests.support.oip_readers import read_grpc, read_rest
from tests.support.values import CODECS

FORMATS = ("npy/array", "safetensors/arrays", "msgpack/numpy", "arrow/tensor")
TARGETS = (*bodies.SOURCES, *FORMATS)


def check(chance: random.Random) -> bool:
    """Turn a message into another one, and read that by an official library."""
    source, target = chance.choice(bodies.SOURCES), chance.choice(TARGETS)
    if chance.random() < 0.4:
        return _plain(source, target, chance)
    body = bodies.valid(chance, source)
    if chance.random() < 0.3:
        body = bodies.rewritten(body, chance)
    if body.kind in (tw.seldon.MessageList, tw.seldon.Feedback):
        return False
    message = attempt(body.decode)
    made = _made(body, target)
    if refused(message):
        if not refused(made):
            raise Wrong(f"not decoded, and transcoded to {target}: {body.call()}")
        return False
    if refused(made):
        return False
    wanted = [array for _, array in sorted(_arrays(message))]
    found = [array for _, array in sorted(_read(made, target, body))]
    if len(found) != len(wanted) or not all(map(_same, found, wanted)):
        raise Wrong(f"to {target}: {found!r} for {wanted!r} - {body.call()}")
    return True


def _plain(source: str, target: str, chance: random.Random) -> bool:
    """Carry numbers, which every codec and protocol has a place for: nothing may be refused."""
    array = bodies.number_array(chance)
    if source.endswith("raw"):
        array = np.frombuffer(array.tobytes(), np.uint8)
    body = bodies.written(source, array)
    made = _made(body, target, lossy=target.endswith("raw"))  # bytes do not say dtype and shape
    if refused(made):
        raise Wrong(f"to {target}: {made} - {body.call()}")
    ((_, found),) = _read(made, target, body)
    if not _same(found, array):
        raise Wrong(f"to {target}: {found!r} for {array!r} - {body.call()}")
    return True


def _made(body: bodies.Body, target: str, *, lossy: bool = False) -> Any:
    reply = body.kind in (oip_values.Response, tfserving_values.Response)
    try:
        options = {"headers": body.headers, "reply": reply, "lossy": lossy}
        return attempt(tw.transcode, body.data, body.source, target, **options)
    except Wrong as wrong:
        raise Wrong(f"to {target}: {wrong} - {body.call()}") from None


def _arrays(message: Any) -> list[Any]:
    """Return the arrays of a message with their names."""
    if isinstance(message, tw.Message):
        if message.kind == "strData":
            return [("", [message.value])]
        if message.kind in ("jsonData", "customData"):
            return [("", np.asarray(message.value))]
        return [("", message.value)] if message.kind else []
    tensors = message.inputs if hasattr(message, "inputs") else message.outputs
    if isinstance(tensors, list):
        return [(tensor.name, tensor.value) for tensor in tensors]
    return list(tensors.items())


def _read(made: bytes, target: str, body: bodies.Body) -> list[Any]:
    """Return the arrays of what was made, as official libraries read them where they can."""
    reply = body.kind in (oip_values.Response, tfserving_values.Response)
    family = target.partition("/")[0]
    if target in FORMATS:
        found = tw.get_codec(target).decode(made)
        return list(found.items()) if isinstance(found, dict) else [("", found)]
    with suppress(readers.Refused):
        if target in CODECS:
            return [("", readers.read(target, made))]
    if target == "oip/binary":
        headers = {oip_values.LENGTH: str(tw.oip.json_size(made))}
        kind = oip_values.Response if reply else oip_values.Request
        return _arrays(read_rest(made, headers, kind))
    if family == "oip":
        kind = oip_values.Response if reply else oip_values.Request
        return _arrays(read_grpc(made, kind) if target != "oip/json" else read_rest(made, {}, kind))
    kind = tfserving_values.Response if reply else tfserving_values.Request
    if target == "tfserving/protobuf":
        return _arrays(tfserving_values.read(made, kind))
    protocol = tw.get_protocol(target if target not in CODECS else f"seldon/{family}")
    return _arrays(protocol.decode(made, type=None if family != "tfserving" else kind))


def _same(found: Any, wanted: Any) -> bool:
    """Return whether two arrays say the same: dtypes may be wider, text may be bytes."""
    found, wanted = map(_array, (found, wanted))
    if found.dtype == np.uint8 and found.ndim == 1 and found.tobytes() == wanted.tobytes():
        return True  # raw, the memory of any array
    if found.shape == () and wanted.shape == (1,) and wanted.dtype == object:
        found = found.reshape(1)  # strData, which Seldon's kinds hold as one value
    if found.shape != wanted.shape:
        return False
    if wanted.dtype.kind in "OSUT":
        return [_text(x) for x in found.ravel()] == [_text(x) for x in wanted.ravel()]
    if wanted.dtype.kind not in "biuf" or found.dtype.kind not in "biuf":
        return bool(describe(found) == describe(wanted))
    if wanted.dtype.itemsize < 8 and wanted.dtype.kind == "f":  # in text, the shortest that says it
        texts = [float(str(number)) for number in wanted.ravel()]
        if _exact(found) == _exact(np.array(texts)):
            return True
    return _exact(found) == _exact(wanted)


def _array(value: Any) -> Any:
    return np.asarray(value, object) if isinstance(value, (list, bytes, str)) else value


def _text(item: Any) -> Any:
    return item.encode() if isinstance(item, str) else item


def _exact(array: Any) -> list[str]:
    """Return the numbers of an array; whole ones are the same in every dtype, and False is 0."""
    return [
        repr(int(x)) if isinstance(x, int) or (x.is_integer() and repr(x) != "-0.0") else repr(x)
        for x in array.ravel().tolist()
    ]
