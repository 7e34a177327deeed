"""Switches that need no script: what they show and hide is CSS, by ``:has()``.

A switch shows what has its class, within the ``<figure class="switched">`` that both stand in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUE = re.compile(r'class="switch" value="([a-z]-[a-z0-9-]+)"')


def class_of(letter: str, name: str) -> str:
    """Return the class that a switch shows: ``v-encode``, ``c-json``."""
    return f"{letter}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-') or 'x'}"


def radios(group: str, choices: Sequence[tuple[str, str]], legend: str) -> Markup:
    """Make a choice of one of several, by name and label; it shows what has class ``v-NAME``.

    `group` is the name that no other choice of the page has.
    """
    parts = [
        _switch("radio", class_of("v", name), label, name=group, checked=not place)
        for place, (name, label) in enumerate(choices)
    ]
    return element("fieldset", element("legend", legend), *parts)


def boxes(choices: Sequence[tuple[str, str]], legend: str) -> Markup:
    """Make boxes, all of them checked; each shows what has class ``c-NAME``."""
    parts = [
        _switch("checkbox", class_of("c", name), label, checked=True) for name, label in choices
    ]
    return element("fieldset", element("legend", legend), *parts)


def _switch(kind: str, value: str, label: str, **attributes: object) -> Markup:
    # A browser remembers what was checked when a page is loaded again; that would surprise here.
    made = element(
        "input", type=kind, class_="switch", value=value, autocomplete="off", **attributes
    )
    return element("label", made, element("span", label))


def rules(body: str) -> str:
    """Return the CSS of all switches of a page."""
    return "".join(
        f'.switched:has(.switch[value="{value}"]:not(:checked)) .{value}{{display:none}}\n'
        for value in dict.fromkeys(VALUE.findall(body))
    )
