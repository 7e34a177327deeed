"""Our reading of JSON is orjson's, whatever the fast reader of numbers is offered."""

import numpy as np
import orjson
import pytest

from tests.support.reader_checks import agree

NAMES = ("json/ndarray", "json/tensor", "json/tftensor", "json/raw")
codecs = pytest.mark.parametrize("name", NAMES)

# Numbers as somebody may write them, and some that JSON does not know.
NUMBERS = [
    *r"""
        0 -0 -0.0 1 1.0 1e5 1E5 1e+5 1.5e-5 1e308 1e309 -1e400 5e-324 2e-324 1e-400 1e22 0.1
        0.30000000000000004 9007199254740993 9007199254740993.0 4503599627370497.5
        9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
        18446744073709551615 18446744073709551616 123456789012345678901234567890
        1.7976931348623157e308 2.2250738585072011e-308 6929495644600919.5
        01 1. .5 +1 1e 1e+ - --1 0x10 0b1 1_0 1f 1L 1d NaN Infinity -Infinity nan inf
        null true false "1" "NaN" "x" '1' [] [1] {} 1, ,1 1,,1 1] [1 1} {1 \ 1\n /*c*/1
    """.split(),  # noqa: SIM905 - a table
    *("1" + "0" * 400, "0." + "0" * 400 + "1", "0.1" + "0" * 800 + "1"),
    *("1 0", "1 ", "\t1\n", "\r\n1", "\x0b1", "\x00", "1\x00", "\ufeff1", "\u00a01", "\u0661"),
    "1//c\n",
]


