"""Write `msgpack_numpy.json`: what versions of msgpack-numpy write, each in its own environment.

pip install msgpack-numpy==0.3.6 msgpack-python==0.5.6 'numpy<2'   (strings of one kind, no `kind`)
pip install msgpack-numpy==0.4.0 msgpack-python==0.5.6             (bytes apart from text)
pip install msgpack-numpy==0.4.4.3 msgpack==1.2.4                  (strings of one kind)
pip install msgpack-numpy==0.4.8 msgpack==1.2.4                    (bytes apart from text)
python tests/goldens/make_msgpack_numpy.py                         (in each; it adds to the file)
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import msgpack_numpy  # type: ignore[import-not-found,import-untyped,unused-ignore]

sys.path.insert(0, str(Path(__file__).parent))
from msgpack_numpy_cases import CASES  # type: ignore[import-not-found,unused-ignore]

PATH = Path(__file__).with_name("msgpack_numpy.json")


def main() -> None:
    """Add what the installed version writes."""
    known = json.loads(PATH.read_text()) if PATH.exists() else {}
    msgpack = "msgpack" if msgpack_numpy.__name__ and _has("msgpack") else "msgpack-python"
    made = {name: version(name) for name in ("msgpack-numpy", msgpack, "numpy")}
    bodies = {name: msgpack_numpy.packb(value).hex() for name, value in CASES.items()}
    known[made["msgpack-numpy"]] = {"made with": made, "bodies": bodies}
    PATH.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def _has(name: str) -> bool:
    try:
        version(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
