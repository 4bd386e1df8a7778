"""Does nothing, for ever: with the word `apscheduler`, beside a running scheduler without jobs."""

import sys
import time

if sys.argv[1:] == ["apscheduler"]:
    from apscheduler.schedulers.background import BackgroundScheduler

    BackgroundScheduler(timezone="UTC").start()

while True:
    time.sleep(3600)
