"""The WSGI application under `make run`. Ends with its parent: a server process left over would keep the port."""

import os
import signal

from .supervisor import die_with_parent

die_with_parent(os.getppid(), signal.SIGKILL)

from epi_site.wsgi import application  # noqa: E402 - only a process that can end is to begin

__all__ = ("application",)
