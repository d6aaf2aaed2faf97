"""gRPC for tests, without generated code: `grpc_service.py front|payments PORT [payments' address]`.

`payments` answers `Charge` and `Quote`, and streams numbers for `Watch` as long as it is asked. `front` speaks HTTP: `POST /buy`
charges, up to three times while payments are unavailable, and asks for a quote at the same time over the same connection;
`GET /seen` says how many numbers of the stream it has got.
"""
import concurrent.futures, json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc

ROLE, PORT = sys.argv[1], int(sys.argv[2])
CHARGES, SEEN, BROKEN = [0], [0], [0]


def payments():
    def charge(request, context):
        CHARGES[0] += 1
        return b"charged"

    def watch(request, context):
        number = 0
        while context.is_active():
            number += 1
            yield str(number).encode()
            time.sleep(0.02)

    methods = {
        "Charge": grpc.unary_unary_rpc_method_handler(charge),
        "Quote": grpc.unary_unary_rpc_method_handler(lambda request, context: b"7"),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Payments", methods),))
    server.add_insecure_port(f"127.0.0.1:{PORT}")
    server.start()
    server.wait_for_termination()


def front(address):
    channel = grpc.insecure_channel(address)
    method = lambda name: channel.unary_unary(f"/shop.Payments/{name}")

    def follow():
        while True:
            try:
                for number in channel.unary_stream("/shop.Payments/Watch")(b""):
                    SEEN[0] += 1
            except grpc.RpcError:
                BROKEN[0] += 1
                time.sleep(0.1)

    # The stream belongs to no request: it is there before the first one.
    grpc.channel_ready_future(channel).result(timeout=30)
    threading.Thread(target=follow, daemon=True).start()
    while not SEEN[0]:
        time.sleep(0.01)

    def charge():
        for attempt in range(3):
            try:
                return method("Charge")(b"7 euros", timeout=0.5).decode()
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                    return error.code().name
                last = error.code().name
                time.sleep(0.05)
        return last

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer({"moves": SEEN[0] > 0, "broken": BROKEN[0]})

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            quote = method("Quote").future(b"", timeout=2)
            charged, price = charge(), quote.result().decode()
            self.answer({"charged": charged, "price": price}, 200 if charged == "charged" else 503)

        def answer(self, value, status=200):
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", PORT), Front).serve_forever()


payments() if ROLE == "payments" else front(sys.argv[3])
