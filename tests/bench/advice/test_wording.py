"""The advice in words, on runs made up to have one right answer; and the same from a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from bench.advice import capabilities, wording
from bench.advice.advice import advise
from bench.measure.check import Facts
from tests.support.advice_runs import ALL, SECTION, USUAL, run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_answer_comes_first_and_then_the_reasons() -> None:
    """What to choose, whether it matters, each container, bytes, and what cannot be represented."""
    lines = wording.lines(run(USUAL), SECTION)
    choose, little, much, json, protobuf, sizes = lines[:6]
    assert choose == (
        "Choose protobuf/tensor: 30.0 µs and 800 kB at 10,000 rows, 6.67x as fast as"
        " json/tftensor. As good: protobuf/tftensor."
    )
    assert little == (
        "At 1 row it hardly matters: beside a plain HTTP request of 100 µs, protobuf/tensor takes"
        " 1.00 µs (1.0 %); with json/tftensor both take 8.04 µs more. Any will do; people can read"
        " json/ndarray."
    )
    assert much == (
        "From 100 rows on it matters: at 10,000 rows, beside a plain HTTP request of 340 µs,"
        " protobuf/tensor takes 30.0 µs (8.8 %); with json/ndarray both take 7.43 ms more."
    )
    assert json == (
        "json: at 1 row ndarray, 1.80x as fast as tftensor; from 100 rows on tftensor, 35.0x as"
        " fast as ndarray at 10,000 rows."
    )
    assert (
        protobuf == "protobuf: tensor or tftensor, 100x as fast as Python objects at 10,000 rows."
    )
    assert (
        sizes == "Bytes a value at 10,000 rows: protobuf/tensor 8.00, json/tftensor 20.0 (2.50x)."
    )
    assert lines[6].startswith("On a wire the 800 kB of protobuf/tensor take 6.40 ms at 1 Gbit/s,")
    assert lines[7].startswith("A plain HTTP request is Python's own client and server")
    assert lines[-2].startswith("Refused, never rounded: ")


def test_bytes_are_compared_with_a_codec_that_is_named() -> None:
    """Also where the smallest body is that of none of the choices."""
    made = run(USUAL, batches=(100,))
    made = replace(made, facts={**made.facts, (0, "json/tftensor"): Facts(4_000)})
    (sizes,) = [line for line in wording.lines(made, SECTION) if line.startswith("Bytes")]
    assert sizes == (
        "Bytes a value: json/tftensor 4.00, protobuf/tensor 8.00 (2.00x), json/ndarray 20.0"
        " (5.00x)."
    )


def test_what_codecs_are_like_is_said_once() -> None:
    """The second section of a run repeats nothing that is true of any payload."""
    made = run(USUAL)
    twice = replace(made, cases=[replace(made.cases[0], section="first"), *made.cases[1:]])
    assert any(line.startswith("Refused") for line in wording.lines(twice, "first"))
    assert not any(line.startswith("Refused") for line in wording.lines(twice, SECTION))


def test_payloads_that_are_no_series() -> None:
    """Each has a line of its own, and no rows."""
    lines = wording.lines(run(USUAL, batches=(1, 10_000, 100), series=False), SECTION)
    assert lines[0] == (
        "1: protobuf/tensor, 1.00 µs and 80 B, 5.00x as fast as json/ndarray."
        " As good: protobuf/tftensor."
    )
    assert lines[3] == "Beside a plain HTTP request it hardly matters for 1 (any will do)."
    assert lines[4].startswith("Beside a plain HTTP request it matters for 10,000 (json/ndarray")


def test_raw_is_quicker_than_the_choice_of_a_named_payload() -> None:
    """Of payloads that are no series: which one is meant stands beside the figure."""
    times = {"json/tensor": (4e-6, 4e-6), "json/raw": (1e-6, 4e-6)}
    lines = wording.lines(run(times, batches=(100, 1), series=False), SECTION)
    assert lines[2] == (
        "Quicker, but both sides must know shape and dtype: json/raw 25 % of the time for 100."
    )


def test_one_payload_needs_no_place() -> None:
    """Where there is a single payload, no sentence says which."""
    lines = wording.lines(run(USUAL, batches=(10_000,), operations=("encode",)), SECTION)
    assert lines[0].startswith("Choose protobuf/tensor: 1.00 µs to encode and 800 kB, 5.00x as ")
    assert not [line for line in lines if "rows" in line]


def test_one_container_and_one_codec() -> None:
    """No line repeats the first; nothing is compared with itself."""
    lines = wording.lines(run({"json/ndarray": USUAL["json/ndarray"]}), SECTION)
    assert lines[0] == "Choose json/ndarray: 7.00 ms and 2.00 MB at 10,000 rows."
    assert lines[1].startswith("At 10,000 rows, beside a plain HTTP request of 800 µs, ")
    assert "more" not in lines[1]
    assert not [line for line in lines if line.startswith("json: ")]


def test_nothing_to_choose_from() -> None:
    """All refused, only raw, or ended too early: one sentence says why there is no advice."""
    empty = run({})
    facts = {(n, name): Facts(cannot="EncodeError: no; x can") for n in range(3) for name in ALL}
    refused = replace(empty, implementations=ALL, facts=facts)
    assert wording.lines(refused, SECTION) == [
        "No advice: none of these codecs carries it.",
        "ndarray, tensor and tftensor cannot carry 1, 100 and 10,000: no.",
    ]
    (line,) = wording.lines(run({"json/raw": (1e-6,) * 3}), SECTION)
    assert line.startswith("No advice: raw carries neither shape nor dtype")
    (line,) = wording.lines(replace(empty, implementations=ALL), SECTION)
    assert line == "No advice: too little was measured here."


def test_raw_is_mentioned_not_chosen() -> None:
    """It is quicker, and says neither shape nor dtype."""
    lines = wording.lines(run({**USUAL, "protobuf/raw": (5e-7, 1e-6, 15e-6)}), SECTION)
    assert lines[0].startswith("Choose protobuf/tensor")
    assert lines[1].startswith("  protobuf/raw takes 50 % of that time at 10,000 rows, but both")


def test_a_file_gives_the_same_advice(tmp_path: Path) -> None:
    """All of it comes from what a run file holds."""
    pytest.importorskip("pyperf")
    from bench.measure import runfile

    made = run(USUAL)
    facts = {**made.facts, (0, "json/tensor"): Facts(cannot="EncodeError: no")}
    made = replace(made, facts=facts, implementations=(*made.implementations, "json/tensor"))
    path = str(tmp_path / "run.json")
    runfile.write(made, path)
    assert advise(runfile.read(path).results, SECTION) == advise(made, SECTION)


def test_what_to_avoid_is_one_line_a_sort() -> None:
    """Objects, time and bytes, the worst first, with the factor of each."""
    found = advise(run({**USUAL, "json/ndarray": (5e-6, 7e-5, 7e-3)}), SECTION).avoid
    assert wording.avoid_lines(found) == [
        "Python objects instead of the codec: protobuf/tensor 100x the time",
        "json/ndarray 233x the time of protobuf/tensor",
    ]


def test_what_to_avoid_is_said_of_each_payload() -> None:
    """Of a series the largest is judged, of others each; none speaks for its neighbours."""
    assert list(wording.avoid_by_column(advise(run(USUAL), SECTION).avoid)) == ["10,000"]
    times = {**USUAL, "json/ndarray": (7e-3, 5e-6, 9e-3)}
    found = wording.avoid_by_column(
        advise(run(times, batches=(1, 2, 3), series=False), SECTION).avoid
    )
    assert found["1"] == ["json/ndarray 7,000x the time of protobuf/tensor"]
    assert "2" not in found
    assert found["3"][-1] == "json/ndarray 300x the time of protobuf/tensor"


@pytest.mark.parametrize("name", [*ALL, "msgpack/ndarray", "msgpack/tensor", "msgpack/tftensor"])
def test_the_library_is_held_to_what_is_said_of_it(name: str) -> None:
    """What is said to be refused raises EncodeError; what is kept comes back in its dtype."""
    found, codec = capabilities.capabilities_of(name), tw.get_codec(name)
    assert found is not None
    for what, array in capabilities.hard().items():
        if what in found.refuses:
            with pytest.raises(tw.EncodeError):
                codec.encode(array)
            continue
        back = codec.decode(codec.encode(array))
        same = back.dtype.kind == "U" if what == "text" else back.dtype == array.dtype
        assert same is (what in found.keeps)
        assert back.shape == array.shape
        if what != "text":
            assert np.array_equal(back.astype(array.dtype), array, equal_nan=array.dtype == "f8")


def test_facts_on_the_kinds() -> None:
    """The differences that people run into, as they are written in the README."""
    found = {name: capabilities.capabilities_of(name) for name in (*ALL, "json/raw")}
    assert all(each is not None for each in found.values())
    refused = {name: set(each.refuses) for name, each in found.items() if each}
    assert "NaN and inf" in refused["json/ndarray"] & refused["json/tensor"]
    assert "NaN and inf" not in refused["protobuf/ndarray"] | refused["protobuf/tensor"]
    for name in ("json/tensor", "protobuf/tensor", "protobuf/ndarray"):
        assert {"integers above 2**53", "bfloat16", "complex"} <= refused[name]
    assert "integers above 2**53" not in refused["json/ndarray"]
    assert refused["json/tftensor"] == refused["protobuf/tftensor"] == set()
    raw = found["json/raw"]
    assert raw is not None
    assert set(raw.forgets) == set(capabilities.hard())


def test_dtypes_that_come_back_changed() -> None:
    """A payload of float32 is a float64 for all but tftensor; one of int64 is so for tensor."""
    made = dict.fromkeys(ALL, (1e-6,) * 3)
    casts = {each.codec: each.comes_back_as for each in advise(run(made), SECTION).casts}
    assert casts == {}
    lines = wording.lines(run(made, dtype="float32"), SECTION)
    assert "float32 comes back as float64 from ndarray and tensor." in lines
    lines = wording.lines(run(made, dtype="<U3"), SECTION)
    assert "text comes back as bytes from tftensor." in lines
    found = advise(run(made, dtype="int64"), SECTION)
    assert {each.codec for each in found.casts} == {
        name
        for name in ALL
        if tw.get_codec(name).decode(tw.get_codec(name).encode(np.ones(3, int))).dtype != int
    }
    assert {choice.codec for choice in found.best} <= {"json/ndarray", *ALL[2::3]}


def test_a_plug_in_may_fail_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises is a refusal; a codec that is not here is not spoken of."""

    class Broken:
        def encode(self, value: Any) -> bytes:
            raise ZeroDivisionError(f"not {np.asarray(value).dtype}")

        def decode(self, _: bytes) -> None:
            raise AssertionError

    monkeypatch.setattr(tw, "get_codec", lambda _: Broken())
    found = capabilities.capabilities_of("my/own")
    assert found is not None
    assert found.refuses["float32"] == "not float32"
    assert set(found.refuses) == set(capabilities.hard())
    monkeypatch.undo()
    assert capabilities.capabilities_of("no/such") is None
    assert capabilities.comes_back_as("no/such", "float32") is None


