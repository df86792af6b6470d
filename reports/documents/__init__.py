"""Facts in, words and blocks out (``document``); a snapshot in, files out (``render``). Nothing here queries."""
