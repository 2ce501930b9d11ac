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
at = parser.parse_args().at


def ask(method, path, body=None, **headers):
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

# Pages.
status, _, page = ask("POST", "/shop.orders.v1.Orders/ListOrders", {"pageSize": 1})
assert status == 200 and len(page["items"]) == 1 and page["nextPageToken"], page
more = {"pageSize": 1, "pageToken": page["nextPageToken"]}
status, _, next_page = ask("POST", "/shop.orders.v1.Orders/ListOrders", more)
assert next_page["items"][0]["id"] > page["items"][0]["id"], next_page

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
