import os

import redis
from flask import Flask

app = Flask(__name__)
slots = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.get("/cranes/<id>")
def crane(id):
    return {"slot": slots.get(id)}


@app.post("/cranes/<id>")
def move(id):
    slots.set(id, request.json["slot"
