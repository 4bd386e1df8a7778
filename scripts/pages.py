#!/usr/bin/env python3
"""Opens every page of a running Airloom in Chromium, as a person would, and says what is wrong.

    AIRLOOM_ADMIN_PASSWORD=… scripts/pages.py http://127.0.0.1:8666 [--out FOLDER] [--widths 360,1440]
        [--pages streams,timeline] [--forms edit-radio-one] [--dark]

For each page and width one line of JSON: its heading, what the browser's console complained of, and how
many pixels it is wider than the window. With --out also a picture of each. Ends with 1 if anything is
wrong. Needs chromium; nothing but Python's own library.
"""

import argparse
import base64
import fcntl
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PAGES = ["", "streams", "timeline", "schedules", "week", "recordings", "podcasts", "conversions", "deliveries",
         "destinations", "alerts", "system"]
# Buttons that open a form; each is pressed, looked at and closed.
FORMS = ["add-stream", "add-schedule", "add-feed", "import-feeds", "add-place", "account-password",
         "account-tokens", "add-holidays", "more"]


class Chromium:
    """A headless browser that is spoken to over a pipe in its DevTools protocol."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="airloom-pages-", ignore_cleanup_errors=True)
        child_in, self.requests = os.pipe()
        self.answers, child_out = os.pipe()
        # Out of the way of 3 and 4, where Chromium wants them.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (child_in, child_out)]
        os.close(child_in)
        os.close(child_out)

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}",
             "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
             "--autoplay-policy=no-user-gesture-required", *sandbox, "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in ends:
            os.close(end)
        self.number = 0
        self.waiting = {}
        self.listener = lambda method, params: None
        threading.Thread(target=self.read, daemon=True).start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def read(self):
        rest = b""
        while piece := os.read(self.answers, 1 << 16):
            *messages, rest = (rest + piece).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.waiting.pop(message["id"]).put(message)
                else:
                    self.listener(message["method"], message.get("params", {}))

    def call(self, method, **params):
        self.number += 1
        answer = self.waiting[self.number] = queue.Queue()
        message = {"id": self.number, "method": method, "params": params}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.requests, json.dumps(message).encode() + b"\0")
        found = answer.get(timeout=120)
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']['message']}")
        return found["result"]

    def value(self, script):
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", script))
        return found["result"].get("value")

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(20)
        except Exception:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()


class Visitor:
    def __init__(self, url, password, is_dark):
        self.url = url.rstrip("/")
        self.problems = []
        # What is being loaded: the request's id, the document that wants it and its address.
        self.open = {}
        self.document = None
        self.last = time.monotonic()
        self.browser = Chromium()
        self.browser.listener = self.hear
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.browser.call(f"{domain}.enable")
        if is_dark:
            self.browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        name, value = self.log_in(password)
        self.browser.call("Network.setCookie", name=name, value=value, url=self.url, httpOnly=True)

    def log_in(self, password):
        body = json.dumps({"name": "admin", "password": password}).encode()
        request = urllib.request.Request(
            f"{self.url}/api/v1/session", body, {"Content-Type": "application/json", "Origin": self.url})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["Set-Cookie"].split(";")[0].split("=", 1)

    def hear(self, method, params):
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(item.get("value", item)) for item in params["args"]))
        elif method == "Network.requestWillBeSent" and params.get("type") not in ("EventSource", "Media"):
            self.open[params["requestId"]] = (params["loaderId"], params["request"]["url"])
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self.open.pop(params["requestId"], None)
            self.last = time.monotonic()

    def arrive(self, width):
        """A fresh page in a window of that width."""
        height = 844 if width < 800 else 900
        self.browser.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 800)
        self.document = self.browser.call("Page.navigate", url=f"{self.url}/?{time.monotonic_ns()}")["loaderId"]
        self.settle("the page is live", "document.querySelector('.link.on')")

    def go(self, page):
        """To another page, until there is nothing in it that is still to come."""
        # The listener of the page itself was there before, so that it has drawn when this one is called.
        self.browser.value(
            f"new Promise((done) => {{ const hash = {json.dumps('#/' + page)}; if (location.hash === hash) done();"
            " addEventListener('hashchange', () => done(), { once: true }); location.hash = hash })")
        self.settle(f"{page or 'the overview'} is drawn", "document.querySelector('#main h1') && !document.querySelector('.loading')"
                    " && !document.querySelector('#main').textContent.includes('One moment…')")

    def visit(self, page, width, forms):
        self.go(page)
        found = {"page": page, "width": width, "heading": self.browser.value("document.querySelector('#main h1').textContent"),
                 "wider": self.browser.value("document.documentElement.scrollWidth - innerWidth")}
        found["forms"] = [self.look_at(form) for form in forms if self.is_there(form)]
        found["wider"] = max([found["wider"]] + [form["wider"] for form in found["forms"]])
        found["problems"] = list(self.problems)
        self.problems.clear()
        return found

    def is_there(self, form):
        return self.browser.value(f"(document.getElementById('{form}')?.getClientRects().length ?? 0) > 0")

    def look_at(self, form):
        """A dialog that opens, fits and closes."""
        self.browser.value(f"document.getElementById('{form}').click()")
        self.settle(f"{form} opens", "document.querySelector('dialog[open]')")
        found = self.browser.value(
            "(() => { const box = document.querySelector('dialog[open]');"
            f" return {{ id: '{form}', heading: box.querySelector('h2').textContent,"
            " wider: Math.round(Math.max(box.scrollWidth - box.clientWidth, box.getBoundingClientRect().right - innerWidth)) } })()")
        self.browser.value("document.querySelector('dialog[open]').close()")
        return found

    def loading(self):
        """What the document that is shown still waits for. A document that was left never says that its requests are over."""
        return [url for document, url in list(self.open.values()) if document == self.document]

    def settle(self, what, condition):
        """Until the condition holds and nothing has been loaded for a moment."""
        for _ in self.patiently():
            is_quiet = not self.loading() and time.monotonic() - self.last > 0.3
            if is_quiet and self.browser.value(f"Boolean({condition})"):
                return
        raise RuntimeError(f"not in time: {what}; still loading {self.loading()}; {self.problems}")

    def patiently(self, patience=60, most=180):
        """Again and again while answers come, however slowly: a busy machine is no fault of a page."""
        begun = time.monotonic()
        while time.monotonic() < min(max(begun, self.last) + patience, begun + most):
            yield
            time.sleep(0.05)

    def picture(self, path):
        size = self.browser.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 2600), "scale": 1}
        data = self.browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--out")
    parser.add_argument("--widths", default="360,1440")
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--forms", default="", help="ids of further buttons that open a dialog")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    forms = FORMS + [form for form in options.forms.split(",") if form]
    visitor = Visitor(options.url, os.environ["AIRLOOM_ADMIN_PASSWORD"], options.dark)
    is_well = True
    try:
        for width in map(int, options.widths.split(",")):
            visitor.arrive(width)
            seen = set()
            for page in options.pages.split(","):
                found = visitor.visit(page, width, [form for form in forms if form not in seen])
                seen.update(form["id"] for form in found["forms"])
                print(json.dumps(found), flush=True)
                is_well = is_well and not found["problems"] and found["wider"] <= 0
                if options.out:
                    os.makedirs(options.out, exist_ok=True)
                    visitor.picture(f"{options.out}/{page.replace('/', '-') or 'overview'}-{width}.png")
    finally:
        visitor.browser.close()
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
