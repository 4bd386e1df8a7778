"""The REST interface, as a page uses it."""

import http.client
import json
import time

from processes import Failure


class Client:
    def __init__(self, port, host="127.0.0.1"):
        self.host = host
        self.port = port
        self.cookie = None

    def log_in(self, password, processes, limit=60):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            processes.check()
            try:
                status, _, headers = self.send(
                    "POST", "/api/v1/session", {"name": "admin", "password": password}
                )
            except OSError:
                status = None
            if status == 200:
                self.cookie = headers["Set-Cookie"].split(";")[0]
                return
            if status in (401, 403):
                raise Failure(f"another gateway answers on port {self.port}: choose one with --port")
            time.sleep(0.2)
        raise Failure(f"the gateway takes no login after {limit} s")

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = self.cookie
        if method != "GET":
            headers["Origin"] = f"http://{self.host}:{self.port}"
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def get(self, path):
        """JSON; None where there is nothing, or for the moment nobody."""
        try:
            status, body, _ = self.send("GET", path)
        except OSError:
            return None
        return json.loads(body) if status == 200 else None

    def change(self, method, path, body=None):
        """A command that must be done or noted; a gateway that is away for a moment is waited for."""
        told = "nobody answers"
        for _ in range(50):
            try:
                status, answer, _ = self.send(method, path, body or {})
            except OSError:
                time.sleep(0.2)
                continue
            told = f"{status} {answer.decode(errors='replace')}"
            if 200 <= status < 300:
                return
            if status == 409 and method == "POST":
                return
            if status < 500:
                raise Failure(f"{method} {path}: {told}")
            time.sleep(0.2)
        raise Failure(f"{method} {path}: {told}")

    def fetch(self, path, limit=2_000_000):
        """The bytes behind an address; None where there are none."""
        try:
            status, body, _ = self.send("GET", path, headers={"Range": f"bytes=0-{limit}"})
        except OSError:
            return None
        return body if status in (200, 206) else None
