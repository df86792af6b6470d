"""Rows for the dashboards: what is looked at (``scope``), and the numbers of it, each counted by the database."""
