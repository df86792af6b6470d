from django.core.management.base import BaseCommand

from evaluation.services.frameworks import load_framework


class Command(BaseCommand):
    help = "Load the framework of six dimensions that comes with the project. A second run changes nothing."

    def handle(self, *args, **options):
        framework = load_framework()
        self.stdout.write(f"{framework}: {framework.dimensions.count()} dimensions.")
