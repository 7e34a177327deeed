"""A server in this process: an echo, or a model, over REST and gRPC.

It needs ``pip install 'tensorwire[server]'``::

    with EchoServer() as server:
        print(server.rest_port, server.grpc_port)

``python -m tensorwire.server`` is the same from a shell, and `RestApp` mounts in other people's
ASGI servers. Nothing here is loaded by ``import tensorwire``.
"""

from importlib.util import find_spec

_NEEDED = ("grpc", "grpc_health", "grpc_reflection", "httptools", "prometheus_client", "uvicorn")
_MISSING = [name for name in _NEEDED if find_spec(name) is None]
if _MISSING:
    raise ModuleNotFoundError(
        f"the server needs {', '.join(_MISSING)}: pip install 'tensorwire[server]'",
        name=_MISSING[0],
    )

from tensorwire.server.echo_server import EchoServer  # noqa: E402 - what it needs is there
from tensorwire.server.limits import ServerLimits  # noqa: E402
from tensorwire.server.raw import RawMessage  # noqa: E402
from tensorwire.server.rest import RestApp  # noqa: E402

__all__ = ["EchoServer", "RawMessage", "RestApp", "ServerLimits"]
