"""Numbers that no dtype holds together are refused with their place; so are longer integers."""

import json
import random
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.reader_checks import paths_agree

ID = 1234567890123456789  # which float64 rounds to ...768
BEYOND = [
    "18446744073709551616",
    "18446744073709551617",
    "-9223372036854775809",
    "-10000000000000000000",
    "2" + "0" * 19,
    "-" + "9" * 20,
    "1" * 25,
    "7" * 300,
    "9" * 400,
]
WITHIN = ["18446744073709551615", "9223372036854775808", "-9223372036854775808", "9" * 19]
long = pytest.mark.parametrize("count", [2, 12, 100, 5_000, 40_000])


def ndarray(text: str) -> bytes:
    """Return a SeldonMessage of nested lists."""
    return f'{{"data":{{"ndarray":{text}}}}}'.encode()


def row(number: str, count: int, at: int, other: str = "0.5") -> str:
    """Return a list in which one number is another."""
    items = [other] * count
    items[at] = number
    return f"[{','.join(items)}]"


def refusal(read: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    """Return the place and the reason of a refusal."""
    with pytest.raises(tw.DecodeError) as caught:
        read(*arguments, **options)
    return caught.value.path, caught.value.reason


@long
@pytest.mark.parametrize("other", ["0.5", "1e3", "-0.25"])
def test_an_integer_that_float64_rounds_beside_floats(count: int, other: str) -> None:
    """The integer is named, with its place, whatever is asked for; nothing is written to out=."""
    for at in (0, count // 2, count - 1):
        for number in (str(ID), str(-ID), str(2**53 + 1)):
            text = row(number, count, at, other)
            for path, reason in refused_everywhere(ndarray(f"[{text}]"), count):
                assert path == f"$.data.ndarray[0][{at}]"
                assert number in reason
            whole = f'{{"data":{{"tensor":{{"shape":[{count}],"values":{text}}}}}}}'
            for body in (whole, whole.replace(number, f'"{number}"')):
                assert refusal(tw.loads, body.encode())[0] == f"$.data.tensor.values[{at}]"


def refused_everywhere(body: bytes, count: int) -> list[tuple[str, str]]:
    """Return the refusals of a row, whoever reads it."""
    decode, out = tw.get_codec("json/ndarray").decode, np.zeros((1, count))
    found = [refusal(tw.loads, body), refusal(decode, body), refusal(decode, body, out=out)]
    assert not out.any()
    found += [refusal(decode, body, dtype=dtype) for dtype in (np.float64, np.float32)]
    found.append(refusal(tw.transcode, body, "json/ndarray", "protobuf/ndarray"))
    return [*found, refusal(tw.transcode, body, "seldon/json", "oip/json")]


def test_places_in_rows_of_any_rank() -> None:
    """The place counts rows, small and long, with spaces and without."""
    for shape in ((3, 4), (50, 40), (2, 3, 4), (20, 10, 15), (1, 1, 3000), (3000, 1)):
        for separator in (",", ", ", " ,\n"):
            for pick in (0, 1):
                array = np.full(shape, 0.5, object)
                at = tuple(size - 1 for size in shape) if pick else (0,) * len(shape)
                array[at] = ID
                text = json.dumps(array.tolist(), separators=(separator, ":"))
                path, _ = refusal(tw.loads, ndarray(text))
                assert path == "$.data.ndarray" + "".join(f"[{i}]" for i in at)


@long
def test_integers_that_float64_holds_stay(count: int) -> None:
    """Integers beside floats are floats where that is exact: as Python's json and numpy have it."""
    for number in (2**53, -(2**60), 2**63, 3 * 2**40):
        text = row(str(number), count, count // 2)
        found = tw.loads(ndarray(text)).value
        wanted = np.array(json.loads(text), np.float64)
        assert found.dtype == np.float64
        assert found.tobytes() == wanted.tobytes()


@long
def test_integers_alone_stay_exact(count: int) -> None:
    """Integers without floats are int64 or uint64, or the lists where neither holds them."""
    for numbers in ([ID], [2**64 - 1, 1], [-(2**63), 5], [2**64 - 1, -1]):
        items = numbers + [7] * (count - len(numbers))
        found = tw.loads(ndarray(str(items))).value
        assert (found if isinstance(found, list) else found.tolist()) == items


@pytest.mark.parametrize("number", BEYOND)
@long
def test_integers_beyond_64_bits_in_arrays(count: int, number: str) -> None:
    """They are refused with their place among integers, floats and strings."""
    for other in ("1", "0.5", '"a"', "null"):
        for at in (0, count - 1):
            path, reason = refusal(tw.loads, ndarray(f"[{row(number, count, at, other)}]"))
            assert path == f"$.data.ndarray[0][{at}]"
            assert "64 bits" in reason


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"jsonData":%s}', "$.jsonData"),
        ('{"jsonData":{"a":[1,{"b":%s}]}}', "$.jsonData.a[1].b"),
        ('{"jsonData":{"a":%s,"b":1e19,"c":"%s"}}', "$.jsonData.a"),
        ('{"meta":{"tags":{"t":%s}},"data":{"ndarray":[1]}}', "$.meta.tags.t"),
        ('{"meta":{"metrics":[{"key":"k","value":%s}]},"strData":"x"}', "$.meta.metrics[0].value"),
        ('{"meta":{"routing":{"r":%s}},"binData":"AA=="}', "$.meta.routing.r"),
        ('{"status":{"code":%s}}', "$.status.code"),
        ('{"customData":{"@type":"x/y","v":%s}}', "$.customData.v"),
    ],
)
def test_integers_beyond_64_bits_beside_arrays(text: str, path: str, number: str) -> None:
    """JSON values, tags, metrics and the like are exact or refused; so is what lies in a list."""
    body = text.replace("%s", number).encode()
    assert refusal(tw.loads, body)[0] == path
    assert refusal(tw.peek, body)[0] == path
    protocol = tw.get_protocol("seldon/json")
    listed = b'{"seldonMessages":[{"strData":"x"},%b]}' % body
    found = refusal(protocol.decode, listed, type=tw.seldon.MessageList)
    assert found[0] == f"$.seldonMessages[1]{path[1:]}"
    truth = b'{"truth":%b,"reward":0.5}' % body
    assert refusal(protocol.decode, truth, type=tw.seldon.Feedback)[0] == f"$.truth{path[1:]}"


