"""The page of a run: what it says, that it is safe and small, and how it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench import figures
from bench.codecs.__main__ import parse as parse_codecs
from bench.codecs.plan import cases as plan_cases
from bench.codecs.plan import select
from bench.implementations.lookup import baselines_for
from bench.interrupt import UsageError
from bench.measure import runfile
from bench.measure.results import Cell, Memory
from bench.payloads.case import Case
from bench.report import charts
from bench.report.__main__ import main
from bench.report.charts import Axis, spread
from bench.report.codecs import page_of
from bench.report.page import render
from tests.support.commands import exit_code
from tests.support.report_runs import METADATA, WAYS, other, run, seconds_of, series

if TYPE_CHECKING:
    from bench.measure.results import Results

LIMIT = 1_000_000
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


def drawing(text: str, title: str) -> ET.Element:
    """Return a chart of a page by what it is called."""
    found = re.search(rf'<svg [^>]*aria-label="{re.escape(title)}".*?</svg>', text, re.DOTALL)
    assert found is not None, title
    return ET.fromstring(found[0])  # noqa: S314 - what was just made


def titles(chart: ET.Element, class_: str) -> list[str]:
    """Return what a chart says of each of its marks."""
    return [each.text or "" for each in chart.findall(f".//g[@class='{class_}']/path/title")]


BOTH = "json: time of one call, there and back, against rows in the batch"


def test_the_chart_tells_every_time() -> None:
    """Each mark has a title with its name and value, and the memcpy's are among them."""
    text = page(run(series()))
    chart = drawing(text, BOTH)
    told = titles(chart, "symbol codecs")
    assert told[:2] == [
        "json/ndarray\n1 row: 5.00 µs, 10.0x memcpy",
        "json/ndarray\n10 rows: 27.5 µs, 10.0x memcpy",
    ]
    assert len(told) == 2 * 3
    assert titles(chart, "symbol limit")[0] == "one memcpy\n1 row: 500 ns"
    assert titles(chart, "symbol baselines")[0].startswith("json/ndarray through Python objects\n")
    assert titles(chart, "line codecs") == ["json/ndarray", "json/tftensor"]
    assert "protobuf/tensor\n1 row: " in text


def numbers(text: str) -> list[float]:
    """Return the numbers of a path or a transform."""
    return [float(each) for each in re.findall(r"-?[\d.]+", text)]


def test_a_crossover_is_marked_where_the_lines_meet() -> None:
    """A ring is on both lines, and a sentence below says from which batch on."""
    text = page(run(series(), ways=("json/ndarray", "json/tftensor")))
    assert "tftensor is ahead of ndarray from 10 rows on, 11 times as fast at 100" in text
    chart = drawing(text, BOTH)
    ring = chart.find(".//g[@class='symbol annotation']/path")
    assert ring is not None
    x, y = numbers(ring.attrib["transform"])
    lines = [each.attrib["d"] for each in chart.findall(".//g[@class='line codecs']/path")]
    assert len(lines) == 2
    for line in lines:
        points = np.array(numbers(line)).reshape(-1, 2)
        assert np.interp(x, *points.T) == pytest.approx(y, abs=0.3)


def test_a_payload_alone_has_a_row_for_each_codec() -> None:
    """Labels below their containers, times and sizes at the right, and no other text."""
    text = page(run([other("one")]))
    chart = drawing(text, "one: time of one call, there and back")

    def texts(class_: str) -> list[str]:
        return [each.text or "" for each in chart.findall(f".//g[@class='text {class_}']/text")]

    assert texts("heading") == ["json", "protobuf"]
    assert texts("label") == ["ndarray", "tftensor", "tensor"]
    seconds = [
        sum(seconds_of(other("one"), way, each) for each in ("encode", "decode"))
        for way in WAYS[:3]
    ]
    assert texts("value")[1::2] == [figures.duration(each) for each in seconds]
    assert texts("value")[::2] == ["250 B", "250 B", "106 B"]
    assert texts("gain") == []
    assert titles(chart, "symbol codecs")[0] == f"json/ndarray\n{figures.duration(seconds[0])}"
    assert "json/ndarray\n200 µs through Python objects, 20.0x" in titles(chart, "symbol baselines")


