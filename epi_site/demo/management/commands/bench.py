"""Measure the main pages in a temporary database and print them beside their bars. A slow page is no error."""

import logging
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.test.utils import override_settings

from epi_site.demo.bench.measuring import grows, log_once, measure
from epi_site.demo.bench.network import BenchmarkNetwork, Size

PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
LOG_UPDATE_QUERY_LIMIT = 25
SIZES = ["7x12", "7x300", "200x50"]
HEAD = (
    f"{'page':28}{'queries':>9}{'twice':>7}{'ms':>7}{'x static':>10}{'twice':>7}{'bar':>5}"
    f"{'building':>10}{'waiting':>9}{'KB':>6}{'twice':>7}"
)


class Command(BaseCommand):
    help = (
        "Builds networks in temporary databases, each then with twice as many cities, and prints how many times a "
        "static page each page takes, beside the bars. Uses the database of DATABASE_URL, else SQLite."
    )

    def add_arguments(self, parser):
        parser.add_argument("sizes", nargs="*", default=SIZES, help="CITIESxACTIONS; without: " + ", ".join(SIZES))
        parser.add_argument("--only", default="", help="a part of the names of the pages to measure")

    def handle(self, *, sizes, only, **options):
        logging.disable(logging.WARNING)
        for size in map(Size.of, sizes):
            with self._temporary_database():
                network = BenchmarkNetwork()
                network.grow(size)
                self._update_statistics()
                first = measure(network, only)
                network.grow(size.doubled())
                self._update_statistics()
                second = measure(network, only)
                logging_cost = log_once(network)  # last: the pages above would show the update
            self._print(size, first, second, logging_cost)
        logging.disable(logging.NOTSET)

    @contextmanager
    def _temporary_database(self):
        kept = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"]["MIGRATE"] = False  # tables from the models, which is faster
        with TemporaryDirectory() as folder, override_settings(**self._settings(folder)):
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                yield
            finally:
                connection.creation.destroy_test_db(kept, verbosity=0)

    @staticmethod
    def _update_statistics():
        """Do what autovacuum does within a minute: without statistics, PostgreSQL plans as if tables were empty."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    def _settings(self, folder):
        files = settings.STORAGES["default"] | {"OPTIONS": {"location": folder}}  # not those of the site
        return {
            "STORAGES": settings.STORAGES | {"default": files, "staticfiles": {"BACKEND": PLAIN_FILES}},
            "SECURE_SSL_REDIRECT": False,
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "WHITENOISE_AUTOREFRESH": True,
        }

    def _print(self, size, first, second, logging_cost):
        self.stdout.write(
            f"\n{connection.vendor}, {size}: cities x actions of each; then twice as many cities.\n{HEAD}"
        )
        for one, two in zip(first, second, strict=True):
            problems = list(dict.fromkeys([*one.problems(), *two.problems(), *(["grows"] if grows(one, two) else [])]))
            self.stdout.write(
                f"{one.name:28}{one.queries:>9}{two.queries:>7}{one.milliseconds:>7.0f}"
                f"{one.ratio:>10.1f}{two.ratio:>7.1f}{one.kind.value:>5}{one.building:>10.0%}{one.waiting:>9.0%}"
                f"{one.size / 1024:>6.0f}{two.size / 1024:>7.0f}"
                f"{'  OVER THE BAR: ' + ', '.join(problems) if problems else '  held'}"
            )
        verdict = "held" if logging_cost <= LOG_UPDATE_QUERY_LIMIT else "OVER THE BAR"
        self.stdout.write(
            f"logging, GET and POST: {logging_cost} queries of {LOG_UPDATE_QUERY_LIMIT}  {verdict}\n"
            f"A static page takes {first[0].static:.1f} ms for the public, {first[-1].static:.1f} ms for a coordinator."
        )