@pytest.mark.parametrize("number", [*WITHIN, "1e19", "-1e300", "18446744073709551617.0", "2e0"])
def test_numbers_within_64_bits_and_floats(number: str) -> None:
    """What Python's json makes of it is what is read, in JSON values and in arrays."""
    wanted = json.loads(number)
    padding = " " * 20_000
    for space in ("", padding):
        found = tw.loads(f'{{"jsonData":{{"a":[{number},"{number}"]{space}}}}}'.encode()).value["a"]
        assert found == [wanted, number]
        assert type(found[0]) is type(wanted)
        assert tw.loads(ndarray(f"[{number}{space}]")).value.tolist() == [wanted]


def test_a_reward_is_not_rounded() -> None:
    """A reward is a float: an integer that none holds is refused."""
    protocol = tw.get_protocol("seldon/json")
    for number in (str(ID), f'"{ID}"', BEYOND[0]):
        body = f'{{"reward":{number}}}'.encode()
        assert refusal(protocol.decode, body, type=tw.seldon.Feedback)[0] == "$.reward"
    read = protocol.decode(f'{{"reward":{2**60}}}'.encode(), type=tw.seldon.Feedback)
    assert read.reward == 2.0**60


def tftensor(dtype: str, member: str, values: str, count: int = 1) -> bytes:
    """Return a TensorProto as protobuf's JSON has it."""
    shape = f'{{"dim":[{{"size":"{count}"}}]}}'
    inside = f'"dtype":"{dtype}","tensorShape":{shape},"{member}":{values}'
    return f'{{"data":{{"tftensor":{{{inside}}}}}}}'.encode()


@long
def test_values_of_a_tensor_proto(count: int) -> None:
    """int64Val is exact, quoted or not; doubleVal refuses what it would round."""
    numbers = [ID] + [1] * (count - 1)
    for text in (str(numbers), str(numbers).replace(str(ID), f'"{ID}"')):
        body = tftensor("DT_INT64", "int64Val", text, count)
        assert tw.loads(body).value.tolist() == numbers
    mixed = row(str(ID), count, count - 1)
    path, _ = refusal(tw.loads, tftensor("DT_DOUBLE", "doubleVal", mixed, count))
    assert path == f"$.data.tftensor.doubleVal[{count - 1}]"
    for number in BEYOND:
        for text in (number, f'"{number}"'):
            body = tftensor("DT_UINT64", "uint64Val", row(text, count, 0, "1"), count)
            assert refusal(tw.loads, body)[0] == "$.data.tftensor.uint64Val[0]"


@long
def test_msgpack(count: int) -> None:
    """The integers and floats of msgpack are read by the same rule."""
    rows = [[0.5] * (count - 1) + [ID]]
    body = msgpack.packb({"data": {"ndarray": rows}})
    for read in (
        tw.get_codec("msgpack/ndarray").decode,
        lambda b: tw.loads(b, "application/msgpack"),
    ):
        assert refusal(read, body)[0] == f"$.data.ndarray[0][{count - 1}]"
    rows[0][-1] = 2**60
    assert (
        tw.get_codec("msgpack/ndarray").decode(msgpack.packb({"data": {"ndarray": rows}}))[0, -1]
        == 2**60
    )


