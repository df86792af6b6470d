"""`make run`: web server, Celery worker and beat, supervised together on one machine without other servers."""
