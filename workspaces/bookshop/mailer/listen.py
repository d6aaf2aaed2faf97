import json
import os

import pika


def on_order(channel, method, properties, body):
    order = json.loads(body)
    print("thank you for", order["total"])
    channel.basic_ack(method.delivery_tag)


def main():
    connection = pika.BlockingConnection(pika.ConnectionParameters(host=os.environ["QUEUE_HOST"]))
    channel = connection.channel()
    channel.queue_declare(queue="orders.placed", durable=True)
    channel.basic_consume(queue="orders.placed", on_message_callback=on_order)
    channel.start_consuming()


if __name__ == "__main__":
    main()
