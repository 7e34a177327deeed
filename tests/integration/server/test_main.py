"""``python -m tensorwire.server``: a wrong argument is one line, which tells what was expected."""

import pytest

from tensorwire.server.__main__ import parse


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rest-port", "abc"], "--rest-port: expected a port from 0 to 65535, got 'abc'"),
        (["--grpc-port", "65536"], "--grpc-port: expected a port from 0 to 65535, got '65536'"),
        (["--rest-port", "-1"], "expected"),
        (["--model", "model"], "--model: expected MODULE:NAME, such as model:Model, got 'model'"),
        (["--model", ":Model"], "--model: expected MODULE:NAME, such as model:Model, got ':Model'"),
        (["--model", "json:"], "--model: expected MODULE:NAME, such as model:Model, got 'json:'"),
        (["--model", "json:Nope"], "--model: module 'json' has no attribute 'Nope'"),
        (["--model", "no_such:Nope"], "--model: No module named 'no_such'"),
        (["--model", "json:JSONDecoder"], "predict or predict_raw, got JSONDecoder"),
        (["--model", "sys:maxsize"], "predict or predict_raw, got int"),
        (["--no-rest", "--no-grpc"], "expected REST or gRPC, got --no-rest and --no-grpc"),
        (["--threads", "0"], "--threads: expected a number above 0, got 0"),
        (["--nothing"], "unrecognized arguments: --nothing"),
    ],
)
def test_a_wrong_argument_is_one_line(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and no usage before the reason."""
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert said.startswith("python -m tensorwire.server: error: ")
    assert text in said
    assert said.count("\n") == 1


def test_ports() -> None:
    """What a port may be is taken."""
    found, _ = parse(["--rest-port", "0", "--grpc-port", "65535"])
    assert (found["rest_port"], found["grpc_port"]) == (0, 65535)
