"""No message of the Open Inference Protocol depends on those before it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tests.support.oip_reader_checks import agree
from tests.support.oip_values import (
    GRPC,
    PROTOCOLS,
    Request,
    Response,
    Tensor,
    official,
    rest,
    told,
)
from tests.support.values import arrays

protocols = pytest.mark.parametrize("name", PROTOCOLS)


@protocols
def test_nothing_is_remembered_wrongly(name: str) -> None:
    """No result depends on the calls before: names, ids, dtypes and values are not mixed."""
    fresh: Any = type(tw.get_protocol(name))
    one, two = np.arange(6.0), np.arange(6.0).reshape(2, 3)
    many = [
        kind([Tensor(x, array) for x in names], model, version, id_)
        for array in (one, two, one.astype("<i8"), one.astype(">f8"), two.T, one[::-1], one > 1)
        for names in (["x"], ["y"], ["x", "y"], [])
        for model, version, id_ in (("", "", ""), ("a", "", "i"), ("", "a", "j"), ("b", "", "é\n"))
        for kind in (Request, Response)
    ]
    bodies = []
    for message in many * 2:
        body, headers = tw.get_protocol(name).encode(message)
        assert (body, headers) == fresh(name).encode(message)
        bodies.append((body, headers, type(message)))
    for body, headers, kind in bodies:
        read = tw.get_protocol(name).decode(body, headers, type=kind)
        again = fresh(name).decode(body, headers, type=kind)
        assert told(read) == told(again)
        assert type(read.outputs) is type(again.outputs)
        assert repr(read) == repr(again)


@pytest.mark.parametrize("name", [*GRPC, "oip/binary"])
def test_a_first_message_is_not_remembered(name: str) -> None:
    """Of many shapes none is remembered that comes once; one that comes again is, by any id."""
    fresh: Any = type(tw.get_protocol(name))
    protocol = fresh(name)
    shapes = [(n, m) for n in range(1, 9) for m in range(1, 9)]
    for i in range(3):
        for shape in shapes:
            message = Request([Tensor("x", np.ones(shape))], id=f"id-{i}")
            body, headers = protocol.encode(message)
            known = len(protocol._views)
            assert told(protocol.decode(body, headers)) == told(message)
            assert i == 1 or len(protocol._views) == known
        assert (len(protocol._views) > 0) == (i > 0)


@protocols
def test_messages_that_differ_in_one_byte(name: str) -> None:
    """What is refused, and why, does not depend on a good message before it."""
    protocol: Any = tw.get_protocol(name)
    array = np.arange(3.0)
    nothing: list[Any] = [None, 0, "", [], (), {}]
    for _ in range(3):
        protocol.encode(Request([Tensor("x", array)], id="i"))
    odd: list[Any] = [
        Request([Tensor("x", array)], id=some) for some in (5, "\ud800", b"i", None, "", ["i"])
    ]
    odd += [Request([Tensor("x", array)], parameters=some) for some in nothing]
    odd += [Request([Tensor("x", array, some)]) for some in nothing]
    odd += [Request([Tensor("x", array)], outputs=some) for some in nothing]
    odd += [Request(some) for some in (*nothing, iter([Tensor("x", array)]), {Tensor: "x"})]
    odd += [Request([Tensor(some, array)]) for some in (b"x", None, "\ud800", ["x"])]
    odd += [Request([Tensor("x", some)]) for some in (array * 1j, array * np.nan, list(array), "x")]
    odd += [Request([Tensor("x", array, binary=some)]) for some in (True, False)]
    for message in odd:
        assert tried(protocol, message) == tried(type(protocol)(name), message), message


def tried(protocol: Any, message: Any) -> Any:
    """Return what is written for a message, or why it is refused."""
    try:
        return protocol.encode(message)
    except tw.EncodeError as error:
        return str(error)


def written(name: str, message: Any) -> tuple[bytes, dict[str, str]]:
    """Return what the official libraries write for a message."""
    if name not in GRPC:
        return rest(message, binary=name == "oip/binary")
    made = official(message, typed=name.endswith("typed"))
    return made.SerializeToString(deterministic=True), {"Content-Type": "application/x-protobuf"}


@pytest.mark.slow
@protocols
def test_more_messages_than_are_remembered(name: str) -> None:
    """A thousand sorts of messages, then the first ones again, are each written as they are."""
    protocol = tw.get_protocol(name)
    messages = [
        Request([Tensor(f"n{i}", np.full(i % 7 + 1, i))], "m" * (i % 3)) for i in range(999)
    ]
    for message in (*messages, *messages[:300]):
        assert protocol.encode(message) == written(name, message)
        if name in GRPC:
            assert told(protocol.decode(written(name, message)[0])) == told(message)


@protocols
def test_an_array_that_changes(name: str) -> None:
    """What is in an array now is what is written; what was read is nobody else's."""
    protocol, array = tw.get_protocol(name), np.arange(6.0)
    message = Request([Tensor("x", array)])
    for value in (1.5, -0.0, 1e300):
        array[:] = value
        body, headers = protocol.encode(message)
        assert (body, headers) == written(name, message)
        read, again = (protocol.decode(body, headers) for _ in range(2))
        read.inputs[0].parameters["k"] = 1
        read.inputs.append(Tensor("y", array))
        assert told(again) == told(message)
        assert told(protocol.decode(body, headers)) == told(message)


@protocols
def test_threads(name: str) -> None:
    """Threads that write and read different messages at once get their own."""
    messages = [
        kind([Tensor(label, np.full(size, i))], id=label * i)
        for kind in (Request, Response)
        for label in ("a", "b")
        for size in (3, 4, 2000)
        for i in range(3)
    ]
    maker: Any = type(tw.get_protocol(name))
    protocol = maker(name)

    def work(start: int) -> None:
        for message in messages[start:] + messages[:start]:
            body, headers = protocol.encode(message)
            assert (body, headers) == written(name, message)
            assert told(protocol.decode(body, headers, type=type(message))) == told(message)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, start) for start in range(0, len(messages), 3)]:
            done.result()


@pytest.mark.slow
@protocols
@given(data=st.data())
def test_drawn_messages(name: str, data: st.DataObject) -> None:
    """Arrays of any dtype, byte order, shape and strides are represented exactly, or refused."""
    kind, drawn = data.draw(st.sampled_from([Request, Response])), st.lists(arrays(), max_size=3)
    values, text = data.draw(drawn), st.text(max_size=5)
    message = kind([Tensor(data.draw(text), value) for value in values], id=data.draw(text))
    dtypes = {value.dtype.kind + str(value.dtype.itemsize) for value in values}
    finite = all(value.dtype.kind == "c" or np.isfinite(value).all() for value in values)
    no = {"oip/json": {"c8", "c16", "f2"}, "oip/protobuf-typed": {"c8", "c16", "f2"}}
    if dtypes & no.get(name, {"c8", "c16"}) or (name == "oip/json" and not finite):
        with pytest.raises(tw.EncodeError):
            tw.get_protocol(name).encode(message)
        return
    body, headers = tw.get_protocol(name).encode(message)
    assert (body, headers) == written(name, message)
    assert told(tw.get_protocol(name).decode(body, headers, type=kind)) == told(message)
    assert agree(name, body, headers, kind)
