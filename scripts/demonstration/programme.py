"""What a person would set up: settings, stations, destinations, schedules and a podcast."""

import time

from processes import Failure


def settings(port, studio):
    """`airloom.toml`; impatient, so that two minutes are enough to see everything."""
    return f"""[web]
port = {port}
[converter]
folders = ["{studio.drops}"]
still_s = 3
destinations = ["ssh", "s3"]
[feeder]
# The podcast is on this machine.
allow_private_addresses = true
[alerts]
smtp = "smtp://127.0.0.1:{studio.smtp}"
starttls = "off"
from = "airloom@example.org"
to = ["newsroom@example.org"]
interval_s = 5
hold_off_s = 5
"""


def configure(client, studio):
    stations = {
        "radio": ("Radio Demo", f"http://127.0.0.1:{studio.icecast}/radio"),
        "night": ("Night Programme", f"http://127.0.0.1:{studio.icecast}/night"),
        "tv": ("Test Card TV", f"http://127.0.0.1:{studio.web}/tv/tv.m3u8"),
    }
    for id, (name, url) in stations.items():
        client.change("POST", "/api/v1/streams", {"id": id, "name": name, "urls": [url]})
    add_ssh_destination(client, studio)
    add_bucket(client, studio)
    # The first begins in 15 s, and then one each minute.
    add_schedule(client, "minute", "On the Minute", "radio", 15)
    add_schedule(client, "card", "The Test Card", "tv", 20)
    add_schedule(client, "night", "Night Music", "night", 40)
    client.change(
        "POST",
        "/api/v1/feeds",
        {
            "id": "between",
            "name": "Between stations",
            "url": f"http://127.0.0.1:{studio.web}/podcast/feed.xml",
            "destinations": ["ssh", "s3"],
        },
    )


def add_schedule(client, id, name, stream, delay, destinations=("ssh", "s3"), seconds=20):
    second = int(time.time() + delay) % 60
    client.change(
        "POST",
        "/api/v1/schedules",
        {
            "id": id,
            "name": name,
            "stream": stream,
            "rule": {"kind": "cron", "expression": f"{second} * * * * *", "zone": "UTC"},
            "durationSeconds": seconds,
            "tags": {"artist": "Airloom", "album": "The demonstration"},
            "destinations": list(destinations),
        },
    )


def add_ssh_destination(client, studio):
    """As on the page: the server must know Airloom's key, and a person confirms the server's."""
    key = wait_for(lambda: (client.get("/api/v1/destinations") or {}).get("publicKey"), "a key")
    fingerprint = studio.start_ssh_server(key)
    destination = {
        "id": "ssh",
        "name": "Archive (SSH)",
        "host": "127.0.0.1",
        "port": studio.ssh,
        "user": ssh_user(),
        "folder": studio.remote,
    }
    client.change("POST", "/api/v1/destinations", destination)
    # Fails, because nobody has confirmed the server's key yet, and so shows it.
    client.send("POST", "/api/v1/destinations/ssh/test", {})
    found = wait_for(
        lambda: (client.get("/api/v1/destinations/ssh") or {}).get("foundHostKey"), "a host key"
    )
    if found != fingerprint:
        raise Failure(f"the SSH server showed {found}, but its key is {fingerprint}")
    client.change("PUT", "/api/v1/destinations/ssh", destination | {"hostKey": found})


def add_bucket(client, studio):
    client.change(
        "POST",
        "/api/v1/destinations",
        {
            "id": "s3",
            "kind": "s3",
            "name": "Bucket (S3)",
            "host": "127.0.0.1",
            "port": studio.s3,
            "user": "DEMO",
            "secret": studio.s3_secret,
            "folder": "airloom",
            "bucket": {
                "name": "archive",
                "region": "us-east-1",
                "isTLS": False,
                "usesPathStyle": True,
            },
        },
    )


def ssh_user():
    import os
    import pwd

    from processes import ORDINARY_USER

    return pwd.getpwuid(ORDINARY_USER if os.geteuid() == 0 else os.geteuid()).pw_name


def wait_for(ask, what, limit=60):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.2)
    raise Failure(f"there is no {what} after {limit} s")
