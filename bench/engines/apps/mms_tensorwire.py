"""Entry points of Multi Model Server with tensorwire, and the model that our server has too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorwire.integrations.multi_model_server import entry_point
from tensorwire.serving import Handler

if TYPE_CHECKING:
    import numpy as np


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


seldon = entry_point(Handler(model), "seldon")
oip = entry_point(Handler(model), "oip")
