"""Calls to the services that an order needs."""

import os
import random
import time

import pybreaker
import requests

PAYMENTS_URL = os.environ.get("PAYMENTS_URL", "http://127.0.0.1:7402")
SEATS_URL = os.environ.get("SEATS_URL", "http://127.0.0.1:7403")

# Do not hammer services that are down: each has a breaker of its own.
to_seats = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=0.5)
to_payments = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=0.5)


def pause():
    time.sleep(0.1 * (0.5 + random.random()))


@to_seats
def hold(order):
    body = {"order": order["id"], "event": order["event"], "seat": order["seat"]}
    for attempt in range(2):
        try:
            answer = requests.post(
                f"{SEATS_URL}/holds", json=body, headers={"Idempotency-Key": order["id"]}, timeout=0.3
            )
            if answer.status_code < 500:
                return answer
        except requests.RequestException:
            if attempt == 1:
                raise
        pause()
    answer.raise_for_status()
    return answer


@to_payments
def charge(order):
    answer = requests.post(
        f"{PAYMENTS_URL}/charges",
        json={"order": order["id"], "buyer": order["buyer"], "cents": order["cents"]},
        headers={"Idempotency-Key": order["id"]},
        timeout=0.8,
    )
    if answer.status_code == 429 or answer.status_code >= 500:
        answer.raise_for_status()
    return answer


def refund(order):
    answer = requests.post(f"{PAYMENTS_URL}/refunds", json={"order": order["id"]}, timeout=0.8)
    answer.raise_for_status()


def release(order):
    body = {"order": order["id"], "event": order["event"], "seat": order["seat"]}
    answer = requests.post(f"{SEATS_URL}/releases", json=body, timeout=0.8)
    answer.raise_for_status()


def fee(event):
    for _ in range(2):
        try:
            answer = requests.get(f"{PAYMENTS_URL}/fees/{event}", timeout=0.3)
            answer.raise_for_status()
            return answer.json()["cents"]
        except requests.RequestException:
            pause()
    return None
