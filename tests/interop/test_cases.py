"""The messages that are exchanged hold the values that are easily lost."""

import numpy as np
import pytest

from interop import cases
from interop.workers.tensors import to_value


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(cases.CONTENTS))
def test_the_cases_tell(name: str) -> None:
    """Titles are unique, and every dtype is tried with the values that are easily lost."""
    content = cases.CONTENTS[name]
    made = {case.title: case for case in cases.cases(content)}
    count = len(content.dtypes) * len(content.shapes) + content.several
    assert len(made) == count == len(list(cases.cases(content)))
    if "float64" in content.dtypes:
        floats = to_value(made["float64 (12,)"].tensors[0])
        assert np.signbit(floats[floats == 0]).any()
        assert np.isnan(floats).any() == np.isinf(floats).any() == (not content.finite)
        assert np.isfinite(floats).sum() > 8
    if "int64" in content.dtypes:
        assert to_value(made["int64 (12,)"].tensors[0]).max() == min(content.most, 2**63 - 1)
    if "bytes" in content.dtypes and (12,) in content.shapes:
        found = to_value(made["bytes (12,)"].tensors[0]).tolist()
        assert b"" in found
        assert any(each.endswith(b"\0") for each in found) == (not content.finite)
