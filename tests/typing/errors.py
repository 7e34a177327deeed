"""What a user's type checker sees of errors and limits. Checked, never run."""

from typing_extensions import assert_type

import tensorwire as tw

try:
    tw.loads(b"")
except tw.LimitError as error:
    decode_error: tw.DecodeError = error
except tw.CodecError as error:
    assert_type(error.path, str)
    assert_type(error.reason, str)

as_value_error: ValueError = tw.EncodeError("too long", "$.data")
as_lookup_error: LookupError = tw.UnknownCodecError("no such codec")
assert_type(tw.Limits().max_rank, int)

tw.EncodeError()  # type: ignore[call-arg]
tw.Limits(max_rank="2")  # type: ignore[arg-type]
