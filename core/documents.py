"""PDF documents by Typst: a template and data in, tagged PDF out (PDF/UA-1).

The same template, data, date and Typst version give the same bytes; another version may not, so it is recorded with
each issued document and the stored file is the record.
"""

import json
from datetime import datetime
from importlib.metadata import version
from pathlib import Path


def engine() -> str:
    """Name and version of what renders the PDF."""
    return f"typst-py {version('typst')}"


def pdf(template: Path, data: dict, *, issued_at: datetime) -> bytes:
    """Compile ``template`` with ``data``, which it reads as JSON from ``sys.inputs.data``.

    Only Typst's embedded fonts are used, so a character they lack must be replaced before. Raises
    ``typst.TypstError`` where the template does not compile.
    """
    import typst  # here: 40 MB that no page needs

    return typst.compile(
        str(template),
        root=str(template.parent),
        format="pdf",
        font_paths=[],
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(issued_at.timestamp()),
        sys_inputs={"data": json.dumps(data, sort_keys=True)},
    )
