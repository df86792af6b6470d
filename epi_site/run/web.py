"""The web server's way in under `make run`: a server process that loses its parent would keep the port for ever."""

import os
import signal

from .supervisor import end_with

end_with(os.getppid(), signal.SIGKILL)

from epi_site.wsgi import application  # noqa: E402 - only a process that can end is to begin

__all__ = ("application",)
