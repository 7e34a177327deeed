"""A server in this process: an echo, or a model, over REST and gRPC.

It needs ``pip install 'tensorwire[server]'``. `EchoServer` listens, `RestApp` mounts in the ASGI
server of another framework, and ``python -m tensorwire.server`` is an `EchoServer` in a shell.
Nothing here is loaded by ``import tensorwire``.

Examples
--------
>>> from urllib.request import urlopen
>>> from tensorwire.server import EchoServer
>>> with EchoServer(grpc_port=None) as server:
...     urlopen(f"http://127.0.0.1:{server.rest_port}/predict", b'{"strData":"hi"}').read()
b'{"strData":"hi"}'
"""

import sys

from tensorwire.extras import EXTRAS, lacking

_LACKING = lacking("the server", *EXTRAS["server"])
if _LACKING:
    # The package is imported before its __main__, which could not write one line any more.
    if sys.argv[:1] == ["-m"] and any(word.endswith(__name__) for word in sys.orig_argv):
        sys.stderr.write(f"python -m {__name__}: error: {_LACKING}\n")
        sys.exit(2)
    raise ModuleNotFoundError(_LACKING, name=__name__)

from tensorwire.server.echo_server import EchoServer  # noqa: E402 - what it needs is there
from tensorwire.server.limits import ServerLimits  # noqa: E402
from tensorwire.server.rest import RestApp  # noqa: E402
from tensorwire.serving.model import RawMessage  # noqa: E402

__all__ = ["EchoServer", "RawMessage", "RestApp", "ServerLimits"]
