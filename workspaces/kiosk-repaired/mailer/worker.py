"""Writes a mail with the ticket for each order that is paid."""

import json
import logging
import os
import time

import pika
import psycopg

AMQP_URL = os.environ.get("AMQP_URL", "amqp://127.0.0.1:7472/%2f")
DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://kiosk@127.0.0.1:7432/mails")

logging.basicConfig(level=logging.WARNING)
log = logging.getLogger("mailer")


def connect():
    return psycopg.connect(DATABASE_URL, connect_timeout=2)


def on_paid(channel, method, properties, body):
    order = json.loads(body)
    text = f"Your seat: {order['seat']}. Enjoy event {order['event']}!"
    with connect() as db:
        db.execute(
            "INSERT INTO mails (order_id, buyer, text) VALUES (%s, %s, %s) ON CONFLICT (order_id) DO NOTHING",
            (order["id"], order["buyer"], text),
        )
    channel.basic_ack(method.delivery_tag)


def work():
    # Closed whatever happens: what is not acknowledged goes back to the queue.
    with pika.BlockingConnection(pika.URLParameters(AMQP_URL)) as connection:
        channel = connection.channel()
        channel.queue_declare(queue="mails", durable=True)
        channel.basic_qos(prefetch_count=10)
        channel.basic_consume(queue="mails", on_message_callback=on_paid)
        print("mailer: ready", flush=True)
        channel.start_consuming()


def prepare():
    with open(os.path.join(os.path.dirname(__file__), "schema.sql")) as schema, connect() as db:
        db.execute(schema.read())


if __name__ == "__main__":
    prepare()
    while True:
        try:
            work()
        except (pika.exceptions.AMQPError, psycopg.Error) as error:
            log.warning("starting over: %s", error)
        time.sleep(0.5)
