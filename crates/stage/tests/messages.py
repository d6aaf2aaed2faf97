"""A shop that publishes and a mailer that counts: `messages.py ROLE BROKER HOST PORT FILE OPTIONS`, for Redis streams, NATS and JetStream.

ROLE is `shop` (OPTIONS' `port` is where each listens: `POST /buy` publishes and waits until that is confirmed, once more if it is not) or `mailer` (counts
each message in FILE, a database of SQLite, then acknowledges it). OPTIONS, JSON: `dedup` counts each message once; `again` asks for what
was handed out and not acknowledged.
"""
import json, socket, sqlite3, sys, time, uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

ROLE, BROKER, HOST, PORT, FILE = sys.argv[1:6]
OPTIONS = json.loads(sys.argv[6])


class Line:
    """A connection, read by lines."""

    def __init__(self, timeout):
        self.socket = socket.create_connection((HOST, int(PORT)), timeout=timeout)
        self.file = self.socket.makefile("rb")

    def line(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the other side is gone")
        return line[:-2]

    def exactly(self, count):
        data = self.file.read(count)
        if data is None or len(data) < count:
            raise ConnectionError("the other side is gone")
        return data


class Redis(Line):
    def ask(self, *words):
        words = [str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.value()

    def value(self):
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self.value() for _ in range(int(rest))] if int(rest) >= 0 else None
        if kind == b"$":
            return self.exactly(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        return rest

    def publish(self, what):
        self.ask("XADD", "orders", "*", "id", what)

    def messages(self):
        self.ask("XGROUP", "CREATE", "orders", "mailers", "0", "MKSTREAM")
        ready()
        start = "0" if OPTIONS.get("again") else ">"
        while True:
            found = self.ask("XREADGROUP", "GROUP", "mailers", "one", "COUNT", "5", "BLOCK", "300", "STREAMS", "orders", start)
            handed = found[0][1] if found else []
            for number, fields in handed:
                yield fields[1].decode(), lambda: self.ask("XACK", "orders", "mailers", number.decode())
            if not handed:
                start = ">"


class Nats(Line):
    def __init__(self, timeout):
        super().__init__(timeout)
        self.line()
        self.inbox = "_INBOX." + uuid.uuid4().hex
        self.send(b'CONNECT {"verbose":false,"headers":true}\r\nSUB %s.* 1\r\n' % self.inbox.encode())

    def send(self, data):
        self.socket.sendall(data)

    def put(self, subject, payload, reply=""):
        self.send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), reply.encode(), len(payload), payload))

    def next(self):
        """Subject, where to answer, payload."""
        while True:
            words = self.line().split()
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                heads = int(words[-2]) if words[0] == b"HMSG" else 0
                payload = self.exactly(int(words[-1]) + 2)[heads:-2]
                plain = len(words) - (5 if words[0] == b"HMSG" else 4)
                yield words[1].decode(), words[3].decode() if plain else "", payload

    def asked(self, subject, payload):
        reply = f"{self.inbox}.{uuid.uuid4().hex}"
        self.put(subject, payload, reply)
        for where, _, answer in self.next():
            if where == reply:
                return answer

    def publish(self, what):
        if BROKER == "jetstream":
            self.asked("orders", what.encode())
        else:
            self.put("orders", what.encode())
            self.send(b"PING\r\n")
            self.line()

    def messages(self):
        subject = "orders"
        if BROKER == "jetstream":
            self.asked("$JS.API.STREAM.CREATE.ORDERS", b'{"name":"ORDERS","subjects":["orders"]}')
            config = {"durable_name": "mailer", "deliver_subject": "deliver.mailer", "ack_policy": "explicit", "ack_wait": 30 * 10**9}
            wanted = json.dumps({"stream_name": "ORDERS", "config": config}).encode()
            self.asked("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.mailer", wanted)
            subject = "deliver.mailer"
        self.send(b"SUB %s 2\r\nPING\r\n" % subject.encode())
        while self.line() != b"PONG":
            pass
        ready()
        self.socket.settimeout(None)
        for where, reply, payload in self.next():
            if not where.startswith("_INBOX."):
                yield payload.decode(), lambda: self.put(reply, b"+ACK") if reply else None


READY = []


def ready():
    """Whoever waits for this port knows that messages are taken."""
    if not READY:
        READY.append(socket.create_server(("127.0.0.1", int(OPTIONS["port"]))))


def connected(timeout):
    return Redis(timeout) if BROKER == "redis" else Nats(timeout)


class Shop(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what, status = uuid.uuid4().hex, 503
        for _ in range(3):
            try:
                connected(1).publish(what)
                status = 200
                break
            except OSError:
                time.sleep(0.1)
        text = json.dumps({"id": what, "ok": status == 200}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def mail(what):
    kept = sqlite3.connect(FILE, timeout=5)
    with kept:
        if OPTIONS.get("dedup") and not kept.execute("INSERT OR IGNORE INTO keys VALUES (?)", (what,)).rowcount:
            return
        kept.execute("UPDATE counts SET n = n + 1 WHERE name = 'mails'")


if ROLE == "shop":
    HTTPServer(("127.0.0.1", int(OPTIONS["port"])), Shop).serve_forever()
while True:
    try:
        for what, acknowledge in connected(5).messages():
            mail(what)
            acknowledge()
    except OSError:
        time.sleep(0.1)
