"""A headless Chromium that says what a page did: requests and errors. Driven by its own protocol over two pipes."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab.

    Attributes
    ----------
    requests
        Addresses that it asked for, beside files and data inside the page.
    errors
        Console errors, uncaught exceptions and the browser's own complaints.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer, self._number, self._session = b"", 0, None
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._contexts: dict[str, int] = {}
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._send(f"{domain}.enable")
        self._send("Emulation.setDeviceMetricsOverride", width=1600, height=1000, deviceScaleFactor=1, mobile=False)

    def open(self, path: Path) -> None:
        """Load a file."""
        self._send("Page.navigate", url=path.resolve().as_uri())

    def run(self, script: str, context: int | None = None) -> Any:
        """Return the value of JavaScript, in the page or in the frame of a context; promises are awaited."""
        place = {} if context is None else {"contextId": context}
        done = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, **place)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait_for(self, text: str) -> str:
        """Wait until page and frames show a text; return all they show."""
        end = time.monotonic() + PATIENCE
        while text not in (shown := self.text()):
            assert time.monotonic() < end, f"{text!r} did not appear in:\n{shown}"
            time.sleep(0.1)
        return shown

    def wait_until(self, script: str) -> None:
        """Wait until JavaScript gives true."""
        end = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.1)

    def text(self) -> str:
        """Return what page and frames show."""
        tree = self._send("Page.getFrameTree")["frameTree"]
        frames = [tree["frame"], *(child["frame"] for child in tree.get("childFrames", []))]
        contexts = [self._contexts[frame["id"]] for frame in frames if frame["id"] in self._contexts]
        return "\n".join(self.run("document.body ? document.body.innerText : ''", context) for context in contexts)

    def click(self, text: str) -> None:
        """Click the link or button whose text is this."""
        wanted = json.dumps(text)
        found = f"[...document.querySelectorAll('a, button')].find(node => node.innerText.trim() === {wanted})"
        self.wait_for(text)
        assert self.run(f"(node => {{ if (node) node.click(); return !!node }})({found})"), f"no link {text!r}"

    def picture(self, path: Path) -> None:
        """Write what is seen as PNG."""
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot", format="png")["data"]))

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self._note(answer.get("method"), answer.get("params", {}))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            block = os.read(self._answers, 1 << 20)
            assert block, "Chromium ended"
            self._buffer += block
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def _note(self, event: str | None, found: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            url = found["request"]["url"]
            if url.split(":")[0] not in ("file", "data", "blob", "about"):
                self.requests.append(url)
        elif event == "Runtime.exceptionThrown":
            self.errors.append(str(found["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and found["type"] in ("error", "assert"):
            self.errors.append(str(found["args"]))
        elif event == "Log.entryAdded" and found["entry"]["level"] == "error":
            self.errors.append(found["entry"]["text"])
        elif event == "Runtime.executionContextCreated":
            context = found["context"]
            if context["auxData"].get("isDefault"):
                self._contexts[context["auxData"]["frameId"]] = context["id"]
        elif event == "Runtime.executionContextsCleared":
            self._contexts.clear()


@contextmanager
def browse(folder: Path) -> Iterator[Page]:
    """Give a page of a new Chromium, with its profile in `folder`; end it afterwards."""
    program = find_chromium()
    assert program is not None
    command_out, command_in = os.pipe()
    answer_out, answer_in = os.pipe()
    # The protocol's pipes are file descriptors 3 and 4; as root Chromium needs --no-sandbox.
    options = f"--headless --no-sandbox --disable-gpu --no-first-run --user-data-dir='{folder}' --remote-debugging-pipe"
    shell = f"exec '{program}' {options} 3<&{command_out} 4>&{answer_in}"
    with open(folder / "chromium.log", "wb") as log:
        process = subprocess.Popen(["bash", "-c", shell], pass_fds=(command_out, answer_in), stdout=log, stderr=log)
    os.close(command_out)
    os.close(answer_in)
    try:
        yield Page(command_in, answer_out)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        os.close(command_in)
        os.close(answer_out)
