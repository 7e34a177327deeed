"""The page of a run: what it says, that it is safe and small, and how it is written."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zlib
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codecs.options import parse as parse_codecs
from bench.codecs.plan import cases as plan_cases
from bench.codecs.plan import select
from bench.implementations.lookup import baselines_for
from bench.measure import runfile
from bench.measure.results import Memory
from bench.measure.run import Cell
from bench.payloads.case import Case
from bench.report import palette, picture
from bench.report.__main__ import main
from bench.report.codecs import page_of
from bench.report.labels import spread
from bench.report.markup import Markup, element, join
from bench.report.page import render
from bench.report.scales import Linear, Log
from bench.screen import figures
from tests.support.commands import exit_code
from tests.support.report_runs import METADATA, WAYS, other, run, seconds_of, series

if TYPE_CHECKING:
    from bench.measure.results import Results

LIMIT = 200_000
REPORT = Path(__file__).parents[2] / "bench" / "report"


def page(results: Results, **metadata: Any) -> str:
    """Return the page of a run."""
    return render(page_of(runfile.Run("run.json", results, {**METADATA, **metadata})))


class Reader(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.inside = ""
        self.raw: dict[str, str] = {"style": "", "script": ""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        """Take note of a text."""
        if self.inside in self.raw:
            self.raw[self.inside] += data
        elif self.rows and self.inside in {"td", "th", "button"}:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag == self.inside:
            self.inside = ""


def test_the_table_has_every_figure() -> None:
    """A row is a payload and a way: medians, their sum, the ratio to a memcpy, bytes."""
    cases = series()
    rows = Reader(page(run(cases))).rows
    assert rows[0][:5] == ["payload", "codec", "encode", "decode", "there and back"]
    assert len(rows) == 1 + len(cases) * len(WAYS)
    found = {(row[0], row[1]): row for row in rows}
    there, back = (seconds_of(cases[2], "json/ndarray", op) for op in ("encode", "decode"))
    floor = sum(seconds_of(cases[2], "memcpy", op) for op in ("encode", "decode"))
    assert found["100 rows", "json/ndarray"] == [
        *("100 rows", "json/ndarray"),
        *(figures.duration(each) for each in (there, back, there + back)),
        *(f"{(there + back) / floor:.1f}x", "20.0 kB", "20.0", "copy"),
    ]
    assert found["100 rows", "protobuf/tensor"][-1] == "view"
    assert ("1 row", "json/ndarray through Python objects") in found
    assert ("1 row", "json/ndarray by orjson alone") in found


def test_the_chart_tells_every_time() -> None:
    """Each line has a title with its value at every batch, and the memcpy is one of them."""
    text = page(run(series()))
    titles = re.findall(r"<title>(.*?)</title>", text, re.DOTALL)
    assert "json/ndarray\n1 row: 5.00 µs, 10.0x memcpy\n10 rows: 27.5 µs, 10.0x memcpy" in "|".join(
        titles
    )
    assert any(title.startswith("one memcpy\n1 row: 500 ns\n") for title in titles)
    assert any(title.startswith("protobuf/tensor\n") for title in titles)


def test_a_crossover_is_marked_where_the_lines_meet() -> None:
    """A ring stands on both lines, and a sentence below says from which batch on."""
    text = page(run(series(), ways=("json/ndarray", "json/tftensor")))
    assert "tftensor is ahead of ndarray from 10 rows on, 11.2x at 100" in text
    ring = re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="7"', text)
    lines = re.findall(r'<path d="M([\d.,L]+)" class="line" ?(?:stroke-dasharray="[^"]*")?/>', text)
    assert ring is not None
    x, y = float(ring[1]), float(ring[2])
    near = 0
    for line in lines:
        points = [tuple(map(float, pair.split(","))) for pair in line.split("L")]
        heights = np.interp(x, *np.array(points).T)
        near += abs(heights - y) < 0.3
    assert near >= 2


def test_noise_versions_and_refusals_are_told() -> None:
    """Where it ran, how far equal cells differed, and what could not be carried."""
    results = run(series(), refused=[(1, "protobuf/tensor", "a <reason> & more")])
    text = page(results)
    assert "1 row: 3.0 %; 10 rows: 3.0 %; 100 rows: 3.0 %" in text
    assert "<dt>processor</dt><dd>Example CPU</dd>" in text
    assert "protobuf/tensor</code> cannot carry 10 rows: a &lt;reason&gt; &amp; more" in text
    assert "pure Python" not in text
    assert "hundreds of times slower" in page(results, protobuf_version="7.0 (python)")


def test_each_payload_has_its_choice_in_large_letters() -> None:
    """Files are equals: no choice stands above the others; of two sections the first does."""
    said = re.findall(r'<p class="choice">(\w+):', page(run([other("one"), other("two")])))
    assert said == ["one", "two"]
    text = page(run([*series(), other("one")], ways=("json/ndarray",)))
    assert re.findall(r'<p class="choice">(\w+)', text) == ["Choose"]


def test_a_file_alone_is_called_by_its_name() -> None:
    """It is a series of one, and no number of rows."""
    rows = Reader(page(run([replace(other("a.npy"), series=True)]))).rows
    assert {row[0] for row in rows} <= {"a.npy", "payload"}


def test_memory_is_told_where_it_was_measured() -> None:
    """Each peak stands under what it is: Python's own, and the whole process's."""
    cell = Cell(0, "json/ndarray", "encode")
    weighed = replace(run(series((1, 2))), memory={cell: Memory(python=2_048, process=8_192)})
    rows = Reader(page(weighed)).rows
    assert rows[0][-2:] == ["encode, Python's memory", "encode, process's"]
    assert rows[1][1:2] + rows[1][-2:] == ["json/ndarray", "2.05 kB", "8.19 kB"]
    assert rows[2][-2:] == ["-", "-"]


def test_what_a_file_says_is_never_an_element() -> None:
    """A name of a payload, and whatever else stands in a file, is text."""
    evil = '<script>alert("1")</script>\'"><img src=x onerror=alert(1)>'
    cases = [*series(name=f"{evil}: float64 [3, 4]"), other(evil), other("payload", evil)]
    results = run(cases, refused=[(0, "json/ndarray", evil), (1, WAYS[1], evil)])
    text = page(results, cpu=evil, bench_python=evil, date=evil, orjson_version=evil)
    tags = Reader(text).tags
    assert [tag for tag, _ in tags].count("script") == 1
    assert "img" not in {tag for tag, _ in tags}
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert "&lt;script&gt;" in text


def test_a_page_asks_for_nothing() -> None:
    """No address but fragments and one empty icon; the policy names just our style and script."""
    found = Reader(page(run(series())))
    for tag, attributes in found.tags:
        for name in {"src", "href", "action", "data", "poster", "srcset", "style"} & set(
            attributes
        ):
            value = attributes[name]
            assert value is not None, tag
            assert value == "data:," or re.fullmatch(r"#[a-z0-9-]+", value), (tag, name, value)
    metas = [attributes for tag, attributes in found.tags if tag == "meta"]
    policy = next(m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    for name, text in found.raw.items():
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "@import" not in found.raw["style"]
    assert "url(" not in found.raw["style"]


def test_ids_are_unique_and_found() -> None:
    """Each reference leads to one element, also with several figures; names of choices differ."""
    cases = [*series(), *series((2, 4), "other [batch, 10]"), other("a"), other("b")]
    tags = Reader(page(run(cases))).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {str(a["href"])[1:] for tag, a in tags if tag == "use"}
    assert used == set(ids)
    radios = [a for tag, a in tags if tag == "input" and a["type"] == "radio"]
    assert len({a["name"] for a in radios}) == 3
    assert sum("checked" in a for a in radios) == 3


def test_a_default_run_is_small() -> None:
    """The bare command's page, all codecs and baselines, is below 200 kB."""
    codecs = select(())
    ways = (*codecs, *baselines_for(codecs))
    text = page(run(plan_cases(parse_codecs([])), ways))
    assert len(text.encode()) < LIMIT


