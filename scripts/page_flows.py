#!/usr/bin/env python3
"""Does in Chromium what a person does on the pages of a running Airloom, with a mouse and with keys.

    AIRLOOM_ADMIN_PASSWORD=… scripts/page_flows.py http://127.0.0.1:8666 FLOW…

For each flow one line of JSON: its name, what was seen on the page, and what the browser's console
complained of. Ends with 1 if a flow did not come to its end. The flows need a stream `radio`.
"""

import json
import os
import re
import sys
import tempfile
import time
import zlib

from pages import Visitor

KEYS = {"ArrowDown": 40, "ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, " ": 32, "Enter": 13, "Escape": 27, "[": 219, "]": 221}


class Person(Visitor):
    """A visitor with hands."""

    def arrive(self, width):
        super().arrive(width)
        # A toast is gone after some seconds, and a busy machine may look too late.
        self.browser.value(
            "window.told = []; new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach("
            " (one) => told.push(one.textContent)))).observe(document.getElementById('toasts'), { childList: true })")

    def wait(self, what, condition):
        for _ in self.patiently():
            found = self.browser.value(condition)
            if found:
                return found
        raise RuntimeError(f"not in time: {what}; still loading {self.loading()}")

    def place(self, selector, x=0.5, y=0.5):
        """Where on the screen a part of an element is, once it has been scrolled to and lies still with nothing over it."""
        self.wait(f"{selector} is there", f"document.querySelector({json.dumps(selector)}) !== null")
        return self.wait(
            f"{selector} lies free",
            f"(async () => {{ const one = document.querySelector({json.dumps(selector)}); one.scrollIntoView({{ block: 'center' }});"
            " const frame = () => new Promise(requestAnimationFrame); const before = one.getBoundingClientRect(); await frame(); await frame();"
            " const box = one.getBoundingClientRect(); const isStill = one.isConnected && box.x === before.x && box.y === before.y && box.width > 0;"
            f" const at = [box.left + box.width * {x}, box.top + box.height * {y}];"
            " return isStill && one.contains(document.elementFromPoint(...at)) ? at : null })()")

    def mouse(self, kind, at, **more):
        self.browser.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1, **more)

    def click(self, selector):
        at = self.place(selector)
        self.mouse("mousePressed", at)
        self.mouse("mouseReleased", at)

    def drag(self, first, last, modifiers=0):
        self.mouse("mousePressed", first, modifiers=modifiers)
        for step in range(1, 9):
            between = [one + (other - one) * step / 8 for one, other in zip(first, last)]
            self.mouse("mouseMoved", between, buttons=1, modifiers=modifiers)
        self.mouse("mouseReleased", last, modifiers=modifiers)

    def key(self, name, modifiers=0):
        text = {"text": name} if len(name) == 1 else {}
        code = {"windowsVirtualKeyCode": KEYS[name], "key": name, "modifiers": modifiers}
        self.browser.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self.browser.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def write(self, selector, text):
        self.click(selector)
        self.browser.value(f"document.querySelector({json.dumps(selector)}).select()")
        self.browser.call("Input.insertText", text=text)

    def choose(self, selector, value):
        self.browser.value(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.value = {json.dumps(value)};"
            " one.dispatchEvent(new Event('input', { bubbles: true })); one.dispatchEvent(new Event('change', { bubbles: true })) })()")

    def text(self, selector):
        return self.browser.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def told(self):
        """What the page says in passing."""
        return self.wait("the page says something", "told.shift() ?? ''")


def grid(person):
    """A weekly schedule: painted with the mouse and with keys, seen ahead, saved."""
    person.go("schedules")
    person.click("#add-schedule")
    person.write("dialog [data-field=name] input", "Evening news")
    cell = lambda day, row: f"#week-grid [data-day='{day}'][data-row='{row}']"
    # Monday to Friday from 20:00 to 21:30.
    first = person.place(cell(1, 40))
    last = person.browser.value(
        f"(() => {{ const box = document.querySelector({json.dumps(cell(5, 42))}).getBoundingClientRect();"
        " return [box.left + box.width / 2, box.top + box.height / 2] })()")
    person.drag(first, last)
    # Wednesday is taken away, Saturday at 18:30 put in by keys.
    person.click(cell(3, 40))
    for key in ["ArrowRight"] * 3 + ["ArrowUp"] * 3 + [" "]:
        person.key(key)
    slots = person.browser.value("[...document.querySelectorAll('.slots li')].map((one) => one.innerText.trim())")
    minutes = person.browser.value("document.querySelector('[data-field=durationSeconds] input').value")
    starts = person.wait("there are starts", "document.querySelectorAll('.starts li').length")
    preview = person.text(".starts li")
    person.click("dialog [type=submit]")
    return {"slots": slots, "minutes": minutes, "starts": starts, "preview": preview, "told": person.told()}


