#!/usr/bin/env python3
"""Says when cron expressions, weekly times and files without end start, so that the scheduler's own
reading can be compared with it.

Uses Python's zoneinfo and the package cronsim (Debian cron's rules); nothing of Airloom's. Weekly
times are looked up with zoneinfo alone, date by date; files without end second by second of the
clock's face. Where a
wildcard expression goes by elapsed time the answer is found by looking at the clock every minute,
since cronsim leaps over part of a change that is not a whole hour. Run by ZoneOracleTests; with
the argument `all` for every zone of the machine instead of the awkward ones.

Lines, fields between tabs:
  transition  zone  time,before,after  ...
  cron        zone  expression  first|both  after  time time ...
  weekly      zone  day@time,…  first|both  after  time time ...
  always      zone  seconds     first       after  time time ...
"""

import calendar
import hashlib
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from cronsim import CronSim

AWKWARD = """
  Africa/Cairo Africa/Casablanca Africa/El_Aaiun America/Caracas America/Havana America/New_York
  America/Nuuk America/Santiago America/Sao_Paulo America/Scoresbysund America/St_Johns
  Antarctica/Casey Antarctica/Troll Asia/Amman Asia/Beirut Asia/Gaza Asia/Kathmandu Asia/Pyongyang
  Asia/Tehran Asia/Ulaanbaatar Australia/Lord_Howe Europe/Berlin Europe/Dublin Europe/Istanbul
  Europe/London Europe/Volgograd Pacific/Apia Pacific/Chatham Pacific/Fakaofo Pacific/Norfolk UTC
""".split()
FIRST, LAST = (calendar.timegm((year, 1, 1, 0, 0, 0)) for year in (2000, 2038))


def all_zones():
    """Every zone, those with equal rules once."""
    folder = Path(TZPATH[0])
    seen = set()
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name.split("/")[0] in ("posix", "right") or "." in name:
            continue
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if content[:4] == b"TZif" and digest not in seen:
            seen.add(digest)
            yield name


def offset(zone, seconds):
    return int(datetime.fromtimestamp(seconds, zone).utcoffset().total_seconds())


def transitions(zone):
    before, step, found = offset(zone, FIRST), 6 * 3600, []
    for seconds in range(FIRST + step, LAST, step):
        after = offset(zone, seconds)
        if after != before:
            low, high = seconds - step, seconds
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append((high, before, after))
            before = after
    return found


def expressions(local):
    """Around the clock's face at a change: fixed times, lists, and wildcards."""
    hour, minute = local.hour, local.minute
    return [
        f"{minute} {hour} * * *",
        f"{(minute + 30) % 60} {hour} * * *",
        f"{minute},{(minute + 45) % 60} {hour},{(hour + 1) % 24} * * *",
        f"0,59 {(hour - 1) % 24}-{max(hour, (hour - 1) % 24)} {local.day} * *",
        f"*/15 {hour} * * *",
        f"*/20 * * * *",
        f"5 */2 * * *",
    ]


