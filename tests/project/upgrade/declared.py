"""The intended changes since each version of which a dump is kept. See README.md."""

from .reading import Declared

DECLARED = {
    "0.1.0": Declared(),
}
