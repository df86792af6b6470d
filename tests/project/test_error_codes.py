"""The codes of user-facing errors stay, since programs rely on them (docs/errors.md)."""

import importlib
import re

from core.exceptions import UserFacingError
from core.first_party import first_party_packages
from tests.project.first_party import python_files
from tests.project.routes import routes
from tests.project.test_docs import ROOT


def error_classes(base=UserFacingError):
    return [base, *(error for child in base.__subclasses__() for error in error_classes(child))]


def test_codes_are_those_of_the_docs():
    assert routes()  # imports the views
    for file in python_files():  # commands alone import some of these
        if file.stem == "exceptions" or "services" in file.parts:
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    codes = {(error.code, error.__module__.partition(".")[0]) for error in error_classes()}

    listed = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|$", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)

    assert {(code, app) for code, apps in listed for app in apps.split(", ")} == {
        (code, app) for code, app in codes if app in first_party_packages()
    }
