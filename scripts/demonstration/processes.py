"""Starts the demonstration's processes, starts servers again that died, and ends all in the end."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time

# Debian's `daemon`: icecast2 refuses to be root. sshd finds his account as one that may log in.
ORDINARY_USER = 1


class Failure(Exception):
    """One sentence for the person who started the demonstration."""


def free_port():
    """Below those that the system gives out by itself, so that nobody is given it meanwhile."""
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        if not listens(port):
            return port
    raise Failure("no port is free")


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tool(name, package):
    """Where a program is; servers live in sbin folders, which are not on every user's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Failure(f"'{name}' of the Debian package {package} is missing: run scripts/setup --tests")
    return path


def hand_over(path):
    if os.geteuid() == 0:
        os.chown(path, ORDINARY_USER, ORDINARY_USER)


class Processes:
    def __init__(self, home):
        self.folder = f"{home}/demo"
        os.mkdir(self.folder)
        self.running = {}
        self.commands = {}
        self.airloom = None

    def start(self, name, command, environment=None, is_airloom=False, unprivileged=False, kept=False):
        """Logs to <folder>/<name>.log. One that is `kept` is started again when it ends."""
        # What we start ends with us, however we end; `airloom up` in its own time.
        prefix = [tool("setpriv", "util-linux"), f"--pdeathsig={'TERM' if is_airloom else 'KILL'}"]
        if unprivileged and os.geteuid() == 0:
            user = ORDINARY_USER
            prefix += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        with open(f"{self.folder}/{name}.log", "ab") as log:
            process = subprocess.Popen(
                prefix + command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | (environment or {}),
                # Ctrl-C is for us; we end the others in order.
                start_new_session=True,
            )
        with open(f"{self.folder}/{name}.pid", "w", encoding="ascii") as file:
            file.write(f"{process.pid}\n")
        self.running[name] = process
        if kept:
            self.commands[name] = (command, environment, unprivileged)
        if is_airloom:
            self.airloom = name
        return process

    def start_server(self, name, command, port, **options):
        """Returns when it listens."""
        options.setdefault("kept", True)
        process = self.start(name, command, **options)
        deadline = time.monotonic() + 30
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{name} does not start: {self.tail(name)}")
            time.sleep(0.05)

    def check(self):
        """Starts again what should run, and tells when Airloom itself has ended."""
        for name, process in list(self.running.items()):
            if process.poll() is None:
                continue
            if name == self.airloom:
                raise Failure(f"airloom up has ended: {self.tail(name)}")
            if name in self.commands:
                command, environment, unprivileged = self.commands[name]
                self.start(name, command, environment, unprivileged=unprivileged, kept=True)

    def tail(self, name):
        with open(f"{self.folder}/{name}.log", encoding="utf-8", errors="replace") as log:
            return " / ".join(log.read().splitlines()[-5:])

    def end(self):
        self.commands = {}
        if self.airloom:
            airloom = self.running.pop(self.airloom)
            airloom.send_signal(signal.SIGTERM)
            try:
                airloom.wait(timeout=30)
            except subprocess.TimeoutExpired:
                airloom.kill()
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