def test_names_of_codecs_are_short_where_they_can_be() -> None:
    """The name of a kind replaces those of its codecs, if all of them are meant."""
    assert wording.named(ALL, ALL) == "ndarray, tensor and tftensor"
    assert wording.named(ALL[:4], ALL) == "ndarray, json/tensor and json/tftensor"
    assert wording.named(["json/raw"], ["json/raw"]) == "json/raw"


def test_the_values_may_decide_on_the_dtype() -> None:
    """What is said holds for every payload of a dtype: of small integers and of the largest."""
    assert capabilities.comes_back_as("json/ndarray", "uint64") == "int64 or uint64"
    assert capabilities.comes_back_as("json/ndarray", "uint8") == "int64"
    assert capabilities.comes_back_as("json/ndarray", "int64") is None
    assert capabilities.comes_back_as("protobuf/ndarray", "uint64") == "float64"
    assert capabilities.comes_back_as("protobuf/tftensor", "uint64") is None
    codec = tw.get_codec("json/ndarray")
    for value, dtype in ((1, "int64"), (2**64 - 1, "uint64")):
        assert codec.decode(codec.encode(np.array([value], np.uint64))).dtype == dtype
    ways = ("json/ndarray", "json/tensor", "protobuf/tensor")
    lines = wording.lines(run(dict.fromkeys(ways, (1e-06,) * 3), dtype="uint64"), SECTION)
    (said,) = [line for line in lines if line.startswith("uint64 comes back as ")]
    dtypes = said.removeprefix("uint64 comes back as ").partition(" from ")[0]
    assert sorted(dtypes.split(" or ")) == ["float64", "int64", "uint64"]
