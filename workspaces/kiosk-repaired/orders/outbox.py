"""The outbox: what a change means for others is written with the change, and told by a relay until it is taken."""

import json
import logging
import threading

import remote
from broker import publish

log = logging.getLogger("outbox")
woken = threading.Event()


def put(db, order, *targets):
    """Within the transaction of the change."""
    for target in targets:
        db.execute("INSERT INTO outbox (target, body) VALUES (%s, %s)", (target, json.dumps(order)))


def wake():
    woken.set()


def tell(target, order):
    """Whatever is told may be told twice: each receiver knows the order."""
    if target == "refund":
        remote.refund(order)
    elif target == "release":
        remote.release(order)
    else:
        publish(target, order)


def relay(db):
    rows = db.execute("SELECT id, target, body FROM outbox WHERE due <= now() ORDER BY id LIMIT 100").fetchall()
    db.commit()
    for row in rows:
        try:
            tell(row["target"], row["body"])
        except Exception as error:
            log.warning("%s: %s", row["target"], error)
            db.execute(
                "UPDATE outbox SET due = now() + pause, pause = least(pause * 2, interval '5 seconds') WHERE id = %s",
                (row["id"],),
            )
        else:
            db.execute("DELETE FROM outbox WHERE id = %s", (row["id"],))
        db.commit()


def now(connect):
    """Before the caller goes on, if it can be; the relay sees to the rest."""
    try:
        with connect() as db:
            relay(db)
    except Exception as error:
        log.warning("at once: %s", error)


def run(connect, sweep):
    while True:
        told = woken.wait(timeout=0.5)
        woken.clear()
        try:
            if not told:
                sweep()
            with connect() as db:
                relay(db)
        except Exception as error:
            log.warning("relay: %s", error)


def start(connect, sweep):
    threading.Thread(target=run, args=(connect, sweep), daemon=True).start()
