"""The table of forms, held to the families that own them."""

from __future__ import annotations

import tensorwire as tw
from tensorwire import protocols


def test_every_form_has_its_family() -> None:
    """The first part of a form's name is that of its family, and the classes are the same."""
    for name in tw.protocol_names():
        form = tw.get_protocol(name)
        assert form.family.name == name.partition("/")[0]
        assert (form.request, form.response) == (form.family.request, form.family.response)
        assert protocols.get_family(form.family.name) is form.family
    assert protocols.get_family("nothing") is None
