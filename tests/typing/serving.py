"""What a user's type checker sees of the server. Checked, never run."""

from typing import Any

from typing_extensions import assert_type

from tensorwire.server import EchoServer, RawMessage, RestApp, ServerLimits


class Double:
    """A model."""

    def predict(self, X: Any, names: list[str], meta: dict[str, Any]) -> Any:  # noqa: N803
        """Double an array."""
        return X * 2


with EchoServer(Double()) as server:
    assert_type(server, EchoServer)
    assert_type(server.rest_port, int | None)
    assert_type(server.grpc_port, int | None)

app = RestApp(Double(), limits=ServerLimits(body=1 << 20))


class Passing:
    """A model of bytes."""

    def predict_raw(self, message: RawMessage) -> RawMessage:
        """Return what came."""
        assert_type(message.body, bytes)
        assert_type(message.protocol, str)
        return message


EchoServer(Double(), port="8080")  # type: ignore[call-arg]
