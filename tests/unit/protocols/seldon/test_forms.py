"""The field json of a form, its escapes undone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tensorwire.protocols.seldon import forms

if TYPE_CHECKING:
    import pytest


def test_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escapes are undone as the standard library undoes them, wherever blocks of them end."""
    random_ = random.Random(2)  # noqa: S311 - the same text every time
    pieces = [b"%", b"4", b"g", b"F", b"f", b"%41", b"%zz", b"%c3%A4", b"\xff", b"+"]
    for block in (3, 8, 1 << 20):
        monkeypatch.setattr(forms, "_BLOCK", block)
        for _ in range(2000):
            text = b"".join(random_.choices(pieces, k=random_.randrange(20)))
            assert forms.json_field(b"json=" + text) == unquote_to_bytes(text.replace(b"+", b" "))