def test_noise_versions_and_refusals_are_told() -> None:
    """Where it ran, how far processes differed, and what could not be represented."""
    results = run(series(), refused=[(1, "protobuf/tensor", "a <reason> & more")])
    text = page(results)
    assert "0 times of codecs differ by more than 25 %." in text
    assert "<dt>processor</dt><dd>Example CPU</dd>" in text
    assert "protobuf/tensor</code> cannot represent 10 rows: a &lt;reason&gt; &amp; more" in text
    assert "pure Python" not in text
    assert "hundreds of times slower" in page(results, protobuf_version="7.0 (python)")


def test_each_payload_has_its_choice_in_large_letters() -> None:
    """Of each section one sentence; files are equals, and share theirs."""
    said = re.findall(r'<p class="choice">(.*?)</p>', page(run([other("one"), other("two")])))
    assert len(said) == 1
    text = page(run([*series(), other("one")], ways=("json/ndarray",)))
    assert re.findall(r'<p class="choice">(\w+)', text) == ["Take", "Take"]


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


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "' + datum.y + '",
        "datum.x",
        '{"signal": "1 + 1"}',
        "$&",
        '"></title><img src=x>',
        "a.b[0]\\",
    ],
)
def test_a_name_is_text_in_a_chart_too(name: str) -> None:
    """Neither an element nor an expression of Vega: it is shown as it is."""
    kind = name.replace("/", "").replace(":", "")
    chart = drawing(page(run(series(), ways=("json/ndarray", f"json/{kind}"))), BOTH)
    texts = ["".join(each.itertext()) for each in chart.findall(".//text")]
    assert kind in texts
    assert f"json/{kind}\n1 row: " in titles(chart, "symbol codecs")[3]


def test_characters_that_xml_lacks_are_replaced() -> None:
    """Half a pair of UTF-16, as of a file with a strange name, and control characters."""
    text = page(run([*series(name="a\x01\udc80 [batch, 10]"), other("b\x1b\ufffe")]))
    assert "a\x01\udc80 [batch, 10]" in text
    strange = page(run(series(), ways=("json/ndarray", "json/c\x00\udc80")))
    assert "c\ufffd\ufffd" in [each.text for each in drawing(strange, BOTH).findall(".//text")]


@pytest.mark.slow
def test_a_name_is_text_in_a_picture_too() -> None:
    """It is not a colour, and not the end of the specification."""
    chart = charts.dots("", [charts.Row('var(--page)"}')], Axis.from_zero(1))
    for name in ("var(--nothing)", '"var(--ink)"', "var(--ink)\x00\udc80"):
        assert charts.png(name, name, [[(name, chart)]]).startswith(b"\x89PNG")


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
    values = {str(value) for _, attributes in tags for value in attributes.values()}
    assert {value for value in values if value.startswith("url(")} <= {
        f"url(#{id_})" for id_ in ids
    }
    radios = [a for tag, a in tags if tag == "input" and a["type"] == "radio"]
    assert len({a["name"] for a in radios}) == 3
    assert sum("checked" in a for a in radios) == 3


def test_a_default_run_is_small() -> None:
    """The bare command's page, all codecs and baselines, is below 1 MB."""
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
    assert len(many) < 2 * LIMIT


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
    ids=lambda results: (
        f"{len(results.cases)} {len(results.implementations)} {len(results.operations)}"
    ),
)
def test_small_runs_are_pages_too(results: Results) -> None:
    """One batch, one codec, one direction, odd shapes, nothing but refusals: no empty page."""
    text = page(results)
    assert "How it was measured" in text
    assert text.endswith("</html>\n")
    assert not re.search(r'="[^"]*(?:nan|inf)[^"]*"', text)
    for found in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(found)  # noqa: S314 - what was just made


