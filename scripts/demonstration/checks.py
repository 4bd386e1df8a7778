"""Waits until each page is filled by the real thing, and says how long each took."""

import os
import time
from urllib.parse import quote, urljoin


def run(client, studio, began, limit, ended):
    """0 when everything came within `limit` seconds of the start, 1 otherwise."""
    waiting = dict(all_checks(client, studio))
    width = max(len(name) for name in waiting)
    while waiting and not ended.is_set():
        studio.processes.check()
        for name, check in list(waiting.items()):
            told = check()
            if told:
                del waiting[name]
                seconds = time.monotonic() - began
                print(f"  {seconds:5.1f} s  {name:{width}}  {told}", flush=True)
        if time.monotonic() - began > limit:
            break
        ended.wait(0.5)
    for name in waiting:
        print(f"   never   {name:{width}}  not within {limit:.0f} s")
    if waiting:
        for node in nodes(client):
            for fault in node["heartbeat"]["faults"]:
                print(f"           {node['heartbeat']['node']}: {fault}")
    return 1 if waiting else 0


def all_checks(client, studio):
    for stream in ("radio", "tv"):
        yield f"{stream} on the air", lambda stream=stream: on_the_air(client, stream)
        yield f"{stream} recorded", lambda stream=stream: recorded(client, stream)
        yield f"{stream} live over HLS", lambda stream=stream: playable(
            client, f"/live/{stream}/stream.m3u8"
        )
    yield "what was, over HLS", lambda: past(client)
    yield "drop converted", lambda: converted(client, studio)
    yield "broken drop set aside", lambda: set_aside(client)
    yield "three episodes archived", lambda: archived(client)
    for origin in ("recording", "conversion", "episode"):
        yield f"{origin} delivered by SSH", lambda origin=origin: delivered(
            client, origin, "ssh", studio.remote
        )
        yield f"{origin} delivered to S3", lambda origin=origin: delivered(
            client, origin, "s3", f"{studio.buckets}/archive"
        )
    yield "alert mailed", lambda: mailed(studio)
    yield "all services well", lambda: all_well(client)


def on_the_air(client, stream):
    status = (client.get(f"/api/v1/streams/{stream}") or {}).get("status") or {}
    if status.get("state") == "capturing":
        return f"{status.get('codec', '')} {status.get('title', '')}".strip()
    return None


def recordings(client, stream):
    answer = client.get("/api/v1/recordings?limit=100&state=committed") or {}
    return [found for found in answer.get("recordings", []) if found["stream"] == stream]


def recorded(client, stream):
    """The newest that is there, and the page's player can read it."""
    for recording in recordings(client, stream):
        body = client.fetch(f"/api/v1/recordings/{recording['id']}/file")
        if body:
            file = recording["file"]
            return f"{file['name']}, {file['bytes']:,} bytes"
    return None


def playable(client, path):
    """A playlist whose last segment is there."""
    text = (client.fetch(path) or b"").decode(errors="replace")
    segments = [line for line in text.splitlines() if line and not line.startswith("#")]
    if not segments:
        return None
    body = client.fetch(urljoin(path, segments[-1]))
    return f"{len(segments)} segments, the last of {len(body):,} bytes" if body else None


def past(client):
    for recording in recordings(client, "radio"):
        start = recording["start"].replace("-", "").replace(":", "")[:15] + "Z"
        return playable(client, f"/live/radio/start/{start}/20/vod.m3u8")
    return None


def converted(client, studio):
    for found in conversions(client):
        if found["state"] == "converted" and found["name"] == studio.drop_name:
            if client.fetch(f"/api/v1/conversions/{quote(found['id'], safe='')}/media"):
                return f"{found.get('source')} to {found['file']['name']}"
    return None


def set_aside(client):
    failed = [found for found in conversions(client) if found["state"] == "failed"]
    return failed[0].get("reason") if failed else None


def conversions(client):
    return (client.get("/api/v1/conversions?limit=100") or {}).get("conversions", [])


def archived(client):
    answer = client.get("/api/v1/feeds/between/episodes") or {}
    done = [found for found in answer.get("episodes", []) if found["state"] == "archived"]
    if len(done) < 3:
        return None
    media = [client.fetch(f"/api/v1/episodes/{quote(found['id'], safe='')}/media") for found in done]
    return ", ".join(found["title"] for found in done) if all(media) else None


def delivered(client, origin, destination, folder):
    """Done by Airloom's account, and there by the destination's."""
    answer = client.get("/api/v1/deliveries?limit=500") or {}
    names = {name for _, _, files in os.walk(folder) for name in files}
    for found in answer.get("deliveries", []):
        if (found["destination"], found["state"]) != (destination, "delivered"):
            continue
        if found.get("origin", "recording") == origin:
            if os.path.basename(found.get("remotePath", found["fileName"])) in names:
                return found.get("remotePath", found["fileName"])
    return None


def mailed(studio):
    folder = f"{studio.mail}/new"
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.lower().startswith("subject:"):
                    return line.split(":", 1)[1].strip()
    return None


def nodes(client):
    return (client.get("/api/v1/nodes") or {}).get("nodes", [])


def all_well(client):
    well = [node for node in nodes(client) if node["isAlive"] and not node["heartbeat"]["faults"]]
    return ", ".join(node["heartbeat"]["node"] for node in well) if len(well) == 6 else None
