"""What the server says of itself and of its model, over both transports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorwire as tw

if TYPE_CHECKING:
    from tensorwire.server.model import Model

__all__ = ["model", "model_status", "server"]


def server() -> dict[str, Any]:
    """Give the metadata of the server, as the Open Inference Protocol has it."""
    extensions = ["binary_tensor_data"]
    return {"name": "tensorwire", "version": tw.__version__, "extensions": extensions}


def model(of: Model, name: str, version: str) -> dict[str, Any]:
    """Give the metadata of the model, which answers to every name."""
    told = of.metadata()
    return {"name": name, "versions": told.pop("versions") or [version or "1"], **told}


def model_status(version: int | None) -> dict[str, Any]:
    """Give the state of the model, as TensorFlow Serving has it."""
    status = {"error_code": "OK", "error_message": ""}
    state = {"version": str(version or 1), "state": "AVAILABLE", "status": status}
    return {"model_version_status": [state]}