@pytest.mark.slow
@codecs
@pytest.mark.parametrize("text", NUMBERS)
def test_one_number_among_others(name: str, text: str) -> None:
    """A spelling of a number is read by the fast reader, among many, as by orjson."""
    for others in (0, 1, 4000):
        for plain in ("1.5", "7"):
            for place in {0, others // 3, others}:
                among(name, text, plain, place, others)
    # In the first, a middle and the last of several blocks.
    for plain, place in (("7", 0), ("1.5", 6000), ("1.5", 18000)):
        among(name, text, plain, place, 18000)


def among(name: str, text: str, plain: str, place: int, others: int) -> None:
    """Hold the fast reader against orjson on one number among equal ones."""
    items = [plain] * place + [text] + [plain] * (others - place)
    agree(name, _body(name, ",".join(items), others + 1))


def _body(name: str, items: str, count: int) -> bytes:
    """Return a payload of a kind around the items of a list."""
    head = {
        "json/ndarray": '{"data":{"ndarray":[%s]}}',
        "json/tensor": '{"data":{"tensor":{"shape":[%d],"values":[%s]}}}',
        "json/tftensor": '{"data":{"tftensor":{"dtype":"DT_DOUBLE","tensorShape":{"dim":[{"size":'
        '"%d"}]},"doubleVal":[%s]}}}',
        "json/raw": '{"binData":[%s]}',
    }[name]
    return (head % ((count, items) if "%d" in head else items)).encode()


@pytest.mark.slow
@pytest.mark.parametrize("separator", [",", ", ", " ,", ",\n", ",\t ", ",  "])
@pytest.mark.parametrize(
    "shape", [(4000,), (400, 10), (10, 40, 10), (4000, 1), (1, 4000), (2, 2, 2, 500)]
)
def test_spaces_between_numbers(shape: tuple[int, ...], separator: str) -> None:
    """However rows are set apart, they are read; long ones and many."""
    for values in (np.random.default_rng(1).normal(size=shape), np.arange(np.prod(shape)) - 2000):
        array = values.reshape(shape)
        text = orjson.dumps(array.tolist()).decode().replace(",", separator)
        assert agree("json/ndarray", f'{{"data":{{"ndarray":{text}}}}}'.encode())
        brackets = text.replace("[", "[ ").replace("]", "\n]")
        assert agree("json/ndarray", f'{{"data":{{"ndarray":{brackets}}}}}'.encode())


BIG = "[" + ",".join(["1.5"] * 3000) + "]"
LONG = '"' + "AAAA" * 3000 + '"'
TF = '{"data":{"tftensor":{"dtype":%d,"tensorShape":{"dim":[{"size":%d}]},"%s":%%s}}}'
WHOLE = [
    # The last of doubled keys counts, whichever of them is the long one; long arrays in other
    # places; and what surrounds them.
    *r"""
        {"data":{"ndarray":%s,"ndarray":[1]}}
        {"data":{"ndarray":[1],"ndarray":%s}}
        {"data":{"ndarray":%s},"data":{"ndarray":[1]}}
        {"data":{"ndarray":%s},"data":null}
        {"data":{"ndarray":%s,"\u006edarray":[1]}}
        {"data":{"\u006edarray":%s}}
        {"data":{"tensor":{"shape":[3000],"values":%s,"values":[1]}}}
        {"meta":{"tags":{"ndarray":%s}},"data":{"ndarray":[1]}}
        {"ndarray":%s}
        {"x":%s}
        {"data":{"names":%s,"ndarray":[1]}}
        {"data":{"tensor":{"shape":%s,"values":[1]}}}
        {"data":{"ndarray":[%s,%s]}}
        {"data":{"ndarray":[%s,1]}}
        {"data":{"ndarray":[1,%s]}}
        {"data":{"ndarray":[%s,"]"]}}
        {"data":{"ndarray":["[",%s]}}
        {"data":{"ndarray":{"a":%s}}}
        {"data":{"tensor":{"shape":[3000],"values":%s}}}
        {"data":{"tensor":{"shape":[1,3000],"values":[%s]}}}
        {"data":{"tensor":{"shape":[3000],"values":%s}},"binData":"AA=="}
        {"strData":%s}
        {"binData":%s}
        {"bin_data":%s}
        {"binData":%s,"binData":null}
        {"binData":[%s]}
        {"data":{"ndarray":%s}}x
        {"data":{"ndarray":%s}
        {"data":{"ndarray":%s]}
        %s
        [{"data":{"ndarray":%s}}]
        {"data":[{"ndarray":%s}]}
        {"data":{"ndarray":%s,}}
        {"data":{"ndarray":%s}}{"data":{"ndarray":[2]}}
        {"data":{"ndarray":%s},"status":[]}
        {"da\"ndarray":%s,"data":{"ndarray":[1]}}
        {"a":"\"ndarray\":","data":{"ndarray":%s}}
        {"data":{"ndarray":%s},"x":"\ud800"}
    """.split(),  # noqa: SIM905 - a table
    '\ufeff{"data":{"ndarray":%s}}',
    TF % (1, 3000, "floatVal"),
    TF % (3, 3000, "intVal"),
    TF % (3, 9000, "intVal"),
    TF % (4, 9000, "tensor_content"),
    TF % (7, 3000, "stringVal"),
    TF % (24, 9000, "float8_val"),
]


@pytest.mark.slow
@codecs
@pytest.mark.parametrize("template", WHOLE)
def test_long_arrays_in_odd_places(name: str, template: str) -> None:
    """A long array or string that the fast reader finds is used only where orjson has it."""
    for long in (
        BIG,
        LONG,
        f"[{BIG}]",
        LONG.replace("A", "-"),
        LONG[:-2] + '\\n"',
        '"\u00e9' + LONG[1:],
    ):
        agree(name, template.replace("%s", long).encode())
        agree(name, template.replace("%s", long).encode()[:-1] + b"\xff}")


@pytest.mark.parametrize("first", ['""', '"AAAA"', "[]", "null"])
def test_two_spellings_of_one_payload(first: str) -> None:
    """A payload under both of its names is two payloads, unless one of them is null."""
    for names in (("bin_data", "binData"), ("binData", "bin_data")):
        body = f'{{"{names[0]}":{first},"{names[1]}":"AAAA"}}'.encode()
        assert agree("json/raw", body) == (first == "null")