@pytest.mark.slow
def test_a_thousand_cells_are_a_page() -> None:
    """Many payloads stay readable, and the page in bounds."""
    codecs = select(())
    text = page(run(series(range(1, 43)), codecs))
    assert len(Reader(text).rows) == 1 + 42 * 12
    many = page(run([other(f"p{n}") for n in range(40)], codecs))
    assert len(Reader(many).rows) == 1 + 40 * 12
    assert len(many) < 4 * LIMIT


@pytest.mark.parametrize(
    "results",
    [
        run(series((10,))),
        run(series(), ways=("protobuf/raw",)),
        run(series(), ways=("json/ndarray",), operations=("encode",)),
        run(series(), operations=("decode",)),
        run([Case("payload", "x.npy: float64 []", (), "float64", "x.npy")]),
        run([Case("payload", "x.npy: float64 [0, 3]", (0, 3), "float64", "x.npy")]),
        run([Case("payload", "x.npy: <U5 [2]", (2,), "<U5", "x.npy")], ways=("json/ndarray",)),
        run(series(), ways=("memcpy",)),
        run([*series(), *series((5,), "second")], ways=("msgpack/raw", "npy/array")),
        run(series(), refused=[(n, way, "no") for n in range(3) for way in WAYS]),
    ],
    ids=lambda results: f"{len(results.cases)} {len(results.ways)} {len(results.operations)}",
)
def test_small_runs_are_pages_too(results: Results) -> None:
    """One batch, one codec, one direction, odd shapes, nothing but refusals: no empty page."""
    text = page(results)
    assert "How it was measured" in text
    assert text.endswith("</html>\n")
    assert not re.search(r'="[^"]*(?:nan|inf)[^"]*"', text)
    made = page_of(runfile.Run("run.json", results, METADATA)).chart
    if made is not None:
        ET.fromstring(made)  # noqa: S314 - what was just made


