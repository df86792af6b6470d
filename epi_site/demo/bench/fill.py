"""Fill the database of a temporary site for ``bench_http``, and print what is to be asked of it."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")
django.setup()

from epi_site.demo.bench.network import BenchmarkNetwork, Size  # noqa: E402 - models need the line above
from epi_site.demo.bench.targets import targets_of  # noqa: E402

if __name__ == "__main__":
    network = BenchmarkNetwork()
    network.grow(Size.of(sys.argv[1]))
    print(json.dumps(targets_of(network)))  # noqa: T201 - read by the command
