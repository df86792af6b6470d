"""Measure the main pages in a temporary database and print them beside their limits. A slow page is no error."""

import logging
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.test.utils import override_settings

from epi_site.demo.bench import BenchmarkNetwork, Size, log_once, measure

PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
LOG_UPDATE_QUERY_LIMIT = 25
COMPARISON = "nearest open peer, a list of 300 actions: 609 queries, 900 ms"


class Command(BaseCommand):
    help = "Builds a network in a temporary database, measures its pages, and prints queries and times beside the bars."

    def add_arguments(self, parser):
        parser.add_argument("--cities", type=int, default=7)
        parser.add_argument("--actions", type=int, default=300, help="of each city")

    def handle(self, *, cities, actions, **options):
        logging.disable(logging.WARNING)
        kept = connection.settings_dict["NAME"]
        with TemporaryDirectory() as folder, override_settings(**self._settings(folder)):
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
            try:
                network, size = BenchmarkNetwork(), Size(cities, actions)
                network.grow(size)
                first = measure(network)
                logging_cost = log_once(network)
                network.grow(size.doubled())
                second = measure(network)
            finally:
                connection.creation.destroy_test_db(kept, verbosity=0)
                logging.disable(logging.NOTSET)
        self._print(size, first, second, logging_cost)

    def _settings(self, folder):
        files = settings.STORAGES["default"] | {"OPTIONS": {"location": folder}}  # not those of the site
        return {
            "STORAGES": settings.STORAGES | {"default": files, "staticfiles": {"BACKEND": PLAIN_FILES}},
            "SECURE_SSL_REDIRECT": False,
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "WHITENOISE_AUTOREFRESH": True,
        }

    def _print(self, size, first, second, logging_cost):
        plain = first[0].milliseconds
        self.stdout.write(
            f"{connection.vendor}; {size.cities} cities with {size.actions} actions each, then twice as many cities."
        )
        self.stdout.write(
            f"{'page':26}{'query_limit':>5}{'queries':>9}{'twice':>7}{'ms':>8}{'twice':>8}{'x plain':>9}{'KB':>6}"
        )
        for one, two in zip(first, second, strict=True):
            verdict = "" if one.holds and two.holds else f"  over the bar (status {one.status})"
            ratio = one.milliseconds / plain
            self.stdout.write(
                f"{one.name:26}{one.query_limit:>5}{one.queries:>9}{two.queries:>7}{one.milliseconds:>8.0f}"
                f"{two.milliseconds:>8.0f}{ratio:>9.1f}{one.size / 1024:>6.0f}{verdict}"
            )
        verdict = "" if logging_cost <= LOG_UPDATE_QUERY_LIMIT else "  over the bar"
        self.stdout.write(f"{'logging, GET and POST':26}{LOG_UPDATE_QUERY_LIMIT:>5}{logging_cost:>9}{verdict}")
        self.stdout.write(f"Compare: {COMPARISON}. Times are of this machine alone.")