def test_a_run_that_was_interrupted_is_a_page() -> None:
    """Cells without a sample are left out, not shown as zero."""
    results = run(series())
    for cell in [c for c in results.samples.seconds if c.case == 2 or c.way == "protobuf/tensor"]:
        del results.samples.seconds[cell]
    rows = Reader(page(results)).rows
    assert {row[0] for row in rows[1:]} == {"1 row", "10 rows"}
    assert "protobuf/tensor" not in {row[1] for row in rows}


@given(
    st.lists(st.floats(0, 300), min_size=1, max_size=20),
    st.floats(1, 13),
)
def test_labels_never_cover_one_another(wanted: list[float], gap: float) -> None:
    """Neighbours are a gap apart, in the order of their lines, inside the bounds."""
    places = spread(wanted, gap, 0, 300)
    by_line = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert sorted(places) == pytest.approx(by_line) or len(set(wanted)) < len(wanted)
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in places)
    assert all(
        b - a >= gap - 1e-6 for a, b in zip(sorted(places), sorted(places)[1:], strict=False)
    )


def test_labels_with_room_stay_where_they_belong() -> None:
    """Only those in each other's way move, and both by half."""
    assert spread([10, 100, 104], 12, 0, 200) == pytest.approx([10, 96, 108])
    assert spread([0, 0, 0], 13, 0, 20) == pytest.approx([0, 10, 20])


def test_a_log_scale_puts_factors_at_equal_distances() -> None:
    """Powers of ten are as far from each other as they should be."""
    scale = Log(1, 1000, 0, 300)
    assert [scale(value) for value in (1, 10, 1000)] == pytest.approx([0, 100, 300])
    assert Log.around([2e-6, 5e-3], 0, 1).ticks() == pytest.approx([1e-5, 1e-4, 1e-3])
    assert len(Log.around([3.0], 0, 1).ticks()) > 1
    assert Linear(19.8, 0, 99).ticks() == pytest.approx([0, 5, 10, 15])


def test_text_is_escaped_and_elements_are_not() -> None:
    """What was made by `element` is kept; everything else is text."""
    made = element("p", "a < b & c", element("b", '"'), title='"x"', hidden=False, class_=None)
    assert made == '<p title="&quot;x&quot;">a &lt; b &amp; c<b>"</b></p>'
    assert join(["<", Markup("<br>")]) == "&lt;<br>"


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_text_has_contrast_in_light_and_dark() -> None:
    """Whatever is written has at least 4.5:1 on what is behind it, as WCAG's AA asks."""
    blocks = re.findall(
        r":root \{(.*?)\}", (REPORT / "templates" / "style.css").read_text("utf-8"), re.DOTALL
    )
    assert len(blocks) == 3
    for block in blocks:
        colours = dict(re.findall(r"(--[a-z0-9]+): (#[0-9a-f]{6})", block))
        texts = [f"--k{n}" for n in range(8)] + ["--soft"]
        behind = {text: ["--page"] for text in texts}
        behind["--ink"] = ["--page", "--faint", "--tint"]
        behind["--soft"] = ["--page", "--tint", "--area"]
        for text, others in behind.items():
            for other_one in others:
                if text in colours and other_one in colours:
                    first, second = luminance(colours[text]), luminance(colours[other_one])
                    ratio = (max(first, second) + 0.05) / (min(first, second) + 0.05)
                    assert ratio >= 4.5, (text, other_one, ratio)


