"""An SVG as a PNG, drawn by resvg: a wheel with nothing to install beside it."""

from __future__ import annotations

from bench.options import UsageError
from bench.report.palette import shrink
from tensorwire.extras import advice

ZOOM = 1.5
"""Sharp on a fine screen, and below 100 kB."""


class PictureError(UsageError):
    """A picture cannot be drawn here: one line."""


def png(svg: str) -> bytes:
    """Draw a picture without transparent parts."""
    try:
        import resvg_py
    except ImportError:
        raise PictureError(advice("--png", ["resvg_py"])) from None
    try:
        drawn = bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM))
    except ValueError as error:
        raise PictureError(f"--png: resvg: {' '.join(str(error).split())}") from None
    return shrink(drawn)
