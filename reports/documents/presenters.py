"""Prepare the blocks of a document for the HTML template. Texts and figures stay unchanged."""

MAX_DESCRIBED_ROWS = 6  # rows of a timeline that are also described in text; with more, only the table describes them


def present_sections(document: dict) -> list[dict]:
    return [
        section | {"blocks": [_present_block(block) for block in section["blocks"]]} for section in document["sections"]
    ]


def _present_block(block: dict) -> dict:
    if block["type"] == "table":
        columns = block["columns"]
        return block | {
            "drawn_rows": [
                [_cell(cell, column) for cell, column in zip(row, columns, strict=True)] for row in block["rows"]
            ]
        }
    if block["type"] == "bars":
        return block | {"rows": [_bar(row, block["key"]) for row in block["rows"]]}
    if block["type"] == "timeline":
        is_described = len(block["rows"]) <= MAX_DESCRIBED_ROWS
        ticks = [{"x": f"{tick['at'] / 10:.1f}%", "text": tick["text"]} for tick in block["ticks"]]
        return block | {"rows": [_line(row) for row in block["rows"]], "ticks": ticks, "is_described": is_described}
    return block


def _cell(cell: str | dict, column: dict) -> dict:
    """Return the cell with its CSS class and its column heading, which narrow screens show beside it."""
    drawn = ({"text": cell} if isinstance(cell, str) else dict(cell)) | {"label": column["text"]}
    if "level" in drawn:
        low, _dash, high = drawn["level"].partition("-")
        drawn["is_level"] = bool(low)
        drawn["css"] = "epi-level " + (f"l{low}" + (f" up{high}" if high else "") if low else "is-none")
    elif column.get("align") == "right":
        drawn["css"] = "epi-num"
    return drawn


def _bar(row: dict, key: list[dict]) -> dict:
    words = {part["state"]: part["text"] for part in key}
    parts = [part for part in row["parts"] if part["count"]]
    counted = ", ".join(f"{words[part['state']]} {part['count']}" for part in parts)
    return row | {
        "pairs": [(part["state"], part["count"]) for part in parts],
        "counted": counted,
        "words": f"{row['label']}: {counted}",
    }


def _line(row: dict) -> dict:
    """Return the row with start and width of each bar, in thousandths of the timeline."""
    spans = {name: row[name] for name in ("planned", "actual")}
    return row | {name: span and {"x": span[0], "width": max(span[1] - span[0], 4)} for name, span in spans.items()}