def sample(filters: list[int], pixels: Any) -> bytes:
    """Write a PNG by the letter of its specification, a filter for each line."""
    height, width, _ = pixels.shape
    lines = b""
    for y in range(height):
        line = bytearray([filters[y]])
        for x in range(width):
            for channel in range(4):
                value = int(pixels[y, x, channel])
                a = int(pixels[y, x - 1, channel]) if x else 0
                b = int(pixels[y - 1, x, channel]) if y else 0
                c = int(pixels[y - 1, x - 1, channel]) if x and y else 0
                p = a + b - c
                near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                line.append((value - (0, a, b, (a + b) // 2, near)[filters[y]]) % 256)
        lines += bytes(line)

    def chunk(kind: bytes, body: bytes) -> bytes:
        tail = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + tail

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(lines)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", body[:20]), chunk(b"IDAT", body[20:])]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def test_a_palette_keeps_the_pixels() -> None:
    """A picture of few colours, written with each of PNG's filters, has the same pixels after."""
    rng = np.random.default_rng(1)
    known = rng.integers(0, 256, (palette.COLOURS, 4), np.uint8)
    known[:, 3] = 255
    pixels = known[rng.integers(0, palette.COLOURS, (15, 11))]
    small = palette.shrink(sample([0, 1, 2, 3, 4] * 3, pixels))
    found = dict(re.findall(rb"(?s)(PLTE)(.{%d})" % (3 * palette.COLOURS), small))
    start = small.index(b"IDAT")
    (length,) = struct.unpack(">I", small[start - 4 : start])
    lines = zlib.decompress(small[start + 4 : start + 4 + length])
    indices = np.frombuffer(lines, np.uint8).reshape(15, 12)
    colours = np.frombuffer(found[b"PLTE"], np.uint8).reshape(-1, 3)
    assert not indices[:, 0].any()
    assert np.array_equal(colours[indices[:, 1:]], pixels[..., :3])


def written(tmp_path: Path, name: str = "run.json", **more: Any) -> str:
    """Write a run as ``-o`` does."""
    path = tmp_path / name
    runfile.write(run(series(), **more), str(path))
    return str(path)


def test_the_command_writes_the_page_of_a_file(tmp_path: Path) -> None:
    """What is in the file is in the page, and nothing else is left in the folder."""
    out = tmp_path / "out.html"
    assert main([written(tmp_path), "--html", str(out)]) == 0
    rows = Reader(out.read_text("utf-8")).rows
    assert len(rows) == 1 + 3 * len(WAYS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.html", "run.json"]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("resvg_py") is None, reason="resvg_py is not installed")
def test_the_command_draws_the_chart(tmp_path: Path) -> None:
    """A PNG of less than 100 kB, as wide as a README likes it."""
    out = tmp_path / "out.png"
    assert main([written(tmp_path), "--png", str(out)]) == 0
    body = out.read_bytes()
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(body) < 100_000
    width, height = struct.unpack(">II", body[16:24])
    assert width > height > 500


def test_a_missing_converter_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without resvg_py the line says which extra brings it, and no file is written."""
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    out = tmp_path / "out.html"
    told = ["--html", str(out), "--png", str(tmp_path / "out.png")]
    assert main([written(tmp_path), *told]) == 2
    assert capsys.readouterr().err.endswith("needs resvg_py: pip install 'tensorwire[bench]'\n")
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_picture_that_cannot_be_drawn_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the converter says against a picture is told in one line."""

    def fail(**_: object) -> bytes:
        raise ValueError("no\nfont")

    monkeypatch.setitem(sys.modules, "resvg_py", SimpleNamespace(svg_to_bytes=fail))
    with pytest.raises(picture.PictureError, match="no font"):
        picture.png("<svg/>")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["RUN"], "say what to write"),
        (["RUN", "--html", "no/such/x.html"], "there is no such directory"),
        (["RUN", "--html", "."], "is a directory"),
        (["RUN", "--html", "RUN", "--force"], "is the run itself"),
        (["RUN", "--html", "old.html"], "the file exists; --force overwrites it"),
        (["RUN", "--html", "x.out", "--png", "x.out"], "name the same file"),
        (["RUN", "RUN", "--html", "x.html"], "one run of bench.codecs is one page"),
        (["gone.json", "--html", "x.html"], "No such file"),
        (["old.html", "--html", "x.html"], "not a file of pyperf"),
        (["other.json", "--html", "x.html"], "not a run of bench.codecs"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    """Exit code 2, a line that says why, and no file that was not there before."""
    import pyperf

    monkeypatch.chdir(tmp_path)
    written(tmp_path, "RUN")
    Path("old.html").write_text("old")
    benchmark = pyperf.Benchmark(
        [pyperf.Run([1.0], metadata={"name": "x"}, collect_metadata=False)]
    )
    pyperf.BenchmarkSuite([benchmark]).dump("other.json")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert exit_code(main, *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert reason in lines[0]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that is full while writing: the old page stays whole, and nothing is beside it."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = written(tmp_path)
    out = tmp_path / "out.html"
    out.write_text("old")
    monkeypatch.setattr(Path, "replace", full)
    assert main([path, "--html", str(out), "--force"]) == 1
    assert capsys.readouterr().err.endswith(f"error: {out}: No space left on device\n")
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.html", "run.json"]


def test_force_overwrites_a_page(tmp_path: Path) -> None:
    """The new page takes the old one's place, readable for whom the mask allows."""
    path = written(tmp_path)
    out = tmp_path / "out.html"
    out.write_text("old")
    assert main([path, "--html", str(out), "--force"]) == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")


def test_help_needs_nothing() -> None:
    """``--help`` names the options and comes without numpy or pyperf."""
    code = "import sys; sys.modules['numpy'] = sys.modules['pyperf'] = None\n"
    code += "from bench.report.options import parse; parse(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--html" in done.stdout
