"""Codecs and protocols by name and by media type."""

from typing import Any

import numpy as np
import pytest

from tensorwire import registry
from tensorwire.errors import DecodeError, EncodeError, UnknownCodecError
from tests.support.values import CODECS, MEDIA_TYPES

pytestmark = pytest.mark.usefixtures("restored")


class Mine:
    """A codec of a caller's own."""

    name = "mine/array"
    media_type = "application/x-mine"

    def encode(self, value: Any, **options: Any) -> bytes:
        """Write the memory."""
        assert not options
        return np.asarray(value).tobytes()

    def decode(self, body: Any, **options: Any) -> Any:
        """Read it."""
        assert not options
        return np.frombuffer(body)


@pytest.mark.parametrize("name", CODECS)
def test_built_in_codecs_are_found_by_name(name: str) -> None:
    """The same object each time, under the media type of its container."""
    codec = registry.get_codec(name)
    assert registry.get_codec(name) is codec
    assert (codec.name, codec.media_type) == (name, MEDIA_TYPES[name.partition("/")[0]])
    assert name in registry.codec_names()


def test_a_codec_is_registered_by_its_name() -> None:
    """It is listed behind the built-in ones; a name that is in use is refused."""
    mine: Any = Mine()
    registry.register_codec(mine)
    assert registry.get_codec("mine/array") is mine
    names = registry.codec_names()
    assert names[:12] == CODECS
    assert names.index("mine/array") >= 12
    for name in ("mine/array", "json/tensor"):
        other = type("Other", (Mine,), {"name": name})()
        with pytest.raises(EncodeError, match=f"expected an unused name, got '{name}'"):
            registry.register_codec(other)
    assert registry.codec_names() == names


@pytest.mark.parametrize(
    "codec",
    [None, 5, object(), type("NoKind", (Mine,), {"name": "plain"})()],
    ids=["None", "integer", "object", "name without a kind"],
)
def test_what_is_no_codec_is_refused(codec: Any) -> None:
    """With what a codec has."""
    with pytest.raises(EncodeError, match="expected a codec with a name such as 'container/kind'"):
        registry.register_codec(codec)


@pytest.mark.parametrize(
    ("name", "near"),
    [("json/tensr", "'json/tensor'"), ("JSON/RAW", "'json/raw'"), ("x", ""), (5, ""), (None, "")],
)
def test_an_unknown_name_lists_the_known_ones(name: Any, near: str) -> None:
    """And asks for the nearest."""
    with pytest.raises(UnknownCodecError) as error:
        registry.get_codec(name)
    assert "known: json/ndarray, " in str(error.value)
    assert (f"did you mean {near}?" in str(error.value)) == bool(near)


@pytest.mark.parametrize("container", MEDIA_TYPES)
@pytest.mark.parametrize("spelling", ["{}", "{}; charset=utf-8", " {} ", "{};v=1", "upper"])
def test_a_media_type_names_a_container(container: str, spelling: str) -> None:
    """Whatever its case and parameters."""
    given = MEDIA_TYPES[container].upper() if spelling == "upper" else spelling
    media_type = given.format(MEDIA_TYPES[container])
    assert registry.essence(media_type) == MEDIA_TYPES[container]
    body = registry.get_codec(f"{container}/ndarray").encode([[1.5]])
    message = registry.loads(body, media_type)
    assert message.value.tolist() == [[1.5]]
    assert registry.dumps(message, media_type) == body


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/jso", 5, None, [], b"x"])
def test_other_media_types_are_refused(media_type: Any) -> None:
    """With those that are known."""
    message = registry.loads(b'{"data":{"ndarray":[1]}}')
    with pytest.raises(DecodeError, match=r"expected a media type, got .*known: application/json"):
        registry.loads(b"{}", media_type)
    with pytest.raises(UnknownCodecError, match="expected a media type, got"):
        registry.dumps(message, media_type)
    assert isinstance(registry.essence(media_type), str)


def test_the_name_of_a_protocol_is_no_codec() -> None:
    """The error names the function that takes it."""
    with pytest.raises(UnknownCodecError, match="expected the name of a codec") as error:
        registry.get_codec("oip/json")
    assert error.value.remedy == "use get_protocol('oip/json')"
