import logging
import os
import uuid

import psycopg
import requests
from flask import Flask, request
from pybreaker import CircuitBreakerError

import remote
from broker import publish

DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://kiosk@127.0.0.1:7432/orders")
EVENT_SIZE = 10

app = Flask(__name__)
log = logging.getLogger("orders")


def connect():
    return psycopg.connect(DATABASE_URL, connect_timeout=2)


def set_status(order_id, status):
    with connect() as db:
        db.execute("UPDATE orders SET status = %s WHERE id = %s", (status, order_id))


def forget(order_id):
    with connect() as db:
        db.execute("DELETE FROM orders WHERE id = %s", (order_id,))


@app.get("/health")
def health():
    return {"ok": True}


@app.post("/orders")
def create():
    order = {"id": str(uuid.uuid4()), **request.get_json()}
    with connect() as db:
        db.execute(
            "INSERT INTO orders (id, event, seat, buyer, cents, status) VALUES (%s, %s, %s, %s, %s, 'new')",
            (order["id"], order["event"], order["seat"], order["buyer"], order["cents"]),
        )

    try:
        held = remote.hold(order)
    except (requests.RequestException, CircuitBreakerError) as error:
        log.warning("hold of %s: %s", order["seat"], error)
        remote.release(order)
        forget(order["id"])
        return {"error": "seats do not answer"}, 503
    if held.status_code == 409:
        forget(order["id"])
        return {"error": "taken"}, 409

    try:
        charged = remote.charge(order)
    except (requests.RequestException, CircuitBreakerError) as error:
        # Nobody knows whether it was charged: the retrier finds out.
        log.warning("charge of %s: %s", order["id"], error)
        set_status(order["id"], "pending")
        publish("charges-retry", order)
        return {"id": order["id"], "status": "pending"}, 202
    if charged.status_code != 201:
        forget(order["id"])
        return {"error": "declined"}, 402

    finish(order)
    return {"id": order["id"], "status": "paid"}, 201


@app.post("/orders/<order_id>/paid")
def paid(order_id):
    with connect() as db:
        row = db.execute("SELECT id, event, seat, buyer, cents FROM orders WHERE id = %s", (order_id,)).fetchone()
    if row is None:
        return {"error": "no such order"}, 404
    finish(dict(zip(("id", "event", "seat", "buyer", "cents"), row)))
    return {"status": "paid"}


def finish(order):
    set_status(order["id"], "paid")
    remote.add_points(order["buyer"], order["cents"] // 100)
    publish("mails", order)
    publish("board-paid", order)


@app.post("/cancellations")
def cancel():
    wanted = request.get_json()
    with connect() as db:
        row = db.execute(
            "SELECT id, cents FROM orders WHERE event = %s AND seat = %s AND buyer = %s AND status = 'paid'",
            (wanted["event"], wanted["seat"], wanted["buyer"]),
        ).fetchone()
        if row is None:
            return {"error": "no such order"}, 404
        order = {"id": row[0], "cents": row[1], **wanted}
        db.execute("UPDATE orders SET status = 'cancelled' WHERE id = %s", (order["id"],))
        publish("board-cancelled", order)
    try:
        remote.refund(order)
    except requests.RequestException:
        log.exception("refund of %s", order["id"])
    remote.release(order)
    return {"id": order["id"], "status": "cancelled"}


@app.get("/quotes/<int:event>")
def quote(event):
    fee = remote.fee(event)
    if fee is None:
        return {"error": "no price at present"}, 502
    return {"event": event, "cents": 4000 + fee}


@app.get("/events/<int:event>/left")
def left(event):
    answer = remote.event(event)
    return {"event": event, "left": answer["left"], "of": EVENT_SIZE, "rough": True}


def prepare():
    with open(os.path.join(os.path.dirname(__file__), "schema.sql")) as schema, connect() as db:
        db.execute(schema.read())


if __name__ == "__main__":
    prepare()
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "7401")), threaded=True)
