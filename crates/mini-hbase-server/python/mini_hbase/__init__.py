"""An embedded HBase for tests, behind the protocol of HBase's Thrift 1 gateway.

    from mini_hbase import MiniHBase

    with MiniHBase(seed='{"table": "t", "families": ["f"]}') as server:
        connection = happybase.Connection(server.host, server.port)

Tests with pytest get one from the fixtures `mini_hbase` and `hbase`.
"""

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import urllib.error
import urllib.request

__all__ = ["ControlError", "MiniHBase", "program"]


class ControlError(Exception):
    """A control call that the server refused, in its words."""


def program():
    """Return the path of the program `mini-hbase` that came with this package."""
    name = "mini-hbase" + (sysconfig.get_config_var("EXE") or "")
    beside = os.path.join(sysconfig.get_path("scripts"), name)
    found = beside if os.path.exists(beside) else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is neither in {os.path.dirname(beside)} nor on the PATH")
    return found


class MiniHBase:
    """A server in a process of its own, on a free port of the loopback interface.

    `seed` is what it begins with, as lines of JSON. `arguments` are more arguments of the program,
    `["--store", folder]` for example. It ends with `stop()`, or at the end of a `with` block.
    """

    def __init__(self, seed=None, arguments=()):
        command = [program(), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", *arguments]
        seeds = None
        if seed is not None:
            seeds = tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False, encoding="utf-8")
            seeds.write(seed)
            seeds.close()
            command += ["--seed", seeds.name]
        try:
            self._errors = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=self._errors, text=True
            )
            # Empty when it ended instead of serving.
            self.url = self._process.stdout.readline().strip()
            self._control = self._process.stdout.readline().strip()
        finally:
            if seeds is not None:
                os.unlink(seeds.name)
        if not self._control:
            self._process.wait()
            self._errors.seek(0)
            raise RuntimeError(self._errors.read().decode("utf-8", "replace").strip())
        address = self.url.split("://")[1].split("?")[0].rstrip("/")
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)

    def control(self, method, path, body=None):
        """Make a control call and return its JSON; `body` is text, or what becomes JSON."""
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        request = urllib.request.Request(
            self._control.rstrip("/") + path,
            data=None if body is None else body.encode("utf-8"),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        # No proxy: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise ControlError(error.read().decode("utf-8", "replace").strip()) from None

    def fault(self, fault, method=None, **when):
        """Make calls go wrong: `fault("drop_before", "getRow", nth=2)`."""
        call = {"fault": fault, **when}
        if method is not None:
            call["method"] = method
        self.control("POST", "/faults", call)

    def clear_faults(self):
        """Take back all faults."""
        self.control("DELETE", "/faults")

    def expire_scanners(self):
        """Forget all scanners, as if their leases had ended."""
        self.control("POST", "/scanners/expire", "")

    def advance_clock(self, milliseconds):
        """Move the server's clock forward."""
        self.control("POST", "/clock", {"advance_ms": milliseconds})

    def seed(self, lines):
        """Create tables and put rows, as lines of JSON."""
        self.control("POST", "/seed", lines)

    def reset(self):
        """Make everything as it was at the start."""
        self.control("POST", "/reset", "")

    def stop(self):
        """End the server."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
