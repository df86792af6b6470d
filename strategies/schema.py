"""Read snapshots of periods of any schema version as one of the newest. The stored bytes never change."""

SCHEMA_VERSION = 2  # 2: milestones have ``dropped_on``, updates have ``dropped``


def upgrade_contents(contents: dict) -> dict:
    return contents | {"actions": [upgrade_action(entry) for entry in contents.get("actions", [])]}


def upgrade_action(entry: dict) -> dict:
    """Return an action's entry with the keys that older versions lack."""
    return entry | {
        "milestones": [{"dropped_on": None, **row} for row in entry.get("milestones", [])],
        "updates": [{"dropped": [], **row} for row in entry.get("updates", [])],
    }
