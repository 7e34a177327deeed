"""Conversion of the tree of a whole message to bytes and back, for all protocols and containers."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tensorwire import lists
from tensorwire.arrays import aligned
from tensorwire.errors import EncodeError
from tensorwire.missing import FINITE, Unverified
from tensorwire.tree import Irregular, leaves
from tensorwire.wire.buffers import Texts, as_body, assemble, buffer_of, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tensorwire.containers import Container
    from tensorwire.missing import Reading, Words
    from tensorwire.tree import ArrayPlaces, Leaf, Tree
    from tensorwire.wire.buffers import Part

__all__ = ["align", "owned_nbytes", "read", "write", "write_parts"]

_T = TypeVar("_T")


def write(container: Container, tree: Tree, message: ArrayPlaces, words: Words = FINITE) -> bytes:
    """Write a tree with any number of arrays; each is copied once, into the result.

    `words` are for NaN and infinities among its JSON values; each leaf has its own words.
    """
    found = leaves(tree)
    pieces, parts = _pieces(container, tree, message, words, found)
    try:
        return assemble(pieces, parts)
    except EncodeError as error:  # of text that is made on the way
        raise error.within(found[0][0]) from None


def write_parts(
    container: Container, tree: Tree, message: ArrayPlaces, words: Words = FINITE
) -> list[bytes | memoryview]:
    """Write the same bytes as buffers; the memory of an array is not copied."""
    found = leaves(tree)
    pieces, parts = _pieces(container, tree, message, words, found)
    buffers: list[bytes | memoryview] = [pieces[0]]
    for (path, _), part, piece in zip(found, parts, pieces[1:], strict=True):
        buffers += [_at(path, buffer_of, part), piece]
    return [buffer for buffer in buffers if len(buffer)]


def _pieces(
    container: Container,
    tree: Tree,
    message: ArrayPlaces,
    words: Words,
    found: Sequence[tuple[str, Leaf]],
) -> tuple[list[bytes], list[Part]]:
    parts: list[Part] = [_at(path, container.write, leaf) for path, leaf in found]
    if len(parts) > 1:  # make the text of several arrays one by one, for the paths of errors
        texts = [(i, part) for i, part in enumerate(parts) if isinstance(part, Texts)]
        for i, part in texts:
            parts[i] = _at(found[i][0], buffer_of, part)
    sizes = map(size_of, parts) if container.sized else [0] * len(parts)
    return container.frame(tree, sizes, message, words), parts


def _at(path: str, make: Callable[[Any], Any], what: Any) -> Any:
    try:
        return make(what)
    except EncodeError as error:
        raise error.within(path) from None


def read(
    container: Container,
    body: Any,
    message: ArrayPlaces,
    build: Callable[..., _T],
    options: Reading,
    *arguments: Any,
) -> _T:
    """Read the tree of a message, and build the message.

    If the container or `build` raises `Irregular`, the tree is read by the official parser; if one
    of them raises `Unverified`, because a parser may have rounded an integer, it is read exactly.

    Parameters
    ----------
    container
        the container of the body.
    body
        any contiguous buffer.
    message
        the members that may be arrays.
    build
        makes the message of a tree, the size of the body, and `options`.
    options
        the result of `tensorwire.missing.reading` for the container.
    *arguments
        further arguments of `build`.
    """
    tree = None
    if type(body) is not bytes:
        body = as_body(body)
    try:
        try:
            tree = container.read(body, message, options)
            return build(tree, len(body), options, *arguments)
        except Irregular:
            tree = None
            tree = container.read_any(body, message)
            return build(tree, len(body), options, *arguments)
    except Unverified:
        exact = container.read_exactly(body, options, tree)
        options = options._replace(verified=True, marked=exact is not tree)
        return build(exact, len(body), options, *arguments)


def align(holders: Iterable[Any]) -> None:
    """Copy the arrays in the attribute `value` of objects where they are not aligned."""
    for holder in holders:
        holder.value = aligned(holder.value)


def owned_nbytes(value: Any) -> int:
    """Return the size in bytes of an array that is not a view of the payload, else 0."""
    if isinstance(value, np.ndarray):
        return value.nbytes if value.flags.writeable else 0
    return 8 * prod(lists.shape(value)) if isinstance(value, list) else 0
