"""The process of a peer: it starts, answers, fails and ends."""

import sys
from contextlib import closing

import numpy as np
import pytest

from interop import cases, checks, process
from interop.process import PeerError, PeerProcess, Refusal, worker
from interop.workers.loop import Encoded
from interop.workers.tensors import from_value
from tests.support.fake_peer import FAKE, OFFER, Start


def test_a_call_is_timed_where_it_is_made(start: Start) -> None:
    """As many times come back as calls were asked for, and the answer is not sent."""
    peer = start(FAKE + OFFER)
    tensors = [from_value("x", np.arange(6))]
    case = cases.Case("x", tuple(tensors))
    taken = peer.time_encode("http json", "request", tensors, case.fields, 3)
    assert len(taken) == 3
    assert all(each > 0 for each in taken)
    body = b'{"outputs": [], "id": "", "model_name": ""}'
    assert len(peer.time_decode("http json", "response", Encoded(body), 2)) == 2


def test_a_library_that_cannot_be_loaded(start: Start) -> None:
    """A worker that has no library says so and ends."""
    source = "from interop.workers.loop import serve\nserve(lambda: __import__('no_such'))"
    with pytest.raises(Refusal, match="ModuleNotFoundError: No module named 'no_such'"):
        start(source)


def test_a_worker_that_ends(start: Start) -> None:
    """A worker that is gone is an error with its last words."""
    with pytest.raises(PeerError, match=r"ended with code 3: the last words"):
        start("import sys\nprint('the last words', file=sys.stderr)\nsys.exit(3)")
    peer = start((FAKE + OFFER).replace("said, values", "sys.exit(4); said, values"))
    with pytest.raises(PeerError, match="ended with code 4"):
        peer.decode("http json", "response", Encoded(b"{}"))
    with pytest.raises(PeerError, match="ended"):
        peer.decode("http json", "response", Encoded(b"{}"))


def test_a_worker_that_is_silent(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does not answer is ended."""
    monkeypatch.setattr(process, "START", 0.2)
    with pytest.raises(PeerError, match=r"no answer within 0\.2 s"):
        start("import threading\nthreading.Event().wait()")


def test_a_worker_that_does_not_start() -> None:
    """An interpreter that is not there is an error of the peer, not of the run."""
    with pytest.raises(PeerError, match="does not start"):
        PeerProcess("triton", ["/no/such/python"])


def test_a_worker_ends_with_its_pipe(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing a peer leaves no process, and need not kill it."""
    monkeypatch.setattr(process, "END", None)
    with closing(start(FAKE + OFFER)) as peer:
        pass
    assert peer._process.returncode == 0


def test_a_peer_of_the_standard_library() -> None:
    """The worker of pickle, which needs no package, reads what it writes, and nobody else does."""
    with closing(PeerProcess("pickle", worker(sys.executable, "pickle"))) as peer:
        assert list(checks.checks(peer)) == []
        for implementation in ("in-band", "out-of-band"):
            for case in cases.cases(cases.CONTENTS["numpy"]):
                encoded = peer.encode(implementation, "request", case.tensors, case.fields)
                read, _ = peer.decode(implementation, "request", encoded)
                assert read == list(case.tensors)
        encoded = peer.encode("out-of-band", "request", [from_value("0", np.arange(9.0))], {})
        assert bytes(encoded.body).endswith(np.arange(9.0).tobytes())
        stream = bytes(encoded.body)[: int(encoded.headers["Stream-Length"])]
        assert np.arange(9.0).tobytes() not in stream
        assert {each.kind for each in peer.round_trip("in-band", "request", {}).values()} == {"."}
