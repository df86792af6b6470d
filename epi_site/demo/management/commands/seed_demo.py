"""Load the demo of seven cities into an empty network."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from cities.models import City, Installation
from epi_site.demo.seed import Seed


class Command(BaseCommand):
    help = "Loads the demonstration of seven cities; refuses where a network stands already."

    def add_arguments(self, parser):
        parser.add_argument("--if-empty", action="store_true", help="do nothing, without error, where a network stands")

    def handle(self, *args, if_empty=False, verbosity=1, **options):
        if not settings.DEMO_ALLOWED:
            raise CommandError(
                "These settings are for production: a demonstration with known passwords is refused here."
            )
        if City.objects.exists() or User.objects.exists() or Installation.objects.exists():
            if if_empty:
                self._say("A network stands here already; it is kept as it is.", verbosity)
                return
            raise CommandError("A network stands here already. Name an empty database, or an empty EPI_DATA_DIR.")
        Seed().run()
        self._say("The demonstration is loaded: seven cities, password integration-demo.", verbosity)

    def _say(self, line, verbosity):
        if verbosity:
            self.stdout.write(self.style.SUCCESS(line))
