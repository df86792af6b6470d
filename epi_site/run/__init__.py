"""`make run`: web server, Celery worker and beat as one supervised group, on one machine and without other servers."""