def looked_up(expression, zone, after, until):
    """Every whole minute at which the clock really shows a match."""
    minutes, hours = (field(text, size) for text, size in zip(expression.split(), (60, 24)))
    result = []
    for seconds in range((after // 60 + 1) * 60, until + 1, 60):
        local = datetime.fromtimestamp(seconds, zone)
        if local.second == 0 and local.minute in minutes and local.hour in hours:
            result.append(seconds)
    return result


def field(text, size):
    if text.startswith("*"):
        return set(range(0, size, int(text[2:] or 1)))
    return {int(text)}


def simulated(expression, zone, after, until, count=10_000):
    result = []
    for moment in CronSim(expression, datetime.fromtimestamp(after, zone)):
        seconds = int(moment.timestamp())
        if seconds > until or len(result) == count:
            break
        # After a change cronsim may name an instant again, or one that is not after the start.
        if seconds > after and (not result or seconds > result[-1]):
            result.append(seconds)
    return result


def twice(expression, zone, first, until):
    """What cronsim says, and the second showing of each of those times."""
    again = []
    for seconds in first:
        local = datetime.fromtimestamp(seconds, zone)
        again.append(int(local.replace(fold=1).timestamp()))
    return sorted({seconds for seconds in first + again if seconds <= until})


def around(name, zone, change):
    at, before, after = change
    start, until = at - 7200 - abs(after - before), at + 7200 + abs(after - before)
    local = datetime.fromtimestamp(min(at + before, at + after), timezone.utc)
    for expression in expressions(local):
        is_wildcard = any(part.startswith("*") for part in expression.split()[:2])
        if is_wildcard:
            times = looked_up(expression, zone, start, until)
        else:
            times = simulated(expression, zone, start, until)
        say(name, expression, "first", start, times)
        if not is_wildcard:
            say(name, expression, "both", start, twice(expression, zone, times, until))


def say(name, expression, doubled, after, times, kind="cron"):
    print(kind, name, expression, doubled, after, " ".join(map(str, times)), sep="\t")


def showings(zone, face):
    """The instants at which a clock of the zone shows a naive time, the earlier first."""
    found = set()
    for fold in (0, 1):
        moment = face.replace(tzinfo=zone, fold=fold)
        seconds = int(moment.timestamp())
        if datetime.fromtimestamp(seconds, zone).replace(tzinfo=None) == face:
            found.add(seconds)
    return sorted(found)


def weekly(slots, zone, change, after, until, doubled):
    """Every time of the week date by date: one that is skipped starts with the change, one that comes
    twice starts first or both."""
    found = set()
    first = datetime.fromtimestamp(after, zone).date() - timedelta(days=2)
    for number in range((until - after) // 86400 + 5):
        date = first + timedelta(days=number)
        for day, text in slots:
            if date.isoweekday() != day:
                continue
            hour, minute, second = map(int, text.split(":"))
            face = datetime(date.year, date.month, date.day, hour, minute, second)
            at = showings(zone, face)
            found.update(at if doubled == "both" else at[:1])
            if not at:
                found.add(change[0])
    return sorted(seconds for seconds in found if after < seconds <= until)


def always(length, change, after, until):
    """A file begins where the clock shows a multiple of its length, counted from 1970 on the clock, or
    has just leapt over one; what is shown again counts again where that lasts a file's length."""
    at, before, now = change
    found = []
    for seconds in range(after + 60 - after % 60, until + 1, 60):
        local = seconds + (before if seconds < at else now)
        begins = local % length == 0
        if seconds == at and now > before:
            begins = (local - 1) // length >= -(-(at + before) // length) or begins
        if seconds >= at and now < before and before - now < length and local < at + before:
            begins = False
        if begins:
            found.append(seconds)
    return found


def new_rules(name, zone, change, previous, following):
    at, before, after = change
    face = datetime.fromtimestamp(min(at + before, at + after), timezone.utc)
    days = [face.isoweekday(), (face + timedelta(days=1)).isoweekday()]
    times = {(face + timedelta(minutes=minutes)).strftime("%H:%M:%S") for minutes in (-45, 0, 30, 95)}
    slots = sorted((day, text) for day in days for text in times)
    start, until = at - 86400 - abs(after - before), at + 86400 + abs(after - before)
    if previous is not None and previous >= start - 200000:
        return
    if following is not None and following <= until + 200000:
        return
    written = ",".join(f"{day}@{text}" for day, text in slots)
    for doubled in ("first", "both"):
        found = weekly(slots, zone, change, start, until, doubled)
        say(name, written, doubled, start, found, "weekly")
    for length in (900, 1800, 3600, 7200, 10800):
        low, high = at - 12000 - abs(after - before), at + 12000 + abs(after - before)
        say(name, length, "first", low, always(length, change, low, high), "always")
    for length in (25200, 86400):
        say(name, length, "first", start, always(length, change, start, until), "always")


def random_field(generator, low, high, extra=()):
    def value():
        return generator.randint(low, high)

    def term():
        kind = generator.randrange(6 + len(extra))
        if kind >= 6:
            return extra[kind - 6](generator)
        if kind == 0:
            return f"*/{generator.randint(1, high)}"
        if kind in (1, 2):
            first = value()
            last = generator.randint(first, high)
            # cronsim takes the step of a range of one value for that of an open range.
            step = f"/{generator.randint(1, 9)}" if kind == 2 and first < last else ""
            return f"{first}-{last}{step}"
        return str(value())

    if generator.random() < 0.35:
        return "*"
    return ",".join(term() for _ in range(generator.choice((1, 1, 1, 2, 3))))


def random_expression(generator):
    days = (lambda _: "L", lambda _: "LW")
    weekdays = (
        lambda g: f"{g.randint(0, 7)}L",
        lambda g: f"{g.randint(0, 7)}#{g.randint(1, 5)}",
        lambda g: g.choice(("mon", "TUE", "Fri-Sat")),
    )
    fields = [
        random_field(generator, 0, 59),
        random_field(generator, 0, 23),
        random_field(generator, 1, 31, days),
        random_field(generator, 1, 12, (lambda g: g.choice(("jan", "FEB-APR", "Dec")),)),
        random_field(generator, 0, 7, weekdays),
    ]
    if generator.random() < 0.3:
        fields.insert(0, random_field(generator, 0, 59))
    return " ".join(fields)


def plain(count):
    """Random expressions in UTC, the next dozen instants of each."""
    generator = random.Random(20_261_121)
    while count > 0:
        expression = random_expression(generator)
        after = generator.randint(FIRST, LAST)
        try:
            times = simulated(expression, timezone.utc, after, 1 << 40, 12)
        except Exception as error:  # an impossible day, which cronsim refuses at once
            if "Bad" not in str(error):
                raise
            continue
        say("UTC", expression, "first", after, times)
        count -= 1


def main():
    is_all = sys.argv[1:] == ["all"]
    for name in all_zones() if is_all else AWKWARD:
        zone = ZoneInfo(name)
        changes = transitions(zone)
        print("transition", name, *(",".join(map(str, change)) for change in changes), sep="\t")
        for index, change in enumerate(changes):
            around(name, zone, change)
            previous = changes[index - 1][0] if index > 0 else None
            following = changes[index + 1][0] if index + 1 < len(changes) else None
            new_rules(name, zone, change, previous, following)
    plain(5000 if is_all else 500)


main()
