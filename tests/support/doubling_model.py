"""A model for the command line of the server."""

from typing import Any


class Doubling:
    """Doubles what it is given."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Double it."""
        return X * 2