def cron(person):
    """A cron expression is read in words while it is typed, and a wrong one is objected to at once."""
    person.go("schedules")
    person.click("#add-schedule")
    person.choose("dialog [data-field=rule] select", "cron")
    person.write("[data-field='rule.expression'] input", "30 20 L * fri#2")
    words = person.text(".cron-words")
    person.write("[data-field='rule.expression'] input", "61 * * * *")
    problem = person.wait("the scheduler objects", "document.querySelector('.preview .remark.bad')?.textContent ?? ''")
    person.key("Escape")
    return {"words": words, "problem": problem}


def keep(person):
    """A span of the tape is selected with the mouse and kept as a recording; another is locked by keys."""
    person.go("timeline/radio")
    person.wait("the tape is there", "document.querySelector('.legend li') !== null")
    left, right = person.place("canvas.tape", 0.74, 0.4), person.place("canvas.tape", 0.82, 0.4)
    person.drag(left, right, modifiers=8)
    span = person.wait("a span is selected", "document.querySelector('.selection:not([hidden]) b')?.textContent ?? ''")
    person.click("#span-keep")
    person.write("dialog [data-field=title] input", "The goal")
    person.choose("dialog [data-field=format] select", "flac")
    person.click("dialog [type=submit]")
    kept = person.told()
    person.wait("the form is closed", "document.querySelector('dialog') === null")
    person.browser.value("document.querySelector('canvas.tape').focus()")
    person.key("Escape")
    person.wait("nothing is selected", "document.querySelector('.selection').hidden")
    person.mouse("mouseMoved", person.place("canvas.tape", 0.82, 0.4))
    person.key("]")
    person.wait("a span is selected", "!document.querySelector('.selection').hidden")
    person.click("#span-lock")
    person.write("dialog [data-field=reason] input", "the derby")
    person.click("dialog [type=submit]")
    return {"span": span, "kept": kept, "locked": person.told()}


def minutes(person):
    """Recording now, and the last minutes, from the stream's row."""
    person.go("streams")
    person.click("#stream-now-radio")
    person.write("dialog [data-field=minutes] input", "12")
    person.click("dialog [type=submit]")
    now = person.told()
    person.wait("the form is closed", "document.querySelector('dialog') === null")
    person.click("#stream-last-radio")
    person.click("dialog .quick button")
    person.click("dialog [type=submit]")
    return {"now": now, "last": person.told()}


def test(person):
    """A stream is tested before it is saved, with what the server said in words."""
    person.go("streams")
    person.click("#add-stream")
    person.write("dialog [data-field=name] input", "Another")
    person.write("dialog [data-field=urls] input", os.environ["AIRLOOM_TEST_URL"])
    person.click("#test-stream")
    found = person.wait("the test is over", "document.querySelector('.test-result.good, .test-result.bad')?.innerText ?? ''")
    return {"found": found}


def artwork(person):
    """A cover is uploaded, seen, and chosen."""
    person.go("schedules")
    person.click("#add-schedule")
    person.browser.value("[...document.querySelectorAll('dialog summary')].find((one) => one.textContent === 'Tags and artwork').click()")
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(picture())
        file.flush()
        document = person.browser.call("DOM.getDocument")["root"]["nodeId"]
        node = person.browser.call("DOM.querySelector", nodeId=document, selector="dialog input[type=file]")["nodeId"]
        person.browser.call("DOM.setFileInputFiles", nodeId=node, files=[file.name])
        shown = person.wait(
            "the cover is shown", "(() => { const one = document.querySelector('.artwork-now img'); return one?.complete && one.naturalWidth })()")
    chosen = person.browser.value("document.querySelector('.artwork :checked').value")
    return {"width": shown, "chosen": chosen}


def picture(size=300):
    """A PNG of one colour."""
    row = b"\0" + b"\x20\x70\xa0" * size
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    head = size.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * size)) + chunk(b"IEND", b"")


FLOWS = {one.__name__: one for one in [grid, cron, keep, minutes, test, artwork]}


def main():
    url, *names = sys.argv[1:]
    person = Person(url, os.environ["AIRLOOM_ADMIN_PASSWORD"], False)
    is_well = True
    try:
        for name in names:
            person.problems.clear()
            person.arrive(1280)
            try:
                found = FLOWS[name](person)
            except RuntimeError as error:
                found, is_well = {"failed": re.sub(r"\s+", " ", str(error))}, False
            print(json.dumps({"flow": name, "found": found, "problems": person.problems}), flush=True)
    finally:
        person.browser.close()
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
