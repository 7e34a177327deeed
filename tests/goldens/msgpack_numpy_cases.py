"""The values behind `msgpack_numpy.json`; nothing but numpy is needed to make them."""

from typing import Any

import numpy as np

CASES: dict[str, Any] = {
    "dict of arrays": {"x": np.array([[1.5, 2.5]]), "n": 5, "s": "hi"},
    "array": np.arange(3, dtype=np.int32),
    "array, not UTF-8": np.array([-1, -200], np.int16),
    "array of rank 0": np.array(2.5),
    "array of none": np.zeros((0, 3), np.float32),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "long array": np.arange(-40, 40, dtype=np.int64).reshape(8, 10),
    "longer array": np.arange(300, dtype=np.uint8),
    "big-endian": np.array([1, 2], ">i4"),
    "str": np.array(["a", "bé"]),
    "bytes": np.array([b"a", b"\xffc"]),
    "bool": np.array([True, False]),
    "complex array": np.array([1 + 2j, -3j]),
    "scalar": np.float32(1.5),
    "bool scalar": np.True_,
    "complex scalar": np.complex64(1 - 2j),
    "complex": 1.5 - 2j,
    "nested": {
        "layers": [np.arange(2), {"w": np.ones((1, 2), np.float32), "none": None}],
        "flags": {"on": True, "off": False, "rate": 0.5, "z": 2 - 1j, "one": np.int8(-3)},
        "text": "é",
    },
    "list": [np.arange(2), np.arange(3, dtype=np.uint8), "end"],
}
