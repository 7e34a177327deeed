"""Ways to send a payload, each with its bytes and seconds, and whether a real transfer agreed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..payloads.casts import CastError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Transfer:
    """One way of sending one payload."""

    case: int
    codec: str
    dtype: str
    """The payload's own, or the smaller one to which it was cast."""
    compressor: str
    """Empty: as it is."""
    bytes: int
    encode: float
    compress: float
    decompress: float
    decode: float

    @property
    def seconds(self) -> float:
        """All but the wire."""
        return self.encode + self.compress + self.decompress + self.decode

    @property
    def name(self) -> str:
        """Codec and compressor: ``json/ndarray zstd-1``."""
        return f"{self.codec} {self.compressor}".rstrip()


@dataclass(frozen=True)
class Checked:
    """A transfer through a link of known speed, beside what was predicted of it."""

    transfer: int
    """Its place among the transfers."""
    link: str
    predicted: float
    fastest: float
    """Of several: what other programs do can only make a transfer longer."""
    median: float

    @property
    def ratio(self) -> float:
        """What was measured to what was predicted: 1 from the fastest to the median transfer."""
        return min(max(self.predicted, self.fastest), self.median) / self.predicted


@dataclass(frozen=True)
class Links:
    """All that was measured for an answer about links."""

    transfers: tuple[Transfer, ...]
    casts: Mapping[int, tuple[CastError, ...]] = field(default_factory=dict)
    """Of each payload of floats, what each smaller dtype does to its values."""
    noise: Mapping[int, float] = field(default_factory=dict)
    """By payload: how far equal cells differed, in the median of all pairs."""
    checked: tuple[Checked, ...] = ()

    def of(self, case: int) -> Iterator[Transfer]:
        """Yield the transfers of one payload."""
        return (each for each in self.transfers if each.case == case)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return {
            "transfers": [asdict(each) for each in self.transfers],
            "casts": {n: [asdict(each) for each in found] for n, found in self.casts.items()},
            "noise": dict(self.noise),
            "checked": [asdict(each) for each in self.checked],
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], places: Sequence[int]) -> Links:
        """Undo `to_json`.

        Parameters
        ----------
        places
            The new numbers of the payloads, by their old ones.
        """
        return cls(
            tuple(Transfer(**{**e, "case": places[e["case"]]}) for e in fields["transfers"]),
            {
                places[int(number)]: tuple(CastError(**each) for each in found)
                for number, found in fields["casts"].items()
            },
            {places[int(number)]: float(noise) for number, noise in fields["noise"].items()},
            tuple(Checked(**each) for each in fields["checked"]),
        )
