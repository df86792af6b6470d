"""Processes that start and stop together.

Each leader gets a session of its own, so that Ctrl-C at the terminal reaches only the supervisor. The supervisor
signals the leaders, never their children: a pool child that gets a signal from elsewhere dies in the middle of a task.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ManagedProcess:
    name: str
    command: Sequence[str]
    restarts: bool = False  # started again when it ends; others, and those that end soon after their start, end all


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """On Linux, have the kernel send this process a signal when its parent dies, however that happens."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)


class Supervisor:
    """Starts the leaders, prints their output, and stops them all when one dies or a signal arrives.

    It must have one thread only: the kernel sends the parent-death signal as soon as the thread that started a child
    ends.
    """

    def __init__(
        self,
        leaders: Sequence[ManagedProcess],
        *,
        environment: Mapping[str, str],
        timeout: float = 20,
        min_life: float = 60,
    ) -> None:
        self.leaders, self.environment, self.timeout, self.min_life = leaders, environment, timeout, min_life
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started_at: dict[str, float] = {}
        self.pipes = selectors.DefaultSelector()
        self.partial_lines: dict[str, bytes] = {}
        self.signal_count = 0

    def run(self, watch: Callable[[], object] = lambda: None) -> int:
        """Return the exit code of the leader whose end stopped the others, or 0 after a signal.

        ``watch`` runs a few times a second.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        code = 0
        try:
            for leader in self.leaders:
                self._start(leader)
            while not self.signal_count and not (dead := self._dead()):
                self._print_output(0.2)
                watch()
                self._restart_ended()
            if not self.signal_count:
                code = self._code_of(dead[0])
                say(f"{dead[0]} has ended with code {code}; the others are stopped.")
        finally:
            stopped = self._stop()
        return code or (0 if stopped else 1)

    def _on_signal(self, _number: int, _frame: Any) -> None:
        self.signal_count += 1

    def restart(self, *names: str) -> None:
        """End these leaders and start them again."""
        self._end([self.processes[name] for name in names])
        for leader in self.leaders:
            if leader.name in names and not self.signal_count:
                self._start(leader)

    def _start(self, leader: ManagedProcess) -> None:
        parent = os.getpid()
        process = subprocess.Popen(  # noqa: S603 - our own commands
            leader.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
        self.processes[leader.name], self.started_at[leader.name] = process, time.monotonic()
        self.pipes.register(process.stdout, selectors.EVENT_READ, leader.name)  # type: ignore[arg-type] # a pipe

    def _restart_ended(self) -> None:
        for leader in self.leaders:
            code = self.processes[leader.name].poll()
            if code is not None and self._may_restart(leader):
                say(f"{leader.name} has ended with code {code} and is started again.")
                self.restart(leader.name)

    def _may_restart(self, leader: ManagedProcess) -> bool:
        return leader.restarts and time.monotonic() - self.started_at[leader.name] > self.min_life

    def _dead(self) -> list[str]:
        """Return the leaders that have ended and are not started again."""
        ended = [leader for leader in self.leaders if self.processes[leader.name].poll() is not None]
        return [leader.name for leader in ended if not self._may_restart(leader)]

    def _code_of(self, name: str) -> int:
        code = self.processes[name].returncode
        return 128 - code if code < 0 else code or 1  # a leader that exits by itself is an error

    def _stop(self) -> bool:
        """End all leaders. Returns True if none had to be killed."""
        if self.signal_count:
            say("Stopping. Press Ctrl-C again to stop immediately.")
        return self._end(list(self.processes.values()))

    def _end(self, processes: Sequence[subprocess.Popen[bytes]]) -> bool:
        """Terminate, wait, then kill what is left of their groups. Returns True if no kill was needed."""
        for process in processes:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + self.timeout
        while (left := any(process.poll() is None for process in processes)) and self._may_wait(until):
            self._print_output(0.1)
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) only its zombie is left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        while self._print_output(0):
            pass
        return not left

    def _may_wait(self, until: float) -> bool:
        return time.monotonic() < until and self.signal_count < 2

    def _print_output(self, seconds: float) -> bool:
        """Print whole lines of the leaders' output for at most so many seconds. Returns False if there was none."""
        if not self.pipes.get_map():
            time.sleep(seconds)
            return False
        ready = self.pipes.select(seconds)
        for key, _events in ready:
            output = os.read(key.fd, 65536)
            *lines, rest = (self.partial_lines.get(key.data, b"") + output).split(b"\n")
            if not output:
                self.pipes.unregister(key.fileobj)
                lines, rest = [rest] if rest else [], b""
            self.partial_lines[key.data] = rest
            for line in lines:
                say(line.decode(errors="replace"), name=key.data)
        return bool(ready)


def say(line: str, name: str = "") -> None:
    """Print a line of a process after its name, or a line of the supervisor as it is."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{name:>6} | {line}\n" if name else f"{line}\n")
        sys.stdout.flush()
