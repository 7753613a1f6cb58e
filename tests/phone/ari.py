"""Just enough of ARI for this folder's scripts: requests and the event WebSocket. Standard library only."""

import base64
import json
import os
import queue
import socket
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


class Ari:
    """One Asterisk, named by the NAME=value file that asterisk-start wrote."""

    def __init__(self, env_file):
        with open(env_file, encoding="utf-8") as lines:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in lines)
        self.url = urllib.parse.urlsplit(self.env["ASTERISK_ARI_URL"])
        key = f"{self.env['ASTERISK_ARI_USER']}:{self.env['ASTERISK_ARI_PASSWORD']}"
        self.authorization = "Basic " + base64.b64encode(key.encode()).decode()
        self.app = self.env["ASTERISK_APP"]
        self.requests = []

    def call(self, method, path, body=None, **query):
        """Sends one request; gives (status, answer) and remembers both."""
        url = f"{self.env['ASTERISK_ARI_URL']}/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(url, method=method, headers={"Authorization": self.authorization})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=5) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as refused:
            status, text = refused.code, refused.read()
        answer = json.loads(text) if text else None
        self.requests.append(
            {"method": method, "path": path, "query": query, "body": body, "status": status, "answer": answer}
        )
        return status, answer


class WebSocket:
    """A client connection (RFC 6455) to Asterisk's HTTP server; small frames, no fragments."""

    def __init__(self, ari, path, protocol=None):
        self.socket = socket.create_connection((ari.url.hostname, ari.url.port), timeout=5)
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {ari.url.netloc}\r\nAuthorization: {ari.authorization}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: 13\r\n{wanted}\r\n".encode()
        )
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline()
        if b" 101 " not in status:
            raise OSError(f"no WebSocket: {status!r}")
        while self.stream.readline() not in (b"\r\n", b""):
            pass

    def frames(self):
        """Yields (opcode, payload) until the end; answers pings itself."""
        while len(head := self.stream.read(2)) == 2:
            opcode, length = head[0] & 15, head[1] & 127
            if length == 126:
                (length,) = struct.unpack("!H", self.stream.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.stream.read(8))
            payload = self.stream.read(length)
            if opcode == 9:
                self.send(10, payload)
            else:
                yield opcode, payload

    def send(self, opcode, payload):
        """Sends one whole frame; masked, as clients must."""
        size = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
        mask = os.urandom(4)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + body)

    def close(self):
        """Says goodbye and closes."""
        self.send(8, struct.pack("!H", 1000))
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Events:
    """The event WebSocket of one app."""

    def __init__(self, ari):
        self.seen = []
        self.waiting = queue.Queue()
        self.connection = WebSocket(ari, f"{ari.url.path}/events?app={ari.app}")
        self.connection.socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for opcode, payload in self.connection.frames():
                if opcode == 1:
                    event = json.loads(payload)
                    self.seen.append(event)
                    self.waiting.put(event)
        except (OSError, ValueError):
            pass  # closed, by us

    def wait(self, kind, channel=None, seconds=15):
        """The next event of this kind (of this channel); everything before it counts as seen."""
        until = time.monotonic() + seconds
        while True:
            try:
                event = self.waiting.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                kinds = [event["type"] for event in self.seen]
                raise TimeoutError(f"no {kind} of {channel} within {seconds} s; seen: {kinds}") from None
            about = event.get("channel") or event.get("peer") or {}
            if event["type"] == kind and channel in (None, about.get("id")):
                return event

    def close(self):
        """Unsubscribes: the app is gone when nobody else listens."""
        self.connection.close()
