"""Periodic task of dashboards. Safe to run twice."""

from celery import shared_task

from . import city_sums


@shared_task
def store_city_sums() -> None:
    """Run every ten minutes: the first reader of a day need not wait for the figures of all cities."""
    city_sums.store_for_network()
