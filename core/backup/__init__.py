"""Backup and restore of the database and the stored files, on SQLite and PostgreSQL. See docs/operations.md."""
