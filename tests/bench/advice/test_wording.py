"""The advice in words, on runs made up to have one right answer; and the same from a file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from bench.advice import capabilities, wording
from bench.advice.advice import advise
from bench.measure.check import Facts
from bench.measure.results import Cell
from bench.screen import Screen
from bench.summary import answer
from tests.support.advice_runs import ALL, SECTION, USUAL, run

if TYPE_CHECKING:
    from pathlib import Path

    from bench.measure.results import Results


def texts(results: Results, label: str = "") -> list[str]:
    """Return the lines of the answer that have this label, or all of them and the verdict."""
    found = wording.answer(advise(results, SECTION))
    lines = [entry.text for entry in found.entries if label in ("", entry.label)]
    return lines if label else [*lines, found.verdict]


def test_the_answer_ends_with_what_to_take() -> None:
    """Each container, what cannot be represented, a request, and last the one sentence."""
    found = wording.answer(advise(run(USUAL), SECTION))
    assert found.title == "Which format? float64 [batch, 10], normal values, encode + decode"
    json, protobuf, limits, request = found.entries
    assert (json.label, protobuf.label, limits.label) == ("json", "protobuf", "limits")
    assert json.text == (
        "ndarray for 1 row; tftensor from 100 rows on: 35 times as fast as ndarray at 10,000 rows."
    )
    assert protobuf.text == (
        "tensor or tftensor: 100 times as fast as through Python objects at 10,000 rows."
    )
    assert request.text == (
        "An HTTP request of 10,000 rows takes 370 µs with protobuf/tensor, 7.80 ms with"
        " json/ndarray. For 1 row any format will do."
    )
    assert found.verdict == (
        "Take protobuf/tensor or protobuf/tftensor (equally fast): 30.0 µs, 800 kB at 10,000"
        " rows, 6.7 times as fast as json/tftensor."
    )


def test_a_crossover_is_in_the_verdict() -> None:
    """Two choices, from the smallest payload to the largest, and the figures of the last."""
    times = {"json/ndarray": (1e-6, 9e-6, 9e-4), "protobuf/tensor": (2e-6, 3e-6, 3e-5)}
    assert texts(run(times))[-1] == (
        "Take json/ndarray for 1 row; protobuf/tensor from 100 rows on: 30.0 µs, 800 kB at"
        " 10,000 rows, 30 times as fast as json/ndarray."
    )


def test_other_lines_come_before_the_verdict() -> None:
    """What else was measured has its place, and its label."""
    more = wording.Entry("zstd", "halves it.")
    assert wording.answer(advise(run(USUAL), SECTION), [more]).entries[-1] == more


def test_a_factor_that_the_processes_dispute_is_rough() -> None:
    """The word stands before it; one process alone changes nothing."""
    made = run({"json/ndarray": (4e-6,), "json/tensor": (1e-6,)}, batches=(1,))
    cell = Cell(0, "json/ndarray", "encode")
    made.samples.seconds[cell] = [[seconds] for seconds in (2e-6, 2e-6, 2e-6, 2e-6, 60e-6)]
    made.samples.seconds[Cell(0, "json/tensor", "encode")] = [[5e-7]] * 5
    for name in ("json/ndarray", "json/tensor"):
        made.samples.seconds[Cell(0, name, "decode")] *= 2
    assert texts(made, "json") == ["tensor: 4.0 times as fast as ndarray."]
    made.samples.seconds[cell] = [[seconds] for seconds in (1e-6, 1e-6, 2e-6, 6e-6, 6e-6)]
    assert texts(made, "json") == ["tensor: about 4.0 times as fast as ndarray."]


def test_payloads_that_are_no_series() -> None:
    """Each group has its choice, and no rows."""
    times = {**USUAL, "protobuf/tensor": (1e-6, 2e-6, 90e-6)}
    lines = texts(run(times, batches=(1, 10_000, 100), series=False))
    assert lines[-1].startswith(
        "Take protobuf/tensor or protobuf/tftensor (equally fast) for 1 and 10,000;"
        " protobuf/tftensor for 100: 30.0 µs, 8.00 kB for 100, "
    )
    assert lines[-2].startswith("An HTTP request of 10,000 takes 3")
    assert lines[-2].endswith(". For 1 any format will do.")


def test_a_request_may_make_the_choice_free() -> None:
    """Where no codec makes a request 10 % longer, the sentence says what that is."""
    times = {"json/ndarray": (4e-6, 5e-6), "protobuf/tensor": (1e-6, 1e-6)}
    assert texts(run(times, batches=(1, 2)), "request") == [
        "Any format will do: an HTTP request takes at most 10 % longer with the slowest."
    ]


def test_one_payload_needs_no_place() -> None:
    """Where there is a single payload, no sentence says which."""
    lines = texts(run(USUAL, batches=(10_000,), operations=("encode",)))
    assert lines[-1].startswith("Take protobuf/tensor or protobuf/tftensor (equally fast): 1.00 µs")
    assert not [line for line in lines if "rows" in line]


def test_one_codec() -> None:
    """Nothing is compared with itself."""
    lines = texts(run({"json/ndarray": USUAL["json/ndarray"]}))
    assert lines[-1] == "Take json/ndarray: 7.00 ms, 2.00 MB at 10,000 rows."
    assert len(lines) == 2  # what it refuses


def test_nothing_to_choose_from() -> None:
    """All refused, only raw, or ended too early: one sentence says why there is no advice."""
    empty = run({})
    facts = {(n, name): Facts(cannot="EncodeError: no; x can") for n in range(3) for name in ALL}
    refused = replace(empty, implementations=ALL, facts=facts)
    assert texts(refused) == [
        "ndarray, tensor and tftensor cannot carry 1, 100 and 10,000: no.",
        "No advice: none of these codecs can carry it.",
    ]
    (line,) = texts(run({"json/raw": (1e-6,) * 3}))
    assert line.startswith("No advice: raw carries neither shape nor dtype")
    (line,) = texts(replace(empty, implementations=ALL))
    assert line == "No advice: too little was measured."


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


def test_the_answer_fits_a_screen() -> None:
    """Of the usual run it has fifteen lines at 80 columns, and every container has one."""
    names = [f"{c}/{k}" for c in ("json", "protobuf", "msgpack") for k in ("ndarray", "tensor")]
    times = {**dict.fromkeys([*names, *ALL], (1e-6, 1e-5, 1e-3)), **USUAL}
    for tied in ("msgpack/tensor", "msgpack/tftensor"):
        times[tied] = USUAL["protobuf/tensor"]
    stream = io.StringIO()
    answer(wording.answer(advise(run(times), SECTION)), Screen(stream))
    lines = stream.getvalue().splitlines()[1:]
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith(".")
    assert {"json", "protobuf", "msgpack", "limits", "request"} <= {
        line.partition(" ")[0] for line in lines
    }


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
    assert "NaN/inf" in refused["json/ndarray"] & refused["json/tensor"]
    assert "NaN/inf" not in refused["protobuf/ndarray"] | refused["protobuf/tensor"]
    for name in ("json/tensor", "protobuf/tensor", "protobuf/ndarray"):
        assert {"integers > 2**53", "bfloat16", "complex"} <= refused[name]
    assert "integers > 2**53" not in refused["json/ndarray"]
    assert refused["json/tftensor"] == refused["protobuf/tftensor"] == set()
    raw = found["json/raw"]
    assert raw is not None
    assert set(raw.forgets) == set(capabilities.hard())


def test_dtypes_that_come_back_changed() -> None:
    """A payload of float32 is a float64 for all but tftensor; one of int64 is so for tensor."""
    made = dict.fromkeys(ALL, (1e-6,) * 3)
    casts = {each.codec: each.comes_back_as for each in advise(run(made), SECTION).casts}
    assert casts == {}
    assert texts(run(made, dtype="float32"), "dtype") == [
        "float32 comes back as float64 from ndarray and tensor."
    ]
    assert texts(run(made, dtype="<U3"), "dtype") == ["text comes back as bytes from tftensor."]
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
    (said,) = texts(run(dict.fromkeys(ways, (1e-06,) * 3), dtype="uint64"), "dtype")
    dtypes = said.removeprefix("uint64 comes back as ").partition(" from ")[0]
    assert sorted(dtypes.split(" or ")) == ["float64", "int64", "uint64"]
