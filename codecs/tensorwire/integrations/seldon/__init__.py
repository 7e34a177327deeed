"""Seldon Core's Python wrapper, seldon-core 1.17: raw methods of a model, and faster codecs.

Importing this package makes `seldon_core` importable beside the protobuf of today. `raw` makes a
method such as `predict_raw` for a model; `install` puts tensorwire's codecs where those of the
wrapper are, for models as they are.

seldon-core 1.17.1 is the last release under Apache-2.0. tensorwire does not depend on it.
"""

from tensorwire.integrations.seldon.methods import raw
from tensorwire.integrations.seldon.replacing import TESTED, install, uninstall

__all__ = ["TESTED", "install", "raw", "uninstall"]
