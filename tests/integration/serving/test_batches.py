"""Batches: the rows of many requests in one array, against numpy's concatenate."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.serving import Call, Handler, Member, Reply, gather, read, scatter

if TYPE_CHECKING:
    from collections.abc import Iterator

RNG = np.random.default_rng(5)


def calls(*values: Any, names: list[str] | None = None) -> list[Call]:
    """Return a call for each array."""
    codec = tw.get_codec("protobuf/tftensor")
    return [read(codec.encode(value, names=names), protocol="seldon/protobuf") for value in values]


@pytest.mark.parametrize("rows", [[1], [3, 3, 3], [0, 2, 0], [1, 900, 2, 4000, 1], [1] * 500])
@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize("is_counted", [True, False])
def test_gather(rows: list[int], *, is_given: bool, is_counted: bool) -> None:
    """The batch is what concatenate makes, and each span its part of it."""
    values = [RNG.random((n, 7)) for n in rows]
    wanted = np.concatenate(values)
    out = np.full((len(wanted) + 3, 7), -1.0) if is_given else None
    made = calls(*values)
    batch, members = gather(iter(made) if not is_counted else made, out)
    assert batch is not None
    np.testing.assert_array_equal(batch, wanted)
    for member, value in zip(members, values, strict=True):
        assert isinstance(member, Member)
        np.testing.assert_array_equal(batch[member.rows], value)
    if out is not None:
        assert np.shares_memory(batch, out) or not batch.size
        assert (out[len(wanted) :] == -1).all()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.ones((2, 3)), "rows of shape"),
        (np.ones((1, 2), np.float32), "float32"),
        (np.ones(()), "an array of rows"),
        (np.array([["a", "b"]]), "float64 rows"),
    ],
)
def test_members_that_do_not_fit(value: Any, reason: str) -> None:
    """Each has its error, while the others go on."""
    first, odd, last = calls(np.ones((1, 2)), np.ones((1, 2)), np.zeros((1, 2)))
    odd.value = value
    batch, members = gather([first, odd, last])
    np.testing.assert_array_equal(batch, [[1, 1], [0, 0]])
    replies = scatter(batch, members)
    assert [one.status for one in replies] == [200, 400, 200]
    assert reason in replies[1].reason


def test_names_are_those_of_the_batch() -> None:
    """Columns of other names are no columns of the batch."""
    one, other = calls(np.ones((1, 2)), names=["a", "b"]), calls(np.ones((1, 2)), names=["b", "a"])
    _, members = gather([*one, *other])
    assert [isinstance(m, Member) and m.misfit is None for m in members] == [True, False]


def test_an_array_that_is_full() -> None:
    """What does not fit into `out` is refused as too large; what does still goes in."""
    out = np.zeros((3, 2))
    batch, members = gather(calls(np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 2))), out)
    assert batch is not None
    assert len(batch) == 3
    assert [one.status for one in scatter(batch, members)] == [200, 413, 200]


def test_nothing_to_gather() -> None:
    """No request, or none that could be read, has no batch; its replies are passed on."""
    reply = Reply(400, {}, [b""])
    assert gather([]) == (None, [])
    assert gather([reply]) == (None, [reply])
    assert scatter(None, [reply]) == [reply]


def test_scatter() -> None:
    """Rows of arrays, lists and dicts of arrays go to the requests that they came from."""
    bodies = [b'{"instances":[1.5,2.5]}', b'{"instances":[4.5]}']
    answers: list[Any] = [np.array([1, 2, 3]), [1, 2, 3], {"y": np.array([1, 2, 3])}]
    for answer in answers:
        _, members = gather([read(body, protocol="tfserving") for body in bodies])
        bodies_out = [json.loads(one.body)["predictions"] for one in scatter(answer, members)]
        assert bodies_out == [[1, 2], [3]]


@pytest.mark.parametrize("answer", [np.ones(2), 7.0, "abc", {"y": [1]}, ValueError("no")])
def test_an_answer_that_has_no_such_rows(answer: Any) -> None:
    """Each request has the error of the model."""
    _, members = gather(calls(np.ones(1), np.ones(2)))
    assert [one.status for one in scatter(answer, members)] == [500, 500]


def test_one_array_at_a_time_is_in_memory() -> None:
    """Requests that are read one after the other take half the memory of concatenate."""
    count, rows = 20, 20_000
    body = bytes(tw.get_codec("json/tensor").encode(RNG.random(rows)))
    handler = Handler(np.negative)

    def concatenated() -> None:
        np.concatenate([read(body, protocol="seldon").value for _ in range(count)])

    def gathered() -> None:
        requests: Iterator[tuple[Any, ...]] = ((body,) for _ in range(count))
        gather(handler.reading(requests, protocol="seldon"), count=count)

    def peak(call: Any) -> int:
        call()
        tracemalloc.start()
        call()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    batch = count * rows * 8
    assert peak(concatenated) > 2 * batch
    assert peak(gathered) < 1.3 * batch
