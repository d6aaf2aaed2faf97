"""Calls to the services that an order needs."""

import os

import pybreaker
import requests

PAYMENTS_URL = os.environ.get("PAYMENTS_URL", "http://127.0.0.1:7402")
SEATS_URL = os.environ.get("SEATS_URL", "http://127.0.0.1:7403")

# Do not hammer services that are down.
remote = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=1)


@remote
def hold(order):
    body = {"order": order["id"], "event": order["event"], "seat": order["seat"]}
    for attempt in range(2):
        try:
            answer = requests.post(f"{SEATS_URL}/holds", json=body, timeout=0.3)
            if answer.status_code < 500:
                return answer
        except requests.RequestException:
            if attempt == 1:
                raise
    answer.raise_for_status()
    return answer


@remote
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
    requests.post(f"{SEATS_URL}/releases", json={"event": order["event"], "seat": order["seat"]})


def add_points(buyer, points):
    account = requests.get(f"{PAYMENTS_URL}/accounts/{buyer}", timeout=0.8).json()
    requests.put(f"{PAYMENTS_URL}/accounts/{buyer}", json={"points": account["points"] + points}, timeout=0.8)


def fee(event):
    for _ in range(4):
        try:
            answer = requests.get(f"{PAYMENTS_URL}/fees/{event}", timeout=0.3)
            answer.raise_for_status()
            return answer.json()["cents"]
        except requests.RequestException:
            continue
    return None


def event(number):
    answer = requests.get(f"{SEATS_URL}/events/{number}", timeout=0.3)
    answer.raise_for_status()
    return answer.json()
