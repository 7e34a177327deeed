"""What is public is listed, documented and typed, and nothing else is."""

import importlib
import inspect
import pickle
from importlib import resources
from typing import Any, get_type_hints

import numpy as np
import pytest

import tensorwire as tw

CONTRACT = {
    "Codec",
    "CodecError",
    "CodecLike",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "Limits",
    "Message",
    "MessageProtocol",
    "Missing",
    "Peek",
    "TensorInfo",
    "UnknownCodecError",
    "codec_names",
    "dumps",
    "get_codec",
    "get_protocol",
    "loads",
    "peek",
    "protocol_names",
    "register_codec",
    "transcode",
}
MODULES = {"oip", "seldon", "tfserving"}  # loaded when they are first asked for
names = pytest.mark.parametrize("name", tw.__all__)


def test_all_is_what_is_there() -> None:
    """`__all__` is sorted, complete, and holds every name that was promised."""
    assert sorted(tw.__all__) == list(tw.__all__)
    assert set(tw.__all__) == CONTRACT | MODULES
    public = {name for name, value in vars(tw).items() if not name.startswith("_")}
    modules = {name for name in public if inspect.ismodule(getattr(tw, name))}
    assert public - modules == CONTRACT


@names
def test_every_name_is_documented(name: str) -> None:
    """Every public name, and every public member of a class, says what it is."""
    thing = getattr(tw, name)
    if thing is tw.Missing:  # a type has no docstring, its module has
        thing = importlib.import_module("tensorwire.missing")
    assert inspect.getdoc(thing)
    if not inspect.isclass(thing):
        return
    for member, value in vars(thing).items():
        if not member.startswith("_") and (
            inspect.isfunction(value) or isinstance(value, property)
        ):
            assert inspect.getdoc(value), member


@names
def test_every_signature_is_typed(name: str) -> None:
    """Every parameter and every result of a public function has a type."""
    thing = getattr(tw, name)
    functions = [thing] if inspect.isfunction(thing) else []
    if inspect.isclass(thing) and thing.__module__.startswith("tensorwire"):
        functions = [value for value in vars(thing).values() if inspect.isfunction(value)]
    for function in functions:
        made = (
            function.__name__.startswith("__")
            and function.__module__ != "tensorwire.protocols.seldon.codec"
        )
        if made or not function.__module__.startswith("tensorwire"):
            continue  # made by dataclass and Protocol
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            if parameter.name != "self":
                assert parameter.annotation is not parameter.empty, (function, parameter)
        assert signature.return_annotation is not signature.empty, function


def test_options_are_keywords() -> None:
    """Everything but the value or the body is given by name, so that more may be added."""
    keywords = {
        "encode": ["names", "meta", "status", "lossy", "missing"],
        "encode_parts": ["names", "meta", "status", "lossy", "missing"],
        "decode": ["copy", "out", "dtype", "limits", "align", "missing"],
    }
    for method, wanted in keywords.items():
        parameters = inspect.signature(getattr(tw.Codec, method)).parameters.values()
        assert [p.name for p in parameters if p.kind is p.KEYWORD_ONLY] == wanted
    loads = list(inspect.signature(tw.loads).parameters)
    assert loads == ["body", "media_type", "limits", "align", "missing"]
    assert list(inspect.signature(tw.dumps).parameters) == [
        "message",
        "media_type",
        "lossy",
        "missing",
    ]
    assert get_type_hints(tw.codec_names)["return"] == tuple[str, ...]


def test_the_errors_are_one_family() -> None:
    """Every error is a CodecError, and what Python would call it too."""
    assert issubclass(tw.EncodeError, tw.CodecError)
    assert issubclass(tw.EncodeError, ValueError)
    assert issubclass(tw.DecodeError, tw.CodecError)
    assert issubclass(tw.DecodeError, ValueError)
    assert issubclass(tw.LimitError, tw.DecodeError)
    assert issubclass(tw.UnknownCodecError, tw.CodecError)
    assert issubclass(tw.UnknownCodecError, LookupError)
    assert not issubclass(tw.CodecError, ValueError)


@pytest.mark.parametrize("error", [tw.CodecError, tw.EncodeError, tw.DecodeError, tw.LimitError])
def test_an_error_has_reason_and_place(error: type[tw.CodecError]) -> None:
    """An error gives its reason and its path, apart and together, and survives pickling."""
    one = error("too long", "$.data.ndarray[3]")
    assert (one.reason, one.path) == ("too long", "$.data.ndarray[3]")
    assert str(one) == "too long - at $.data.ndarray[3]"
    assert error("too long").path == "$"
    again = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes, as a process pool sends them
    assert (type(again), again.reason, again.path) == (error, one.reason, one.path)
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec("json/ndarray").decode(b'{"data":{"ndarray":[[1],[2,3]]}}')
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (copied.path, str(copied)) == (caught.value.path, str(caught.value))


def test_types_are_shipped() -> None:
    """The package says that it is typed, and what version it is."""
    assert resources.files("tensorwire").joinpath("py.typed").is_file()
    assert tw.__version__.count(".") == 2


def test_built_in_codecs_are_like_a_plugin() -> None:
    """A built-in codec offers what a plug-in has to offer."""
    for name in tw.codec_names():
        codec: Any = tw.get_codec(name)
        assert isinstance(codec, tw.CodecLike)
        assert isinstance(codec.encode(np.zeros(2, np.uint8)), bytes)
