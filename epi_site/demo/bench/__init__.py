"""The benchmarks: ``manage.py bench`` measures pages in a temporary database, ``bench_http`` a running site."""
