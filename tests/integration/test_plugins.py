"""Codecs of others: registered by hand, or found because their package is installed."""

from pathlib import Path
from typing import Any

import pytest

import tensorwire as tw
from tensorwire import registry
from tests.support.packages import entry_points_of, install, run_with
from tests.support.values import CODECS

PLUGIN = Path(__file__).parents[1] / "support" / "plugin"

ROUND_TRIP = """
from io import BytesIO

import numpy as np
import tensorwire as tw

assert "example/npy" in tw.codec_names()
codec = tw.get_codec("example/npy")
assert isinstance(codec, tw.CodecLike)
assert (codec.name, codec.media_type) == ("example/npy", "application/x-npy")
for array in (
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    np.array(7 + 2j),
    np.empty((0, 3), np.float16),
    np.array(["a", "日本"]),
):
    body = codec.encode(array)
    file = BytesIO()
    np.save(file, array, allow_pickle=False)
    assert body == file.getvalue()
    for ours in (codec.decode(body), codec.decode(memoryview(body), copy=True)):
        theirs = np.load(BytesIO(body), allow_pickle=False)
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()
"""

REFUSALS = """
from io import BytesIO

import numpy as np
import tensorwire as tw

codec = tw.get_codec("example/npy")
try:
    codec.encode(np.array([object()]))
except tw.EncodeError as error:
    assert "npy cannot carry object" in str(error)
else:
    raise AssertionError("a pickle was written")

file = BytesIO()
np.save(file, np.array([{}]), allow_pickle=True)
good = codec.encode(np.arange(3.0))
claim = good.replace(b"(3,), }" + b" " * 13, b"(99999999999999,), }")
assert claim != good and len(claim) == len(good)
for body in (file.getvalue(), claim, good + b"x", *(good[:end] for end in range(len(good)))):
    try:
        codec.decode(body)
    except tw.DecodeError:
        continue
    raise AssertionError(body)
"""

TAKEN = """
import tensorwire as tw

class Mine:
    name, media_type = "example/npy", "application/x-mine"
    encode = decode = bytes

try:
    tw.register_codec(Mine())
except ValueError as error:
    assert "example/npy" in str(error)
else:
    raise AssertionError("registered over an installed plug-in")
"""


class Reversed:
    """A codec of bytes, back to front."""

    name = "reversed/bytes"
    media_type = "application/x-reversed"

    def encode(self, value: Any) -> bytes:
        """Turn bytes round."""
        return bytes(value)[::-1]

    def decode(self, body: Any) -> bytes:
        """Turn bytes round again."""
        return bytes(body)[::-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plug-in from a copy, and return the folder that it is in."""
    return install(PLUGIN, tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of entry points of a package that seems to be installed."""
    monkeypatch.syspath_prepend(tmp_path)
    return entry_points_of("strangers", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(ROUND_TRIP, id="round-trip"),
        pytest.param(REFUSALS, id="refusals"),
        pytest.param(TAKEN, id="name-taken"),
    ],
)
def test_installed_plugin(script: str, installed: Path) -> None:
    """The codec of an installed package is listed and found, and works as numpy's own functions."""
    run_with(installed, script)


def test_the_twelve_are_listed_first() -> None:
    """The built-in codecs are the twelve, and each has the name it is got by."""
    assert tw.codec_names()[:12] == registry.codec_names()[:12]
    assert set(tw.codec_names()[:12]) == set(CODECS)
    assert [tw.get_codec(name).name for name in CODECS] == list(CODECS)


@pytest.mark.usefixtures("restored")
def test_registered_codec_is_found_and_listed() -> None:
    """A registered codec is listed, and is the very object that is got by its name."""
    mine = Reversed()
    tw.register_codec(mine)
    assert "reversed/bytes" in tw.codec_names()[12:]
    found: object = tw.get_codec("reversed/bytes")
    assert found is mine
    assert tw.get_codec("reversed/bytes").decode(mine.encode(b"abc")) == b"abc"


@pytest.mark.usefixtures("restored")
def test_register_refuses_a_name_in_use() -> None:
    """A name is given once, whether it is built in or was registered."""
    first, second = Reversed(), Reversed()
    tw.register_codec(first)
    with pytest.raises(ValueError, match="an unused name, got 'reversed/bytes'"):
        tw.register_codec(second)
    found: object = tw.get_codec("reversed/bytes")
    assert found is first
    for name in CODECS:
        with pytest.raises(ValueError, match=f"an unused name, got '{name}'"):
            tw.register_codec(tw.get_codec(name))


@pytest.mark.parametrize("lacking", ["name", "media_type", "encode", "decode"])
def test_register_refuses_what_is_no_codec(lacking: str) -> None:
    """An object without name, media_type, encode or decode is refused, and is not listed."""
    members = {"name": "my/own", "media_type": "a/b", "encode": bytes, "decode": bytes}
    del members[lacking]
    with pytest.raises(ValueError, match="with a name such as"):
        tw.register_codec(type("Half", (), members)())
    assert "my/own" not in tw.codec_names()


@pytest.mark.parametrize("name", ["", "plain", None, 7])
def test_register_refuses_a_name_of_no_kind(name: Any) -> None:
    """A name has a container and a kind."""
    members = {"name": name, "media_type": "a/b", "encode": bytes, "decode": bytes}
    with pytest.raises(ValueError, match="container/kind"):
        tw.register_codec(type("Mine", (), members)())
    assert name not in tw.codec_names()


@pytest.mark.parametrize("name", ["json/nothing", "", "JSON/ndarray", "json", "json/ndarray "])
def test_unknown_name_lists_the_known_ones(name: str) -> None:
    """A name that is not known raises a LookupError that lists all the names there are."""
    with pytest.raises(LookupError) as caught:
        tw.get_codec(name)
    assert type(caught.value) is tw.UnknownCodecError
    assert isinstance(caught.value, tw.CodecError)
    assert repr(name) in str(caught.value)
    for known in tw.codec_names():
        assert known in str(caught.value)


def test_entry_point_does_not_replace_a_built_in(entry_point: Path) -> None:
    """A plug-in that claims the name of a built-in codec is not asked."""
    entry_point.write_text("[tensorwire.codecs]\njson/raw = no_such_module:codec\n")
    assert isinstance(tw.get_codec("json/raw"), tw.Codec)
    assert tw.codec_names().count("json/raw") == 1


@pytest.mark.usefixtures("restored")
def test_entry_point_may_name_a_class(entry_point: Path) -> None:
    """A class is called for its codec, an object is taken as it is."""
    module = entry_point.parents[1] / "strangers_of_test_plugins.py"
    module.write_text(
        "class Codec:\n"
        "    name, media_type = 'strange/class', 'a/b'\n"
        "    encode = decode = staticmethod(bytes)\n"
    )
    entry_point.write_text(
        "[tensorwire.codecs]\n"
        "strange/class = strangers_of_test_plugins:Codec\n"
        "strange/other = strangers_of_test_plugins:Codec\n"
    )
    assert {"strange/class", "strange/other"} <= set(tw.codec_names())
    assert tw.get_codec("strange/class").encode(b"abc") == b"abc"
    with pytest.raises(ValueError, match="expected a codec"):
        tw.get_codec("strange/other")  # the codec says another name than its package
