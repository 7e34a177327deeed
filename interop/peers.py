"""The peers by name, and where the pins of each are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PEERS", "requirements"]

FOLDER = Path(__file__).parent / "pins"
PEERS = (
    *("triton", "kserve", "mlserver", "seldon", "tensorflow"),  # they speak to models
    *("onnx", "msgpack-numpy", "safetensors", "pyarrow", "pickle"),  # they store arrays
)


def requirements(peer: str) -> Path:
    """Return the file of the pins of a peer."""
    return FOLDER / f"{peer}.txt"
