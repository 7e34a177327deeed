"""What compression and a smaller dtype are worth over a link: tables, and plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import figures
from .advice.links import LOOPBACK, SCAN, advise_links
from .advice.scores import NEAR
from .advice.wording import Entry, in_rows
from .screen import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .advice.links import LinkAdvice, LinkChoice, SmallerDtype
    from .measure.results import Results

BOUND = 0.10
"""Measured and predicted seconds that differ by no more agree."""
COLD = 0.5e-3
"""Seconds by which encode, compress and the rest are slower after a wait than in a loop."""
HARDLY = 0.9
"""A body that keeps more than this share of its bytes hardly compresses."""
NONE = "-"
MODEL = (
    "total: encode + compress + wire + decompress + decode, one after another. wire: the bytes at"
    " the speed of the link, without its latency; loopback: a plain HTTP request, measured."
)
READERS = (
    "Who reads what: tensorwire's REST server inflates requests by gzip and deflate, its gRPC"
    " server what grpcio does (gzip, deflate); neither reads zstd or lz4. gzip-isal is gzip."
)


def title(results: Results, advice: LinkAdvice) -> str:
    """Name the payload."""
    case = results.cases[advice.case]
    return in_rows(case.label) if case.series else case.label


def table(results: Results, advice: LinkAdvice) -> Table:
    """Show the choice over each link beside the best that is not compressed."""
    made = Table(
        f"Over a link: {title(results, advice)}",
        ("fastest", "total", "not compressed", "total", "ratio"),
    )
    for each in advice.choices:
        made.rows.append(
            Row(
                each.link,
                (
                    each.choice.transfer.name,
                    figures.duration(each.choice.seconds),
                    each.plain.transfer.codec,
                    figures.duration(each.plain.seconds),
                    figures.ratio(each.factor),
                ),
            )
        )
    return made


def bodies(results: Results, advice: LinkAdvice) -> Iterator[Table]:
    """Yield the bytes of each body, as it is and compressed, and the seconds that this takes."""
    assert results.links is not None  # noqa: S101 - or there were no advice
    known = {
        (each.codec, each.compressor): each
        for each in results.links.of(advice.case)
        if each.dtype == advice.dtype
    }
    names = tuple(dict.fromkeys(name for _, name in known))
    codecs = tuple(dict.fromkeys(codec for codec, _ in known))
    where = title(results, advice)
    sizes = Table(f"bytes, compressed: {where}", ("as it is", *names[1:]))
    times = Table(f"compress + decompress: {where}", names[1:])
    for codec in codecs:
        found = [known.get((codec, name)) for name in names]
        sizes.rows.append(Row(codec, tuple(figures.size(e.bytes) if e else NONE for e in found)))
        both = [e.compress + e.decompress if e else None for e in found[1:]]
        times.rows.append(Row(codec, tuple(map(figures.duration, both))))
    yield sizes
    if names[1:]:
        yield times


def entries(results: Results, section: str) -> Iterator[Entry]:
    """Yield lines of the answer on one section; each names its payload if there are several."""
    cases = [number for number, case in enumerate(results.cases) if case.section == section]
    for advice in advise_links(results):
        if advice.case in cases:
            where = f"{title(results, advice)}: " if len(cases) > 1 else ""
            yield Entry("compress", where + " ".join(_compression(advice)))
            for each in _told(advice):
                yield Entry(each.error.dtype, where + _smaller(advice, each))


def answer(advice: LinkAdvice) -> list[str]:
    """Return whether to compress in one or two sentences, and what a smaller dtype is worth."""
    return [*_compression(advice), *(_smaller(advice, each) for each in _told(advice))]


def _told(advice: LinkAdvice) -> list[SmallerDtype]:
    """Return the dtypes that were measured, by tftensor, and those that would lose values."""
    return [each for each in advice.smaller if each.choices or each.error.lost]


def _compression(advice: LinkAdvice) -> Iterator[str]:
    packed = [each for each in advice.choices if each.choice.transfer.compressor]
    plain = [each for each in advice.choices if not each.choice.transfer.compressor]
    share = advice.smallest.bytes / max(1, advice.smallest_plain.bytes)
    if not packed:
        reason = (
            f"These values hardly compress (to {figures.percent(share)} at best)"
            if share > HARDLY
            else "Compression takes longer than it saves"
        )
        yield f"{reason}: send {_named(plain[0])} uncompressed, over each of these links."
        return
    yield from map(_packed, packed[:1])
    if plain:
        until = f"up to about {bits(advice.pays_up_to)}; " if advice.pays_up_to else ""
        where = plain[0].link + (" and faster" if plain[0].link != LOOPBACK else "")
        yield f"Compression pays {until}over {where} do not compress: {_named(plain[0])}."
    elif advice.pays_up_to == SCAN[-1]:
        yield "Compression pays over each of these links."


def _packed(each: LinkChoice) -> str:
    chosen = each.choice.transfer
    text = (
        f"Over {each.link} compress {chosen.codec} with {chosen.compressor}:"
        f" {times(each.factor)} as fast as {each.plain.transfer.codec} not compressed"
    )
    if each.gzip:
        gain = times(each.plain.seconds / each.gzip.seconds)
        text += f"; with gzip ({each.gzip.transfer.name}), {gain}"
    return text + "."


def _named(each: LinkChoice) -> str:
    """Name the choice, and one more that is as good."""
    return " or ".join([each.choice.transfer.name, *each.level_with[:1]])


def _smaller(advice: LinkAdvice, smaller: SmallerDtype) -> str:
    error = smaller.error
    if error.lost:
        lost = [
            f"{figures.counted(count, 'value')} would become {what}"
            for count, what in ((error.overflowed, "infinite"), (error.vanished, "0"))
            if count
        ]
        return f"Do not send {error.dtype}: {' and '.join(lost)}."
    own = {each.link: each.choice for each in advice.choices}
    factors = {link: own[link].seconds / best.seconds for link, best in smaller.choices.items()}
    links = [link for link, factor in factors.items() if factor > 1 + NEAR]
    if not links:
        return f"{error.dtype} by tftensor is not faster over any of these links."
    gains = [
        f"{times(factors[link])} as fast over {link}"
        for link in dict.fromkeys((links[0], links[-1]))
    ]
    best = smaller.choices[links[0]].transfer
    sizes = figures.size(best.bytes), figures.size(own[links[0]].transfer.bytes)
    rounding = (
        f"a value changes by at most {error.absolute:.2g} (relative {error.relative:.2g})"
        if error.absolute
        else "no value changes"
    )
    return (
        f"If your model takes {error.dtype}: {best.name}, {' instead of '.join(sizes)}, is"
        f" {' and '.join(gains)}; {rounding}."
    )


def times(factor: float) -> str:
    """Write a factor: ``2.31 times``."""
    return f"{figures.three_digits(factor)} times"


def bits(speed: float) -> str:
    """Write the speed of a link, which is known to two digits: ``2.5 Gb/s``."""
    value = float(f"{speed:.2g}")
    return f"{value / 1e9:g} Gb/s" if value >= 1e9 else f"{value / 1e6:g} Mb/s"


def checks(results: Results) -> Table:
    """Show what was predicted of transfers beside what they took."""
    made = Table(
        "Checked: real transfers over 127.0.0.1, slowed to the link",
        ("sent", "predicted", "fastest", "median", "ratio"),
    )
    found = results.links
    for each in found.checked if found else ():
        transfer = found.transfers[each.transfer]  # type: ignore[union-attr]
        made.rows.append(
            Row(
                each.link,
                (
                    f"{transfer.name}, {figures.size(transfer.bytes)}",
                    figures.duration(each.predicted),
                    figures.duration(each.fastest),
                    figures.duration(each.median),
                    f"{each.ratio:.2f}x",
                ),
            )
        )
    return made


def agreement(results: Results) -> str:
    """Return in a few words whether transfers took what was predicted, and why not if not."""
    checked = results.links.checked if results.links else ()
    if not checked:
        return ""
    apart = {each: abs(each.ratio - 1) for each in checked}
    within = sum(share <= BOUND for share in apart.values())
    worst = max(apart, key=lambda each: apart[each])
    missed = figures.duration(apart[worst] * worst.predicted)
    text = (
        f"ratio: measured to predicted; 1 if it is from the fastest to the median. {within} of"
        f" {len(apart)} agree within {figures.percent(BOUND)}; the largest difference is"
        f" {figures.percent(apart[worst])}, {missed}."
    )
    off = [each for each, share in apart.items() if share > BOUND]
    if any(apart[each] * each.predicted > COLD for each in off):
        return text + " Close other programs, or give it more --seconds."
    if off:
        return text + " Caches are cold after a wait for the wire: that is no part of the sums."
    return text
