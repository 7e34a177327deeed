"""From bytes to the value in them: the fast path, and where that declines, the official parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.arrays import aligned, cast
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import CodecError, DecodeError
from tensorwire.kinds import KINDS
from tensorwire.missing import Unverified
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.tree import Irregular, check_out

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.protocols.seldon.codec import Codec
    from tensorwire.tree import Array, Body, Tree

__all__ = ["finish", "read"]


def read(  # noqa: PLR0913, PLR0917 - what is read, how, and into what
    container: Container, body: Body, limits: Limits, how: Reading, out: Array | None, wanted: str
) -> Any:
    """Read the one array of a message, of the kind that is wanted.

    The value may be a read-only view of `body`, also of a kind that hands out none.

    Raises `DecodeError` with the place, also where the kind is another one.
    """
    kind, tree = "", None
    try:
        tree = container.read(body, schema(seldon.MESSAGE), how)
        kind, node = seldon.payload(tree, foreign=container.foreign)
        if kind == wanted:
            return KINDS[kind].value(node, len(body), limits, out, how)
        raise _another(container, kind)
    except Irregular:
        tree = None
    except Unverified:
        pass
    except CodecError as error:
        raise error.within(seldon.path_of(kind) if kind else "$") from None
    try:
        if tree is None:
            tree = container.read_any(body, schema(seldon.MESSAGE))
            return _value(container, tree, body, limits, how, out, wanted)
    except Unverified:
        pass
    tree, how = container.read_exactly(body, how, tree), how._replace(verified=True)
    return _value(container, tree, body, limits, how, out, wanted)


def _value(  # noqa: PLR0913, PLR0917 - what `read` takes, and the tree
    container: Container,
    tree: Tree,
    body: Body,
    limits: Limits,
    how: Reading,
    out: Array | None,
    wanted: str,
) -> Any:
    kind = ""
    try:
        kind, node = seldon.payload(tree, foreign=container.foreign)
        if kind == wanted:
            return KINDS[kind].value(node, len(body), limits, out, how)
        raise _another(container, kind)
    except CodecError as error:
        raise error.within(seldon.path_of(kind) if kind else "$") from None


def _another(container: Container, kind: str) -> DecodeError:
    return DecodeError(f"a {kind} payload; read it with {container.name}/{kind}, or with loads()")


def finish(  # noqa: PLR0913 - what decode takes
    codec: Codec,
    value: Any,
    *,
    copy: bool,
    out: Array | None,
    dtype: DTypeLike | None,
    align: bool,
) -> Any:
    """Cast, copy, align, or write a value into `out`, as was asked; an error leaves `out` alone."""
    try:
        if isinstance(value, list):
            if dtype is None and out is None:
                return value
            raise DecodeError("rows that mix types are not of one dtype")
        if dtype is not None:
            value = cast(value, dtype, shortest=codec.container.text)
        if out is not None:
            if value is not out:
                check_out(out, value.shape, value.dtype)
                out[...] = value
            return out
    except CodecError as error:
        raise error.within(codec.place) from None
    if copy and not value.flags.writeable:
        return value.copy()
    return aligned(value) if align else value
