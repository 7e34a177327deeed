"""What peers are known to get wrong, or do not support: shown as such, not as failures.

A fault is known by the words of the failure, so that nothing else can hide behind it. One that no
longer shows fails the run: the table is out of date.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["KNOWN_FAULTS", "Fault"]


class Fault(NamedTuple):
    """One thing that a peer cannot do; where, case and message are regular expressions."""

    peer: str
    where: str
    """Implementation, side and check, as in ``rest binary request they read ours``."""
    case: str
    message: str
    """The words of the failure."""
    reason: str

    def explains(self, peer: str, where: str, case: str, message: str) -> bool:
        """Return whether a check failed because of this fault."""
        return bool(
            self.peer == peer
            and re.fullmatch(self.where, where)
            and re.fullmatch(self.case, case)
            and re.search(self.message, message)
        )


_FNUZ = (
    r"float8_\S+fnuz .*",
    "Unsupported tensor type: 2[678]|Element type not supported",
    "TensorFlow's Python has no float8_val for the fnuz dtypes: none of up to one element",
)
KNOWN_FAULTS: tuple[Fault, ...] = (
    Fault("kserve", ".*", "bfloat16 .*", "invalid .*type|NoneType", "has no BF16"),
    Fault(
        "kserve",
        "rest json .*",
        "float16 .*",
        "FP16 data via JSON is not supported",
        "has no FP16 in JSON",
    ),
    Fault(
        "kserve",
        "rest binary .* they read ours",
        "bytes .*",
        "Failed to encode .* using UTF-8",
        "turns the blobs it reads into lists of text, so BYTES that are not UTF-8 are refused",
    ),
    Fault(
        "kserve",
        "grpc typed .* we read theirs",
        "bytes .*",
        "Failed to encode .* using UTF-8",
        "makes text of BYTES for typed contents, which are bytes",
    ),
    Fault(
        "mlserver",
        ".* we read theirs",
        r"\S+ (\(\)|\(\d+,\))|several",
        r"shape \((\d+, )?1,?\), not",
        "writes shape [N] as [N, 1], and [] as [1]",
    ),
    Fault("mlserver", ".*", "bfloat16 .*", "BF16|KeyError: 'V'", "has no BF16"),
    Fault(
        "seldon",
        "grpc ndarray .* they read ours",
        "float64 .*",
        "Fail to serialize (NaN|Infinity) for Value",
        "reads a ListValue through JSON, which has no NaN and no infinity",
    ),
    Fault(
        "seldon",
        "rest ndarray response they read ours",
        "int64 .*",
        "dtype float64, not int64",
        "reads a reply through protobuf's JSON, where every number is a float (#703)",
    ),
    Fault(
        "seldon",
        ".* tftensor response we read theirs",
        ".*",
        "the wrapper answers as ndarray",
        "answers as ndarray, never tftensor, what is no number to numpy (bool, bfloat16)",
    ),
    Fault(
        "safetensors",
        ".* they read ours",
        "bfloat16 .*|float8_.*",
        "KeyError: '(BF16|F8_.*)'",
        "writes BF16 and FP8 of numpy's arrays, and does not read them",
    ),
    Fault("seldon", ".* tftensor .*", *_FNUZ),
    Fault("tensorflow", "(make_ndarray|Predict) .*", *_FNUZ),
    Fault(
        "mlserver",
        "grpc.* we read theirs",
        "float.*|several",
        "not NoneType|required argument is not a float",
        "makes None of NaN, which gRPC's contents do not hold",
    ),
)
