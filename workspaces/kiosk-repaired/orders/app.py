import logging
import os
import uuid

import psycopg
import requests
from flask import Flask, request
from psycopg.rows import dict_row
from pybreaker import CircuitBreakerError

import outbox
import remote

DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://kiosk@127.0.0.1:7432/orders")
EVENT_SIZE = 10
COLUMNS = "id, event, seat, buyer, cents, status, changed::text AS changed"

app = Flask(__name__)
log = logging.getLogger("orders")


def connect():
    return psycopg.connect(DATABASE_URL, connect_timeout=2, row_factory=dict_row)


def change(order_id, before, status, *targets):
    """Sets an order's status if it is still what it was, with all that others are to be told. The order, or nothing."""
    with connect() as db:
        order = db.execute(
            f"""UPDATE orders SET status = %s, changed = clock_timestamp()
                WHERE id = %s AND status = %s RETURNING {COLUMNS}""",
            (status, order_id, before),
        ).fetchone()
        if order:
            outbox.put(db, order, *targets)
    outbox.wake()
    return order


def forget(order, *targets):
    """Leaves nothing of an order that came to nothing; what others did for it is taken back."""
    with connect() as db:
        db.execute("DELETE FROM orders WHERE id = %s AND status IN ('new', 'pending')", (order["id"],))
        outbox.put(db, order, *targets)
    # Whoever is refused may try again at once, and finds the seat free.
    outbox.now(connect)


@app.errorhandler(psycopg.Error)
def no_database(error):
    # Nobody knows what was committed.
    log.warning("database: %s", error)
    return {"error": "database"}, 500


@app.get("/health")
def health():
    return {"ok": True}


@app.post("/orders")
def create():
    wanted = request.get_json()
    key = request.headers.get("Idempotency-Key") or str(uuid.uuid4())
    with connect() as db:
        order = db.execute(
            f"""INSERT INTO orders (id, request, event, seat, buyer, cents, status) VALUES (%s, %s, %s, %s, %s, %s, 'new')
                ON CONFLICT (request) DO UPDATE SET changed = clock_timestamp() RETURNING {COLUMNS}""",
            (str(uuid.uuid4()), key, wanted["event"], wanted["seat"], wanted["buyer"], wanted["cents"]),
        ).fetchone()
    if order["status"] == "new":
        return advance(order)
    return {"id": order["id"], "status": order["status"]}, 202 if order["status"] == "pending" else 201


def advance(order):
    """Brings a new order as far as it gets. Each step may be taken twice."""
    try:
        held = remote.hold(order)
    except (requests.RequestException, CircuitBreakerError) as error:
        log.warning("hold of %s: %s", order["seat"], error)
        forget(order, "release")
        return {"error": "seats do not answer"}, 503
    if held.status_code != 201:
        forget(order)
        return {"error": "taken"}, 409

    try:
        charged = remote.charge(order)
    except (requests.RequestException, CircuitBreakerError) as error:
        # Nobody knows whether it was charged: the retrier finds out.
        log.warning("charge of %s: %s", order["id"], error)
        change(order["id"], "new", "pending", "charges-retry")
        return {"id": order["id"], "status": "pending"}, 202
    if charged.status_code != 201:
        forget(order, "release")
        return {"error": "declined"}, 402

    if not change(order["id"], "new", "paid", "mails", "board-paid") and not exists(order):
        forget(order, "refund", "release")
        return {"error": "given up meanwhile"}, 503
    return {"id": order["id"], "status": "paid"}, 201


def exists(order):
    with connect() as db:
        return db.execute("SELECT 1 FROM orders WHERE id = %s", (order["id"],)).fetchone()


@app.post("/orders/<order_id>/paid")
def paid(order_id):
    change(order_id, "pending", "paid", "mails", "board-paid")
    return {"status": "paid"}


@app.post("/orders/<order_id>/failed")
def failed(order_id):
    with connect() as db:
        order = db.execute(f"SELECT {COLUMNS} FROM orders WHERE id = %s AND status = 'pending'", (order_id,)).fetchone()
    if order:
        forget(order, "refund", "release")
    return {"status": "failed"}


@app.post("/cancellations")
def cancel():
    wanted = request.get_json()
    with connect() as db:
        order = db.execute(
            """SELECT id, status FROM orders WHERE event = %s AND seat = %s AND buyer = %s
               AND status IN ('paid', 'cancelled') ORDER BY changed DESC""",
            (wanted["event"], wanted["seat"], wanted["buyer"]),
        ).fetchone()
    if order is None:
        return {"error": "no such order"}, 404
    change(order["id"], "paid", "cancelled", "refund", "release", "board-cancelled")
    return {"id": order["id"], "status": "cancelled"}


@app.get("/quotes/<int:event>")
def quote(event):
    fee = remote.fee(event)
    if fee is None:
        return {"error": "no price at present"}, 502
    return {"event": event, "cents": 4000 + fee}


@app.get("/events/<int:event>/left")
def left(event):
    with connect() as db:
        sold = db.execute(
            "SELECT count(*) AS seats FROM orders WHERE event = %s AND status <> 'cancelled'", (event,)
        ).fetchone()
    return {"event": event, "left": EVENT_SIZE - sold["seats"], "of": EVENT_SIZE, "rough": True}


def sweep():
    """Orders that a crash left half way come to nothing: their buyers heard of no success."""
    with connect() as db:
        stuck = db.execute(
            f"SELECT {COLUMNS} FROM orders WHERE status = 'new' AND changed < now() - interval '4 seconds'"
        ).fetchall()
    for order in stuck:
        forget(order, "refund", "release")


def prepare():
    with open(os.path.join(os.path.dirname(__file__), "schema.sql")) as schema, connect() as db:
        db.execute(schema.read())


if __name__ == "__main__":
    prepare()
    outbox.start(connect, sweep)
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "7401")), threaded=True)
