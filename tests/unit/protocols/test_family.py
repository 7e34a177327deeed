"""What each protocol owns: held to the protobuf descriptors, and to its own forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire import protocols
from tensorwire.containers.protobuf.schema import pool
from tensorwire.protocols.family import (
    Endpoint,
    Family,
    ServerState,
    UnknownOutputError,
    message_class,
)
from tensorwire.protocols.neutral import Neutral, refuse_loss

FAMILIES = protocols.families()
STATE = ServerState("1.2", ready=True, metadata=lambda: {"versions": [], "inputs": []})
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def forms(family: Family) -> list[str]:
    """Return the names of its forms."""
    return [name for name in tw.protocol_names() if name.startswith(f"{family.name}/")]


@every_family
def test_media_types_are_those_of_the_forms(family: Family) -> None:
    """The usual media type of a form is the one that it writes, and finds it again."""
    for container, media_types in family.media_types.items():
        form = tw.get_protocol(f"{family.name}/{container}")
        assert form.media_type == media_types[0]
        assert {family.form_of(one) for one in media_types} == {container}
    assert family.form_of("text/html") is None


@every_family
def test_calls_are_in_the_descriptors(family: Family) -> None:
    """Each call is a method of its service in the .proto files, and sends that message."""
    for call in family.calls:
        service = pool().FindServiceByName(call.service)
        method = service.methods_by_name[call.name]
        if call.message:
            assert method.input_type.full_name == call.message
        assert call.path == f"/{call.service}/{call.name}"
        assert all(f"{family.name}/{form}" in forms(family) for form in call.forms)


@every_family
def test_candidates_have_the_fields_that_they_name(family: Family) -> None:
    """The fields of a candidate are in its message, and its form is one of the protocol."""
    for one in family.candidates:
        fields = message_class(one.message).DESCRIPTOR.fields_by_name
        assert set(one.payload) <= set(fields)
        assert f"{family.name}/{one.recognized.form}" in forms(family)
        assert not one.recognized.message or one.recognized.message in family.messages


@every_family
def test_endpoints_are_documented_paths(family: Family) -> None:
    """Paths begin with a slash, are listed once, and one of them takes requests by POST."""
    paths = [one.path for one in family.endpoints]
    assert len(set(paths)) == len(paths)
    assert all(path.startswith("/") for path in paths)
    predicts = [one for one in family.endpoints if one.action == "predict"]
    assert predicts
    assert all(one.methods[0] == "POST" for one in predicts)


@every_family
def test_take_undoes_make(family: Family) -> None:
    """An array, an id and a model's name survive where the protocol represents them."""
    array = np.array([[1.5, 2.5]])
    for kind in (family.request, family.response):
        neutral = Neutral({"x": array}, "7", {"name": "m", "version": "3"})
        message, lost = family.make(neutral, kind)
        again = family.take(message)
        assert [value is array for value in again.tensors.values()] == [True]
        assert again.id == "7" or lost["$.id"] == "7"
        assert again.model.get("name", "m") == "m"


@every_family
def test_built_requests_are_written_and_recognised(family: Family) -> None:
    """What the command line builds is read back by the form, and JSON of it is recognised."""
    array = np.array([1.5, 2.5])
    for name in forms(family):
        container = name.partition("/")[2]
        request = family.build(array, container, name=None, model="m", columns=None)
        form = tw.get_protocol(name)
        body, headers = form.encode(request)
        [value] = family.tensors(form.decode(body, headers)).values()
        np.testing.assert_array_equal(value, array)
        assert headers == {"Content-Type": form.media_type, **family.headers(container, body)}
        if form.media_type == "application/json":
            found = family.recognize(body, orjson.loads(body))
            assert found is not None
            assert (found.form, found.reply) == (container, False)


@every_family
def test_bytes_of_others_are_not_recognised(family: Family) -> None:
    """Pictures, other JSON and text are nobody's."""
    assert family.recognize(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None) is None
    for document in ({"a": 1}, [1, 2], "text", {}):
        assert family.recognize(orjson.dumps(document), document) is None


@every_family
def test_an_echo_answers_with_what_came(family: Family) -> None:
    """An echo has the arrays of the request, and so has a model that returns its input."""
    array = np.array([1.5, 2.5])
    request = family.build(array, "json", name=None, model="m", columns=None)
    value, names, _ = family.arguments(request)
    assert value is array
    for reply in (family.echo(request), family.reply(request, value, names)):
        assert isinstance(reply, family.response)
        [kept] = family.take(reply).tensors.values()
        np.testing.assert_array_equal(kept, array)


@pytest.mark.parametrize("name", ["oip", "tfserving"])
def test_an_output_that_is_asked_for_and_not_there(name: str) -> None:
    """It is the fault of the request, with the outputs there are."""
    family = protocols.get_family(name)
    assert family is not None
    neutral = Neutral({"x": np.zeros(1)}, outputs=["y"])
    request = family.make(neutral, family.request)[0]
    assert list(family.wanted(request)) == ["y"]
    with pytest.raises(UnknownOutputError, match=r"'z'.* got 'y' - at \$\.outputs"):
        family.reply(request, {"z": np.zeros(1)}, [])
    named: Any = family.reply(request, np.ones(1), [])
    assert list(family.take(named).tensors) == ["y"]


@every_family
def test_health(family: Family) -> None:
    """A server is live whatever else, and ready is a status of 200 or 503."""
    actions = {one.action for one in family.endpoints}
    if "live" in actions:
        assert family.answer("live", {}, STATE._replace(ready=False)) == (200, {"live": True})
    if "ready" in actions:
        assert family.answer("ready", {}, STATE) == (200, {"ready": True})
        assert family.answer("ready", {}, STATE._replace(ready=False)) == (503, {"ready": False})


def test_a_family_of_defaults() -> None:
    """What a protocol does not say itself is inert: no forms around it, no fallback, no headers."""
    family = Family()
    assert family.form_of("application/json") == "json"
    assert family.headers("json", b"{}") == {}
    assert family.unwrap(b"{}", b"", "", "predict") is None
    assert family.refine("json", {}) == "json"
    assert family.reply_form("json", b"") == "json"
    assert family.fallback("json", None) is None
    assert family.recognize(b"", None) is None
    assert family.address({"name": "m"}) == {"name": "m"}
    assert Endpoint("/a", "live").methods == ("GET",)


def test_the_first_loss_is_refused_by_its_place() -> None:
    """Empty and absent values are no loss."""
    refuse_loss({"$.a": None, "$.b": "", "$.c": []}, "oip/json")
    with pytest.raises(tw.EncodeError) as caught:
        refuse_loss({"$.a": "", "$.b": {"k": 1}, "$.c": ["x"]}, "oip/json")
    assert (caught.value.path, caught.value.remedy) == ("$.b", "pass lossy=True to drop it")
