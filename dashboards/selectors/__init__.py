"""Data of the dashboards: what they cover (``scope``), and its figures, each aggregated by the database."""
