"""Visits the shop over HTTP with nothing but Python's standard library: orders, errors, streams, keys, a WebSocket's
handshake."""

import argparse
import base64
import concurrent.futures
import http.client
import json
import os
import urllib.error
import urllib.request
import uuid

parser = argparse.ArgumentParser()
parser.add_argument("--at", required=True, help="host:port")
parser.add_argument("--alone", required=True, help="host:port of the orders without the other services")
options = parser.parse_args()
at = options.at


def ask(method, path, body=None, at=at, **headers):
    """Status, headers and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        headers.setdefault("content-type", "application/json")
    request = urllib.request.Request(f"http://{at}{path}", data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.status, refused.headers, json.load(refused)


def order(customer="c-0007", currency="EUR", **more):
    line = {"sku": "MUG-1", "quantity": 2, "price": {"currency": currency, "cents": "450"}}
    return {
        "orderId": str(uuid.uuid4()),
        "customer": customer,
        "lines": [line],
        "pickup": "Main Street 1",
        "token": "tok-1",
        **more,
    }


# An order, by the names of JSON and by those of the contract; the same one again is the same one.
wanted = order()
status, headers, placed = ask("POST", "/v1/orders", wanted)
assert status == 200 and headers["api-version"] == "1", (status, headers.items(), placed)
assert placed["id"] == wanted["orderId"] and placed["total"] == {"currency": "EUR", "cents": "900"}, placed
assert ask("POST", "/v1/orders", wanted)[2]["placed"] == placed["placed"]
snake = order()
snake["order_id"] = snake.pop("orderId")
assert ask("POST", "/v1/orders", snake)[2]["id"] == snake["order_id"]

# The same key for another order is refused.
status, headers, problem = ask("POST", "/v1/orders", {**wanted, "customer": "c-0008"})
assert status == 422 and problem["reason"]["reason"] == "IDEMPOTENCY_KEY_REUSED", (status, problem)
assert headers["content-type"] == "application/problem+json"

# The order is there, also where the header says the version; another is not.
path = f"/orders/{placed['id']}"
for there in (ask("GET", "/v1" + path), ask("GET", path, api_version="1")):
    assert there[0] == 200 and there[2]["customer"] == "c-0007", there
status, _, problem = ask("GET", f"/v1/orders/{uuid.uuid4()}")
assert status == 404 and problem["error"] == "shop.orders.v1.OrderNotFound", problem
assert problem["type"].endswith("OrderNotFound") and "orderId" in problem["value"], problem

# What is wrong is named, field by field.
status, _, problem = ask("POST", "/v1/orders", order(customer="nobody", lines=[]))
assert status == 400 and problem["code"] == "invalid_argument", problem
assert sorted(v["field"] for v in problem["violations"]) == ["customer", "lines"], problem
assert ask("GET", "/v1/orders/not-a-uuid")[2]["violations"][0]["field"] == "id"
assert ask("PUT", "/v1/orders", {})[0] == 405

# A key in the head is no other way around the key in the request: the first one still counts.
status, headers, again = ask("POST", "/v1/orders", wanted, idempotency_key=str(uuid.uuid4()))
assert status == 200 and again["placed"] == placed["placed"], again

# What was refused is refused again, and the same way.
currencies = order(currency="USD")
currencies["lines"].append({"sku": "MUG-1", "quantity": 1, "price": {"currency": "EUR", "cents": "1"}})
refusals = [ask("POST", "/v1/orders", currencies) for _ in range(2)]
for status, _, problem in refusals:
    assert status == 400 and problem["error"] == "shop.orders.v1.WrongCurrency", problem
    assert problem["value"] == {"currency": "EUR"}, problem

# Pages: the next one is linked, and told in the answer.
status, headers, page = ask("GET", "/v1/orders?pageSize=1")
assert status == 200 and len(page["items"]) == 1 and page["nextPageToken"], page
link, relation = headers["link"].split("; ")
assert relation == 'rel="next"', headers.items()
assert ask("GET", link.strip("<>"))[2]["items"] == ask("GET", f"/v1/orders?pageSize=1&pageToken={page['nextPageToken']}")[2]["items"]
seen, next_page = [page["items"][0]["id"]], link
while next_page:
    _, headers, page = ask("GET", next_page.split(";")[0].strip("<>"))
    seen += [item["id"] for item in page["items"]]
    next_page = headers["link"]
assert placed["id"] in seen and len(set(seen)) == len(seen) >= 2, seen

# What may be kept has a tag, and is not sent again to who has it.
status, headers, checked = ask("GET", "/v1/products/MUG-1")
assert status == 200 and headers["cache-control"] == "private, max-age=5", headers.items()
connection = http.client.HTTPConnection(at, timeout=20)
connection.request("GET", "/v1/products/MUG-1", headers={"if-none-match": headers["etag"]})
answer = connection.getresponse()
assert answer.status == 304 and not answer.read() and answer.getheader("etag") == headers["etag"], answer.status
connection.close()
assert ask("GET", f"/v1/orders/{placed['id']}")[1]["cache-control"] == "no-store"

# Who waits no longer is not worked for.
status, headers, problem = ask("GET", "/v1/products/MUG-1", request_timeout="0ms")
assert status == 504 and problem["code"] == "deadline_exceeded", problem
status, _, problem = ask("GET", "/v1/products/MUG-1", request_timeout="soon")
assert status == 400 and "Request-Timeout: soon" in problem["detail"], problem

# A stream, to the end that the order comes to.
connection = http.client.HTTPConnection(at, timeout=20)
body = json.dumps({"id": placed["id"]})
connection.request("POST", "/shop.orders.v1.Orders/WatchOrder", body, {"content-type": "application/json"})
answer = connection.getresponse()
assert answer.status == 200 and answer.getheader("content-type") == "text/event-stream"
events = [event for event in answer.read().decode().split("\n\n") if event and not event.startswith(":")]
assert events[-1] == "id: end\nevent: end\ndata: {}", events
seen = [json.loads(event.split("data: ")[1])["value"] for event in events[:-1]]
assert seen[-1] in ("ORDER_STATUS_SHIPPED", "ORDER_STATUS_CANCELLED"), seen
connection.close()

# Where nobody else is there, an order stays placed: who watches it is told so, and for as long as the head says.
alone = order()
assert ask("POST", "/v1/orders", alone, at=options.alone)[0] == 200
connection = http.client.HTTPConnection(options.alone, timeout=20)
body = json.dumps({"id": alone["orderId"]})
head = {"content-type": "application/json", "request-timeout": "1s"}
connection.request("POST", "/shop.orders.v1.Orders/WatchOrder", body, head)
events = connection.getresponse().read().decode().strip().split("\n\n")
assert '{"value":"ORDER_STATUS_PLACED"}' in events[0], events
assert "event: error" in events[-1] and '"code":"deadline_exceeded"' in events[-1], events
connection.close()
# The warehouse is away too, and the answer without it comes all the same.
status, _, checked = ask("GET", "/v1/products/MUG-1", at=options.alone)
assert (status, checked) == (200, {"sku": "MUG-1", "pieces": None}), checked

# One connection for many calls.
connection = http.client.HTTPConnection(at, timeout=20)
for _ in range(50):
    connection.request("GET", f"/v1/orders/{placed['id']}")
    answer = connection.getresponse()
    assert answer.status == 200 and json.load(answer)["id"] == placed["id"]
connection.close()

# Many at once, all with one order: there is one answer.
many = order()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(lambda _: ask("POST", "/v1/orders", many), range(16)))
assert {status for status, _, _ in answers} <= {200, 409}, answers
assert len({answer["placed"] for status, _, answer in answers if status == 200}) == 1, answers

# A WebSocket begins as the standard says.
connection = http.client.HTTPConnection(at, timeout=20)
key = base64.b64encode(os.urandom(16)).decode()
upgrade = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": key,
}
connection.request("GET", "/shop.orders.v1.Orders/WatchOrder", headers=upgrade)
assert connection.getresponse().status == 101
connection.close()
print("the shop is known over HTTP")
