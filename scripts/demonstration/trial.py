"""Compose for real: two recorders, a show on each, down and up, a kill. Called by scripts/compose-trial."""

import glob
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

import checks
import programme
from client import Client
from processes import Failure, Processes, free_port
from studio import Studio

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What containers call the machine that they run on.
MACHINE = "host.containers.internal"
PROJECT = "airloom-trial"
STREAMS = ("radio", "night")


class Trial:
    def __init__(self, home):
        self.began = time.monotonic()
        self.port = free_port()
        self.password = secrets.token_urlsafe(9)
        self.processes = Processes(home)
        self.studio = Studio(self.processes, home, PACKAGE, address="0.0.0.0")
        self.client = Client(self.port)

    def run(self):
        self.studio.start_icecast()
        self.up("two recorders are started")
        for id in STREAMS:
            url = f"http://{MACHINE}:{self.studio.icecast}/{id}"
            self.client.change("POST", "/api/v1/streams", {"id": id, "name": id, "urls": [url]})
            programme.add_schedule(self.client, id, id, id, 15, destinations=[])
        first = self.recorded(2, "a show of each stream")
        for id in STREAMS:
            # The gateway reads the tape from whichever recorder has it, over the compose network.
            told = self.wait(
                f"{id} over HLS", lambda: checks.playable(self.client, f"/live/{id}/stream.m3u8")
            )
            self.tell(f"{id} over HLS: {told}")
        nodes = {found["node"] for found in first}
        self.tell(f"recorded by {', '.join(sorted(nodes))}")
        if nodes != {"recorder-1", "recorder-2"}:
            raise Failure("both recorders should have had one")

        tapes = self.tapes()
        self.compose("down", "--remove-orphans")
        self.tell("down")
        self.up("up again")
        kept = self.wait("the recordings are listed", lambda: self.recordings() or None)
        lost = {found["id"] for found in first} - {found["id"] for found in kept}
        if lost:
            raise Failure(f"{lost} are no longer listed")
        playable = [self.client.fetch(f"/api/v1/recordings/{found['id']}/file") for found in first]
        if not all(playable):
            raise Failure("a recording of before cannot be played")
        self.recorded(len(kept) + 2, "the next shows")
        after = self.tapes()
        for node, stream in tapes:
            if (node, stream) in after and after[node, stream][0] > tapes[node, stream][0]:
                raise Failure(f"the tape of {stream} at {node} has lost its beginning")
        self.tell(f"tapes before {tapes}, after {after}")
        self.kill()
        self.compose("down", "--volumes", "--remove-orphans")
        self.tell("down, volumes removed")

    def kill(self):
        """kill -9 of a recorder while it captures; its container comes back with the same name."""
        recording = self.wait("a show is on", self.under_way)
        victim = recording["node"]
        before = self.started(victim)
        pids = subprocess.run(
            ["pgrep", "-f", "airloom-recorder --node auto"], capture_output=True, text=True
        ).stdout.split()
        for pid in pids:
            if self.node_of(pid) == victim:
                os.kill(int(pid), 9)
                self.tell(f"kill -9 of {victim} (process {pid}) while it records {recording['title']}")
        self.wait(f"{victim} is back", lambda: self.started(victim) not in (None, before))
        self.wait("both recorders are alive", lambda: len(self.recorders()) == 2)
        ended = self.wait("the show is there", lambda: self.committed(recording["id"]), 90)
        file = ended["file"]
        self.tell(
            f"{ended['title']} was finished by {ended['node']}: {file['durationUs'] / 1e6:.1f} s, "
            f"gaps {file['gaps']}"
        )

    # Compose

    def compose(self, *arguments):
        environment = os.environ | {
            "AIRLOOM_PORT": str(self.port),
            "AIRLOOM_ADMIN_PASSWORD": self.password,
        }
        command = ["podman-compose", "-p", PROJECT, "-f", f"{PACKAGE}/deploy/compose.yaml"]
        ran = subprocess.run(
            command + list(arguments), env=environment, capture_output=True, text=True
        )
        if ran.returncode != 0:
            raise Failure(f"podman-compose {' '.join(arguments)}: {ran.stdout}{ran.stderr}")

    def up(self, what):
        self.compose("up", "--detach", "--no-build", "--scale", "recorder=2")
        self.client.cookie = None
        self.client.log_in(self.password, self.processes)
        self.wait("all seven are alive and well", self.all_well, 90)
        self.tell(f"{what}: {', '.join(self.checked())}")

    def checked(self):
        """What each container's health check says."""
        names = subprocess.run(
            ["podman", "ps", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
        ).stdout.split()
        results = []
        for name in sorted(names):
            ran = subprocess.run(["podman", "healthcheck", "run", name], capture_output=True, text=True)
            if ran.returncode != 0:
                raise Failure(f"the health check of {name} fails: {ran.stdout}{ran.stderr}")
            results.append(f"{name} healthy")
        return results

    # What the page shows

    def nodes(self):
        return (self.client.get("/api/v1/nodes") or {}).get("nodes", [])

    def all_well(self):
        well = [
            node for node in self.nodes() if node["isAlive"] and not node["heartbeat"]["faults"]
        ]
        return well if len(well) == 7 else None

    def recorders(self):
        return [
            node
            for node in self.nodes()
            if node["isAlive"] and node["heartbeat"]["service"] == "recorder"
        ]

    def started(self, name):
        for node in self.recorders():
            if node["heartbeat"]["node"] == name:
                return node["heartbeat"]["startedAt"]
        return None

    def recordings(self):
        answer = self.client.get("/api/v1/recordings?limit=100&state=committed") or {}
        return answer.get("recordings", [])

    def committed(self, id):
        found = self.client.get(f"/api/v1/recordings/{id}")
        return found if found and found["state"] == "committed" else None

    def recorded(self, count, what):
        found = self.wait(
            what, lambda: self.recordings() if len(self.recordings()) >= count else None, 150
        )
        self.tell(f"{what}: {', '.join(each['file']['name'] for each in found)}")
        return found

    def under_way(self):
        answer = self.client.get("/api/v1/recordings?limit=100&state=recording") or {}
        for found in answer.get("recordings", []):
            return found
        return None

    def tapes(self):
        """(node, stream) → (begin, end, segments), read from the recorders' databases."""
        volume = subprocess.run(
            ["podman", "volume", "inspect", f"{PROJECT}_data", "--format", "{{.Mountpoint}}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        found = {}
        for node in ("recorder-1", "recorder-2"):
            # A recorder locks its database for as long as it runs, so a copy is read.
            with tempfile.TemporaryDirectory() as copy:
                for file in glob.glob(f"{volume}/{node}.sqlite*"):
                    shutil.copy(file, copy)
                rows = subprocess.run(
                    [
                        "sqlite3",
                        "-json",
                        f"{copy}/{node}.sqlite",
                        "SELECT stream, min(start_us) AS a, max(start_us) AS z, count(*) AS n "
                        "FROM segments GROUP BY stream",
                    ],
                    capture_output=True,
                    text=True,
                    check=True,
                )
            for row in json.loads(rows.stdout or "[]"):
                found[node, row["stream"]] = (row["a"], row["z"], row["n"])
        if not found:
            raise Failure("no recorder has a tape")
        return found

    def node_of(self, pid):
        """The name whose lock a process holds."""
        folder = f"/proc/{pid}/fd"
        try:
            files = [os.readlink(f"{folder}/{name}") for name in os.listdir(folder)]
        except OSError:
            return None
        for file in files:
            if file.endswith(".lock"):
                return os.path.basename(file).removesuffix(".lock")
        return None

    # Telling

    def tell(self, sentence):
        print(f"  {time.monotonic() - self.began:6.1f} s  {sentence}", flush=True)

    def wait(self, what, ask, limit=60):
        try:
            return programme.wait_for(ask, what, limit)
        except Failure:
            faults = [(each["heartbeat"]["node"], each["heartbeat"]["faults"]) for each in self.nodes()]
            raise Failure(f"not within {limit} s: {what}; the nodes say {faults}") from None


def main():
    home = tempfile.mkdtemp(prefix="airloom-trial-", dir="/tmp")
    os.chmod(home, 0o755)
    trial = Trial(home)
    try:
        trial.run()
        return 0
    except Failure as failure:
        print(f"scripts/compose-trial: {failure}", file=sys.stderr)
        return 1
    finally:
        trial.processes.end()
        if os.environ.get("AIRLOOM_TRIAL_KEEP") != "1":
            trial.compose("down", "--volumes", "--remove-orphans")
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