@pytest.mark.parametrize("number", ["1e400", "-1e309", "1" + "0" * 400 + ".0"])
def test_numbers_beyond_float64(number: str) -> None:
    """They are refused: no infinity is made of them."""
    json_data = f'{{"jsonData":{number}}}'.encode()
    for body in (ndarray(f"[{number}]"), ndarray(row(number, 9000, 5)), json_data):
        assert "float64" in refusal(tw.loads, body)[1]


def test_generated_lists_against_python() -> None:
    """Lists of any numbers: what Python's json reads is what comes back, or nothing does."""
    chance = random.Random(7)  # noqa: S311 - the same every time
    edges = [2**53, 2**63, 2**64, 10**19, 10**18]
    kinds = {"read": 0, "refused": 0}
    for _ in range(3000):
        many = chance.random() < 0.1
        items: list[Any] = []
        for _ in range(chance.randrange(1, 6)):
            number = chance.choice(edges) + chance.randrange(-3, 4)
            number = chance.choice([number, -number, chance.randrange(100)])
            items.append(float(number) if chance.random() < 0.4 else number)
        items = items * 400 if many else items
        text = json.dumps(items, separators=chance.choice([(",", ":"), (", ", ": ")]))
        exact = all(-(2**63) <= x < 2**64 for x in items if isinstance(x, int))
        if any(isinstance(x, float) for x in items):
            exact = exact and all(int(float(x)) == x for x in items)
        try:
            found = tw.loads(ndarray(text)).value
        except tw.DecodeError:
            assert not exact, text
            kinds["refused"] += 1
        else:
            assert exact, text
            assert [int(x) for x in found] == [int(x) for x in items], text
            kinds["read"] += 1
    assert min(kinds.values()) > 300


def test_strings_that_look_like_numbers_and_words() -> None:
    """What stands in strings is text, however it is escaped, beside numbers that are looked up."""
    texts = [f"[{BEYOND[0]}]", "NaN,", '\\"NaN', "\\", '"', ", -Infinity ]", "\u20ac NaN"]
    tree = {"a": texts, "b": 1e300, **{key: key for key in texts}}
    for text in (orjson.dumps(tree), json.dumps(tree).encode()):
        assert tw.loads(b'{"jsonData":%b}' % text).value == tree
        word = text.replace(b"1e300", b"NaN").replace(b"1e+300", b"NaN")
        found = tw.loads(b'{"jsonData":%b}' % word).value
        assert found.pop("b") != 1e300
        assert found == {key: value for key, value in tree.items() if key != "b"}


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("value", ["1.5", "NaN", "1e19"])
@long
def test_integers_beyond_64_bits_in_members_that_are_not_read(
    count: int, value: str, number: str
) -> None:
    """They are ignored on every path, also where another number needs the exact one."""
    items = row(value, count, 0, "0.5")
    tensor = f'"tensor":{{"shape":[{count}],"values":{items}'
    tftensor = f'"tftensor":{{"dtype":"DT_DOUBLE","doubleVal":{items},"tensorShape":{{"dim":['
    for kind, text in (
        ("ndarray", f'{{"data":{{"ndarray":{items}}},"more":{number}}}'),
        ("ndarray", f'{{"more":{{"a":[{number}]}},"data":{{"ndarray":{items},"more":{number}}}}}'),
        ("tensor", f'{{"data":{{{tensor},"more":[{number}]}}}}}}'),
        ("tftensor", f'{{"data":{{{tftensor}{{"size":{count},"more":{number}}}]}}}}}}}}'),
    ):
        body = text.encode()
        paths_agree(f"json/{kind}", body)
        found = tw.loads(body).value
        assert found.shape == (count,)
        assert repr(float(found[0])) == repr(float(value))
    with pytest.raises(tw.DecodeError, match="64 bits") as error:
        tw.loads(f'{{"data":{{"ndarray":[{items},{items}]}},"meta":{{"more":{number}}}}}'.encode())
    assert error.value.path == "$.meta.more"


@pytest.mark.parametrize("number", BEYOND)
def test_integers_beyond_64_bits_in_lists_and_feedback(number: str) -> None:
    """Those that are not read are ignored, those that are have their place."""
    read = tw.get_protocol("seldon/json").decode
    for value in ("1.5", "NaN"):
        data = f'{{"ndarray":[{value}],"more":{number}}}'
        text = f'{{"data":{data},"meta":{{"tags":{{"t":%s}}}}}}'
        for kind, member, path in (
            (tw.seldon.MessageList, f'"seldonMessages":[{text}]', "$.seldonMessages[0]"),
            (tw.seldon.Feedback, f'"request":{text}', "$.request"),
        ):
            whole = f'{{{member},"more":{number}}}'
            found = read(whole.replace("%s", "1").encode(), type=kind)
            message = found.messages[0] if kind is tw.seldon.MessageList else found.request
            assert message.value.shape == (1,)
            at, reason = refusal(read, whole.replace("%s", number).encode(), type=kind)
            assert at == f"{path}.meta.tags.t"
            assert "64 bits" in reason
