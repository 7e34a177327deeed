"""A server in this process: an echo, or a model, over REST and gRPC.

It needs ``pip install 'tensorwire[server]'``::

    with EchoServer() as server:
        print(server.rest_port, server.grpc_port)

``python -m tensorwire.server`` is the same from a shell, and `RestApp` mounts in other people's
ASGI servers. Nothing here is loaded by ``import tensorwire``.
"""

import sys

from tensorwire.extras import EXTRAS, lacking

_LACKING = lacking("the server", *EXTRAS["server"])
if _LACKING:
    # The package is imported before its __main__, which could not say it in one line any more.
    if sys.argv[:1] == ["-m"] and any(word.endswith(__name__) for word in sys.orig_argv):
        sys.stderr.write(f"python -m {__name__}: error: {_LACKING}\n")
        sys.exit(2)
    raise ModuleNotFoundError(_LACKING, name=__name__)

from tensorwire.server.echo_server import EchoServer  # noqa: E402 - what it needs is there
from tensorwire.server.limits import ServerLimits  # noqa: E402
from tensorwire.server.model import RawMessage  # noqa: E402
from tensorwire.server.rest import RestApp  # noqa: E402

__all__ = ["EchoServer", "RawMessage", "RestApp", "ServerLimits"]
