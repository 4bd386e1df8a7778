"""The units under a real systemd, in a container. Called by scripts/systemd-trial."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

import programme
from client import Client
from processes import Failure, Processes
from studio import Studio

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = "airloom-systemd-trial"
UNITS = ["scheduler", "recorder@1", "converter@1", "feeder", "delivery", "gateway"]


def inside(*command, check=True):
    """What a command in the container says."""
    ran = subprocess.run(["podman", "exec", NAME, *command], capture_output=True, text=True)
    if check and ran.returncode != 0:
        raise Failure(f"{' '.join(command)}: {ran.stdout}{ran.stderr}")
    return ran.stdout.strip()


def show(unit, name):
    return inside("systemctl", "show", "-P", name, f"airloom-{unit}")


def run(studio, processes, tell):
    podman("run", "--detach", "--name", NAME, "--privileged", "--cgroups=enabled")
    programme.wait_for(
        lambda: all(inside("systemctl", "is-active", f"airloom-{unit}", check=False) == "active"
                    for unit in UNITS),
        "active unit",
    )
    tell("all units are active; " + sandboxes())
    address = podman_output("inspect", NAME, "--format", "{{.NetworkSettings.IPAddress}}")
    client = Client(8666, address)
    client.log_in(inside("cat", "/var/lib/airloom/first-password"), processes)

    url = f"http://host.containers.internal:{studio.icecast}/radio"
    client.change("POST", "/api/v1/streams", {"id": "radio", "name": "Radio", "urls": [url]})
    programme.add_schedule(client, "show", "Show", "radio", 12, destinations=[])
    # Root's, and readable for others: the lease on it needs CAP_LEASE.
    inside(
        "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=d=5:s=320x240",
        "-f", "lavfi", "-i", "sine=d=5", "-c:v", "mpeg2video", "-c:a", "mp2", "/srv/drops/drop.ts",
    )
    found = programme.wait_for(lambda: recordings(client), "recording", 90)[0]
    tell(f"recorded {found['file']['name']}, {found['file']['bytes']:,} bytes")
    drop = programme.wait_for(lambda: conversion(client), "conversion", 120)
    tell(f"converted {drop['name']} to {drop['file']['name']}")

    inside("systemctl", "kill", "--signal=KILL", "airloom-recorder@1")
    programme.wait_for(lambda: show("recorder@1", "NRestarts") == "1", "restart")
    tell("kill -9 of the recorder: systemd has started it again")
    inside("systemctl", "kill", "--signal=STOP", "airloom-delivery")
    programme.wait_for(lambda: show("delivery", "NRestarts") == "1", "restart", 90)
    tell("kill -STOP of delivery: the watchdog has ended it, systemd started it again")
    began = time.monotonic()
    inside("systemctl", "stop", "airloom.target")
    tell(f"stopped within {time.monotonic() - began:.1f} s")
    results = {unit: show(unit, "Result") for unit in UNITS}
    if set(results.values()) != {"success"}:
        raise Failure(f"not all have ended well: {results}")


def sandboxes():
    """Capabilities and the filter's state, as the kernel tells them of each process."""
    told = []
    for unit in UNITS:
        text = inside("cat", f"/proc/{show(unit, 'MainPID')}/status")
        lines = dict(line.split(":", 1) for line in text.splitlines())
        if lines["Seccomp"].strip() != "2" or lines["NoNewPrivs"].strip() != "1":
            raise Failure(f"airloom-{unit} runs without its sandbox")
        told.append(f"{unit} {int(lines['CapEff'], 16):#x}")
    return "capabilities: " + ", ".join(told)


def recordings(client):
    answer = client.get("/api/v1/recordings?limit=10&state=committed") or {}
    return answer.get("recordings")


def conversion(client):
    for found in (client.get("/api/v1/conversions?limit=10") or {}).get("conversions", []):
        if found["state"] == "failed":
            raise Failure(f"the drop was set aside: {found['reason']}")
        if found["state"] == "converted":
            return found
    return None


def podman(*arguments):
    ran = subprocess.run(
        ["podman", *arguments, "--network=podman", "--systemd=always", "localhost/airloom-systemd"],
        capture_output=True, text=True,
    )
    if ran.returncode != 0:
        raise Failure(f"podman: {ran.stderr}")


def podman_output(*arguments):
    return subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def main():
    home = tempfile.mkdtemp(prefix="airloom-trial-", dir="/tmp")
    os.chmod(home, 0o755)
    processes = Processes(home)
    began = time.monotonic()

    def tell(sentence):
        print(f"  {time.monotonic() - began:6.1f} s  {sentence}", flush=True)

    try:
        studio = Studio(processes, home, PACKAGE, address="0.0.0.0")
        studio.start_icecast()
        run(studio, processes, tell)
        return 0
    except Failure as failure:
        print(f"scripts/systemd-trial: {failure}", file=sys.stderr)
        print(inside("journalctl", "--no-pager", "-n", "60", "-u", "airloom*", check=False))
        return 1
    finally:
        processes.end()
        subprocess.run(["podman", "rm", "--force", "--time=1", NAME], capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
