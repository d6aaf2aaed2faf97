import json
import os

import pika

AMQP_URL = os.environ.get("AMQP_URL", "amqp://127.0.0.1:7472/%2f")


def publish(queue, message):
    parameters = pika.URLParameters(AMQP_URL)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = 2
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue=queue, durable=True)
        channel.basic_publish(
            exchange="",
            routing_key=queue,
            body=json.dumps(message),
            properties=pika.BasicProperties(delivery_mode=2),
        )
    finally:
        connection.close()
