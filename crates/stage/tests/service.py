"""A service for tests: `service.py PORT ROUTES`, where ROUTES says for `METHOD /path` what is called and how.

A route: `calls` in order, each `[METHOD, url]`; `attempts`, `timeout` (seconds), `pause` between attempts; `key` sends an
Idempotency-Key that is made once; `strict` lets failures through as exceptions; `count` adds to what `GET /state` shows, once for
each key if `dedup`; `keep` names a file of SQLite that holds the counts instead, and with `dedup` "kept" the keys too; `undo` is called when a later call fails; `fail` ends the process.
"""
import http.client, json, sqlite3, sys, time, urllib.request, urllib.error, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, ROUTES = int(sys.argv[1]), json.loads(sys.argv[2])
STATE, SEEN = {route["count"]: 0 for route in ROUTES.values() if "count" in route}, set()


def call(method, url, route, key):
    body = json.dumps({"what": "lamp"}).encode()
    headers = {"Content-Type": "application/json"}
    if route.get("key"):
        headers["Idempotency-Key"] = key
    for attempt in range(route.get("attempts", 1)):
        try:
            request = urllib.request.Request(url, data=body if method != "GET" else None, headers=headers, method=method)
            with urllib.request.urlopen(request, timeout=route.get("timeout", 30)) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError:
            if route.get("strict"):
                raise
            return None
        except (OSError, ValueError, http.client.HTTPException):
            if attempt + 1 == route.get("attempts", 1):
                if route.get("strict"):
                    raise
                return None
            time.sleep(route.get("pause", 0.05))


def keep(route, key):
    kept = sqlite3.connect(route["keep"], timeout=5)
    with kept:
        kept.execute("CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER)")
        kept.execute("CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY)")
        if route.get("dedup") == "kept" and not kept.execute("INSERT OR IGNORE INTO keys VALUES (?)", (key,)).rowcount:
            return
        count = "INSERT INTO counts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1"
        kept.execute(count, (route["count"],))


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def act(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        if self.path == "/state":
            return self.answer(200, STATE)
        route = ROUTES.get(f"{self.command} {self.path}")
        if route is None:
            return self.answer(404, {"error": "no such route"})
        key = self.headers.get("Idempotency-Key")
        if route.get("count") and not (route.get("dedup") and key in SEEN):
            SEEN.add(key)
            if route.get("keep"):
                keep(route, key)
            STATE[route["count"]] = STATE.get(route["count"], 0) + route.get("by", 1)
        made, done = str(uuid.uuid4()), []
        try:
            for method, url in route.get("calls", []):
                if call(method, url, route, made) is None:
                    for method, url in route.get("undo", []) if done else []:
                        call(method, url, route, made)
                    return self.answer(503, {"error": "something below failed"})
                done.append(url)
        except Exception:
            import traceback
            traceback.print_exc()
            return self.answer(500, {"error": "internal"})
        self.answer(200, {"id": str(uuid.uuid4()), "ok": True})

    do_GET = do_POST = do_PUT = do_DELETE = act

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


Server(("0.0.0.0", PORT), Service).serve_forever()
