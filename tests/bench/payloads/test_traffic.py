"""Recorded traffic: what is read of a folder, what is not, and which arrays stand for the rest."""

from __future__ import annotations

import json
import os
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

import tensorwire as tw
from bench.payloads import traffic
from bench.payloads.files import PayloadError
from bench.payloads.traffic import Recorded, Request, Traffic, read_traffic, shares

if TYPE_CHECKING:
    from pathlib import Path


def recorded(count: int, shape: tuple[int, ...], form: str = "json/ndarray") -> list[Request]:
    """Return requests of one array each, as if they had been read."""
    nbytes = int(np.prod(shape)) * 8
    names = [f"{form}-{shape}-{n}" for n in range(count)]
    return [Request(form, 100, (Recorded(n, "", form, "float64", shape, nbytes),)) for n in names]


def test_each_form_is_recognised(tmp_path: Path) -> None:
    """Bodies of three protocols and files of arrays give form, dtype, shape and bytes."""
    body = json.dumps({"data": {"ndarray": [[1.5, 2], [3, 4]]}}).encode()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.json").write_bytes(body)
    (tmp_path / "b.json").write_text(
        '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]},'
        '{"name":"y","shape":[2],"datatype":"INT64","data":[1,2]}]}'
    )
    (tmp_path / "c.json").write_text('{"instances":[[1,2],[3,4],[5,6]]}')
    np.save(tmp_path / "d.npy", np.zeros((4, 5), np.uint8))
    (tmp_path / "e.bin").write_bytes(tw.get_codec("protobuf/tensor").encode(np.ones((7, 2))))
    found = read_traffic([str(tmp_path)])
    assert found.unreadable == ()
    assert {(each.form, each.size) for each in found.requests} == {
        ("json/ndarray", len(body)),
        *((form, size) for form, size in sizes(tmp_path)),
    }
    assert {(each.form, each.name, each.dtype, each.shape) for each in found.arrays} == {
        ("json/ndarray", "", "float64", (2, 2)),
        ("oip/json", "x", "float32", (1, 3)),
        ("oip/json", "y", "int64", (2,)),
        ("tfserving/json", "", "int64", (3, 2)),
        ("npy", "", "uint8", (4, 5)),
        ("protobuf/tensor", "", "float64", (7, 2)),
    }


def sizes(folder: Path) -> list[tuple[str, int]]:
    """Return the forms of the other files, and their bytes on disk."""
    names = {"b.json": "oip/json", "c.json": "tfserving/json", "d.npy": "npy"}
    names |= {"e.bin": "protobuf/tensor"}
    return [(form, (folder / name).stat().st_size) for name, form in names.items()]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A pickle, text and an empty file are counted with their reasons; the rest is read."""
    np.save(tmp_path / "good.npy", np.ones(3))
    (tmp_path / "frame.pkl").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.json").touch()
    found = read_traffic([str(tmp_path)])
    assert len(found.requests) == 1
    reasons = dict(found.unreadable)
    assert set(reasons) == {"frame.pkl", "notes.txt", "empty.json"}
    assert reasons["frame.pkl"].startswith(
        "expected arrays or a request, got a pickle, which is never loaded; store "
    )
    assert reasons["empty.json"] == "expected arrays or a request, got an empty file"


def test_none_that_can_be_read_is_an_error(tmp_path: Path) -> None:
    """A folder of nothing but unreadable files, or of none, is refused with the first reason."""
    with pytest.raises(PayloadError, match=r"expected requests .* got none; the folder is empty"):
        read_traffic([str(tmp_path)])
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(PayloadError, match=r"got none of 1; notes\.txt: expected arrays"):
        read_traffic([str(tmp_path)])


def test_links_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    """No link is followed, not even one in a circle; sidecars and pipes are no requests."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    np.save(tmp_path / "secret.npy", np.ones(3))
    np.save(folder / "a.npy", np.ones(2))
    np.save(folder / ".hidden.npy", np.ones(4))
    (folder / "a.npy.headers").write_text("Content-Type: x")
    (folder / "circle").symlink_to(folder)
    (folder / "out.npy").symlink_to(tmp_path / "secret.npy")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
    found = read_traffic([str(folder)])
    assert [array.shape for array in found.arrays] == [(2,)]
    assert found.unreadable == ()


def test_so_many_files_are_read_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more files than the bound, every tenth one is read, and the others are counted."""
    for n in range(100):
        np.save(tmp_path / f"{n:03}.npy", np.ones(n + 1))
    monkeypatch.setattr(traffic, "FILES", 10)
    found = read_traffic([str(tmp_path)])
    assert [array.shape for array in found.arrays] == [(n + 1,) for n in range(0, 100, 10)]
    assert found.left_out == 90


def test_a_few_arrays_are_all_measured() -> None:
    """Up to the bound each array is measured, and stands for itself."""
    found = Traffic("t", (*recorded(3, (1, 10)), *recorded(2, (8, 10))), (), 0).sample()
    assert len({array.path for array, _ in found}) == 5
    assert {weight for _, weight in found} == {1}


@pytest.mark.parametrize("shapes", [3, 200])
def test_a_sample_stands_for_all(shapes: int) -> None:
    """Of thousands, some of each stratum; the weights add up, and so do roughly the bytes."""
    requests = [one for n in range(shapes) for one in recorded(3_000 // shapes, (n + 1, 10))]
    requests += recorded(5, (10_000, 10), "oip/binary")
    found = Traffic("t", tuple(requests), (), 0)
    sample = found.sample()
    assert len(sample) == traffic.ARRAYS
    assert sum(weight for _, weight in sample) == len(found.arrays)
    assert any(array.shape == (10_000, 10) for array, _ in sample)
    total = sum(array.nbytes for array in found.arrays)
    estimate = sum(weight * array.nbytes for array, weight in sample)
    assert estimate == pytest.approx(total, rel=0.02)


def test_strings_are_never_left_out() -> None:
    """However many shapes there are, each kind of dtype is in the sample: codecs refuse some."""
    requests = [one for n in range(40) for one in recorded(9, (n + 1, 10))]
    text = Recorded("text", "", "json/ndarray", "str", (1, 3), 60)
    requests.append(Request("json/ndarray", 30, (text,)))
    assert text in [array for array, _ in Traffic("t", tuple(requests), (), 0).sample()]


def test_shares_name_the_most_frequent() -> None:
    """Four at most, in order, and how many others there are."""
    assert shares("aaab") == "a 75 %, b 25 %"
    assert shares("a" * 95 + "bcdef") == "a 95 %, b 1.0 %, c 1.0 %, d 1.0 %, 2 others"
