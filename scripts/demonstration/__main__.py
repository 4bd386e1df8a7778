"""The demonstration: reads what was typed, builds up the studio, tells what to look at, ends all."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time

import checks
import programme
from client import Client
from processes import Failure, Processes, free_port
from studio import Studio

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    options = read_options()
    programs = find_programs(options.programs)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    # Not below TMPDIR: the path of a socket in it has room for 107 bytes.
    home = tempfile.mkdtemp(prefix="airloom-demo-", dir="/tmp")
    # The servers run as another user when we are root.
    os.chmod(home, 0o755)
    processes = Processes(home)
    try:
        return demonstrate(options, programs, home, processes, ended)
    except Failure as failure:
        print(f"scripts/demo: {failure}", file=sys.stderr)
        return 69
    finally:
        processes.end()
        if options.keep:
            print(f"  Everything is left in {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


def demonstrate(options, programs, home, processes, ended):
    began = time.monotonic()
    studio = Studio(processes, home, PACKAGE)
    port = options.port or (8666 if is_free(8666) else free_port())
    password = os.environ.get("AIRLOOM_ADMIN_PASSWORD") or secrets.token_urlsafe(9)
    studio.start_servers()
    start_airloom(programs, home, port, password, studio, processes)
    client = Client(port)
    client.log_in(password, processes)
    programme.configure(client, studio)
    studio.start_drops()
    say_hello(home, port, password, studio, time.monotonic() - began)
    if options.check:
        return checks.run(client, studio, began, options.limit, ended)
    remaining = options.seconds - (time.monotonic() - began) if options.seconds else None
    while not ended.wait(1 if remaining is None else min(1, max(0, remaining))):
        processes.check()
        if remaining is not None:
            remaining = options.seconds - (time.monotonic() - began)
            if remaining <= 0:
                break
    print("\n  The demonstration ends.")
    return 0


def start_airloom(programs, home, port, password, studio, processes):
    settings = programme.settings(port, studio)
    with open(f"{home}/airloom.toml", "w", encoding="utf-8") as file:
        file.write(settings)
    processes.start(
        "airloom",
        [f"{programs}/airloom", "up", "--home", home],
        environment={"AIRLOOM_ADMIN_PASSWORD": password},
        is_airloom=True,
    )


def say_hello(home, port, password, studio, seconds):
    print(
        f"""
  Airloom is up after {seconds:.0f} s: http://localhost:{port}
  Login: admin / {password}

  Overview      two stations on the air, titles that change; the first show begins in seconds
  Timeline      what the tapes hold; click into it to listen to what has just been
  Recordings    a show of 20 seconds each minute from each station, with a player
  Conversions   a drop that is still being written ({studio.drop_name}), and a broken one set aside
  Podcasts      three episodes of a show, archived
  Deliveries    everything goes to a server by SSH and to an S3 bucket, verified there
  Alerts        the broken drop is mailed; the mails are in {studio.mail}/new

  Pull a plug, and watch it come back on the System page:
    pkill -9 -f 'airloom-recorder --home {home}'    (or -scheduler, -delivery, -gateway, …)
    {processes_hint(home)}
  What the services say: {home}/demo/airloom.log

  Ctrl-C ends it.
""",
        flush=True,
    )


def processes_hint(home):
    return f"kill -9 $(cat {home}/demo/icecast.pid)    the station goes off the air and comes back"


def is_free(port):
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def find_programs(given):
    """The newest build, unless one was named."""
    folders = [given] if given else [f"{PACKAGE}/.build/release", f"{PACKAGE}/.build/debug"]
    built = [folder for folder in folders if os.access(f"{folder}/airloom-gateway", os.X_OK)]
    if not built:
        sys.exit(f"scripts/demo: there are no programs in {' or '.join(folders)}: run swift build")
    return max(built, key=lambda folder: os.path.getmtime(f"{folder}/airloom-gateway"))


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, help="of the page (8666, or any that is free)")
    parser.add_argument("--seconds", type=float, help="end after that long")
    parser.add_argument("--check", action="store_true", help="end when every page is filled")
    parser.add_argument("--limit", type=float, default=120, help="of --check, in seconds (120)")
    parser.add_argument("--programs", help="folder of the programs (the newest build)")
    parser.add_argument("--keep", action="store_true", help="leave the files in place at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
