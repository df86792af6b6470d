"""The WSGI application under `make run`. Ends with its parent: a server process left over would keep the port."""

import os
import signal

from .supervisor import end_with

end_with(os.getppid(), signal.SIGKILL)

from epi_site.wsgi import application  # noqa: E402 - only a process that can end is to begin

__all__ = ("application",)