def test_a_run_that_was_interrupted_is_a_page() -> None:
    """Cells without a sample are left out, not shown as zero."""
    results = run(series())
    for cell in [
        c for c in results.samples.seconds if c.case == 2 or c.implementation == "protobuf/tensor"
    ]:
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


def test_a_log_axis_puts_factors_at_equal_distances() -> None:
    """Powers of ten are as far from each other as they should be; few have 1, 2 and 5 of each."""
    axis = Axis(1, 1000, (), charts.COUNT)
    assert [axis.share(value) for value in (1, 10, 1000)] == pytest.approx([0, 1 / 3, 1])
    wide = Axis.logarithmic([2e-6, 5e-2], charts.TIME)
    assert wide.ticks == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2])
    assert Axis.logarithmic([1100, 2600], charts.COUNT).ticks == pytest.approx([1000, 2000])
    assert Axis.from_zero(19.8).ticks == pytest.approx([0, 5, 10, 15])


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=5))
def test_an_axis_holds_its_values(values: list[float]) -> None:
    """Every value is on it, with two ticks at least and twelve at most."""
    axis = Axis.logarithmic(values, charts.TIME)
    assert all(0 <= axis.share(value) <= 1 for value in values)
    assert 2 <= len(axis.ticks) <= 12
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


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
def test_the_command_draws_the_chart(tmp_path: Path) -> None:
    """A PNG of less than 100 kB, as wide as a README likes it."""
    out = tmp_path / "out.png"
    assert main([written(tmp_path), "--png", str(out)]) == 0
    body = out.read_bytes()
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(body) < 100_000
    with Image.open(BytesIO(body)) as picture:
        assert 800 < picture.width < 1600
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    # Paper, ink, and the colours of the kinds.
    found, counts = np.unique(pixels, axis=0, return_counts=True)
    assert found[counts.argmax()].tolist() == [255, 255, 255]
    for colour in ("1c2127", "b34700", "00639c", "00735a"):
        wanted = np.frombuffer(bytes.fromhex(colour), np.uint8).astype(int)
        assert abs(found - wanted).max(axis=1).min() < 12


@pytest.mark.parametrize("module", ["vl_convert", "jinja2", "PIL"])
def test_a_missing_package_is_one_line(
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line says which extra brings it, and no file is written."""
    monkeypatch.setitem(sys.modules, module, None)
    out = tmp_path / "out.html"
    told = ["--html", str(out), "--png", str(tmp_path / "out.png")]
    assert main([written(tmp_path), *told]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert f"needs {module}: pip install " in line
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_chart_that_cannot_be_drawn_is_one_line() -> None:
    """What Vega-Lite says against a specification is told in one line."""
    wrong = charts.Chart("wrong", [{"name": "a", "mark": "nonsense"}], 10, (0, 0, 0, 0))
    with pytest.raises(UsageError, match=r"^vl-convert: .+$") as error:
        wrong.svg()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["RUN"], "expected --html FILE or --png FILE"),
        (["RUN", "--html", "no/such/x.html"], "expected a file in a directory that exists"),
        (["RUN", "--html", "."], "expected a file, got the directory ."),
        (["RUN", "--html", "RUN", "--force"], "expected a file other than the runs"),
        (
            ["RUN", "--html", "old.html"],
            "expected a new file, got old.html; pass --force to overwrite it",
        ),
        (["RUN", "--html", "x.out", "--png", "x.out"], "expected two files, got x.out for both"),
        (["RUN", "RUN", "--html", "x.html"], "expected one run of python -m bench.codecs, got 2"),
        (["gone.json", "--html", "x.html"], "No such file"),
        (["old.html", "--html", "x.html"], "expected a file of pyperf"),
        (["other.json", "--html", "x.html"], "expected a run of python -m bench.codecs"),
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
    code += "from bench.report.__main__ import parse; parse(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--html" in done.stdout
