"""How late APScheduler calls its jobs.

Reads one job a line from the file named first: `later <microseconds since 1970>`,
`cron <minute> <hour> <day of the week>` or `now <microseconds since 1970>`. Loads them all into a
BackgroundScheduler as it comes (memory, ten threads), says `ready`, and at the instant named second
prints for each `now` job how many microseconds after its instant its function was called.
"""

import sys
import time
from datetime import datetime, timezone

from apscheduler.schedulers.background import BackgroundScheduler

calls = []


def later():
    pass


def now(scheduled):
    calls.append((scheduled, time.time_ns() // 1000))


def instant(microseconds):
    return datetime.fromtimestamp(int(microseconds) / 1e6, timezone.utc)


def main():
    # A late job is called all the same, so that it is counted.
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
    with open(sys.argv[1], encoding="ascii") as jobs:
        for line in jobs:
            kind, *fields = line.split()
            if kind == "cron":
                minute, hour, day = fields
                scheduler.add_job(later, "cron", minute=minute, hour=hour, day_of_week=day)
            elif kind == "later":
                scheduler.add_job(later, "date", run_date=instant(fields[0]))
            else:
                scheduler.add_job(now, "date", run_date=instant(fields[0]), args=[int(fields[0])])
    scheduler.start()
    print("ready")
    time.sleep(max(0, int(sys.argv[2]) / 1e6 - time.time()))
    for scheduled, called in calls:
        print(called - scheduled)


main()
