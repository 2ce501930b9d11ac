"""Every form of the contract `forms.svc`, over HTTP, by clients that know nothing of svckit: requests, httpx, websockets."""

import argparse
import asyncio
import base64
import concurrent.futures
import gzip
import json
import socket
import traceback
import urllib.parse
import uuid

import httpx
import requests
import websockets

parser = argparse.ArgumentParser()
parser.add_argument("--at", required=True, help="host:port")
at = parser.parse_args().at
http = f"http://{at}"
session = requests.Session()
failures = []


def check(what, found, wanted):
    """Notes what is not as it should be, and goes on."""
    if found != wanted:
        failures.append(f"{what}:\n    found  {found!r}\n    wanted {wanted!r}")


def ask(method, path, body=None, headers=None, **more):
    if isinstance(body, (dict, list)):
        more["json"] = body
    elif body is not None:
        more["data"] = body
    return session.request(method, http + path, headers=headers, timeout=20, **more)


def problem(what, answer, status, code, **members):
    """An answer that is a problem, by RFC 9457; gives its JSON."""
    check(f"{what}: type of the answer", answer.headers.get("content-type"), "application/problem+json")
    try:
        found = answer.json()
    except ValueError:
        check(f"{what}: a problem", (answer.status_code, answer.text[:200]), "JSON")
        return {}
    for name in ("type", "title", "detail"):
        check(f"{what}: {name} is a text", type(found.get(name)), str)
    path = urllib.parse.urlsplit(answer.request.url).path
    check(f"{what}: instance", found.get("instance"), path)
    check(f"{what}: status", (answer.status_code, found.get("status"), found.get("code")), (status, status, code))
    for name, value in members.items():
        check(f"{what}: {name}", found.get(name), value)
    return found


def fields(what, answer):
    """The fields that a problem complains of."""
    found = problem(what, answer, 400, "invalid_argument")
    return sorted(violation["field"] for violation in found.get("violations", []))


EVERY = {
    "truth": True,
    "small": -7,
    "large": "-9223372036854775808",
    "natural": 4294967295,
    "vast": "18446744073709551615",
    "single": 1.5,
    "double": 0.1,
    "price": "12.50",
    "text": "a\u0000\u00e9\U0001f600\"\\",
    "raw": "+/8=",
    "id": "67e55044-10b1-426f-9247-bb680e5fe0c8",
    "at": "2027-03-01T12:00:00.250Z",
    "took": "1.500s",
    "day": "2027-02-28",
    "any": {"a": [1, None, "x", {"b": False}], "n": 1.25},
    "colour": "COLOUR_DARK_BLUE",
    "colours": ["COLOUR_RED", 77],
    "tags": ["", "b"],
    "counts": {"one": "1", "": "-2"},
    "flags": {"true": {"lowEnd": 1, "highEnd": None, "unit": "mm"}},
    "size": {"lowEnd": 2, "highEnd": "9", "unit": ""},
    "sizes": [{"lowEnd": 0, "highEnd": None, "unit": "cm"}],
    "shape": {"label": {"text": "s", "size": 3}},
    "maybe": None,
    "perhaps": "0",
    "wanted": True,
    "oddName": "x",
}


def echo(**change):
    """What comes back of `EVERY` with these changes; a field changed to `...` is left out."""
    body = {name: value for name, value in {**EVERY, **change}.items() if value is not ...}
    return ask("POST", "/v1/echo", body)


def protojson():
    answer = echo()
    odd = [name for name in answer.json() if name.startswith("odd")][0]
    check("the odd name", odd, "oddName")
    check("each type comes back", answer.json(), EVERY)
    check("its type", answer.headers["content-type"], "application/json")

    def reads(field, given, wanted):
        answer = echo(**{field: given})
        check(f"{field}: {given!r} is read", answer.json().get(field, answer.text), wanted)

    reads("large", 12, "12")
    reads("large", 1e3, "1000")
    reads("large", "9007199254740993", "9007199254740993")
    reads("large", 9007199254740993, "9007199254740993")
    reads("small", "5", 5)
    reads("small", 1.0, 1)
    reads("natural", "1e2", 100)
    for special in ("NaN", "Infinity", "-Infinity"):
        reads("double", special, special)
        reads("single", special, special)
    reads("double", "0.25", 0.25)
    reads("double", 5e-324, 5e-324)
    reads("raw", "-_8", "+/8=")
    reads("raw", "+/8", "+/8=")
    reads("raw", "-_8=", "+/8=")
    reads("raw", "", "")
    reads("at", "2027-03-01T13:00:00+01:00", "2027-03-01T12:00:00Z")
    reads("at", "2027-03-01T12:00:00.000001Z", "2027-03-01T12:00:00.000001Z")
    reads("at", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")
    reads("at", "9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z")
    reads("took", "3s", "3s")
    reads("took", "0.000000001s", "0.000000001s")
    reads("colour", 1, "COLOUR_RED")
    reads("colour", 99, 99)
    reads("colours", ["COLOUR_GREEN", 2], ["COLOUR_GREEN", "COLOUR_GREEN"])
    reads("any", "text", "text")
    reads("any", None, None)
    reads("shape", {"size": {}}, {"size": {"lowEnd": 0, "highEnd": None, "unit": "mm"}})
    # null is absence: the zero value, the default, nothing.
    for field, zero in [("truth", False), ("small", 0), ("large", "0"), ("text", ""), ("tags", []), ("counts", {}), ("raw", "")]:
        reads(field, None, zero)
        reads(field, ..., zero)
    reads("wanted", ..., True)
    reads("wanted", None, True)
    reads("wanted", False, False)
    reads("maybe", "", "")
    # The names of Protobuf; what is not known is passed over.
    by_name = {**EVERY, "size": {"low_end": 2, "high_end": 9, "unit": ""}, "something_new": {"x": [1]}}
    by_name["odd__name"] = by_name.pop("oddName")
    answer = ask("POST", "/v1/echo", by_name)
    check("names of Protobuf", answer.json(), EVERY)

    for field, wrong in [
        ("truth", "true"),
        ("truth", 1),
        ("small", 2147483648),
        ("small", 1.5),
        ("small", "x"),
        ("small", " 1"),
        ("small", True),
        ("natural", -1),
        ("vast", "18446744073709551616"),
        ("single", 1e39),
        ("double", "nan"),
        ("double", "1 "),
        ("price", 12.5),
        ("price", "1e3"),
        ("text", 5),
        ("raw", "*"),
        ("raw", "+_=="),
        ("id", "67e55044"),
        ("at", "2027-02-29T00:00:00Z"),
        ("at", "2027-03-01"),
        ("at", "2027-03-01T12:00:00"),
        ("at", "2027-03-01T12:00:00z"),
        ("at", "2027-03-01t12:00:00Z"),
        ("at", "2027-03-01T12:00:00Z[UTC]"),
        ("at", "10000-01-01T00:00:00Z"),
        ("at", 1),
        ("took", "1"),
        ("took", "-1s"),
        ("took", "-0.5s"),
        ("took", "1m"),
        ("took", "0.0000000001s"),
        ("took", "315576000001s"),
        ("day", "2027-2-1"),
        ("colour", "dark_blue"),
        ("colour", "COLOUR_MAUVE"),
        ("colour", "COLOUR_UNSPECIFIED"),
        ("colour", 0),
        ("colour", "1"),
        ("colour", 4294967297),
        ("colour", ...),
        ("colour", None),
        ("id", ...),
        ("at", ...),
        ("shape", {}),
        ("shape", {"size": {}, "label": {}}),
        ("size", ...),
        ("size", None),
        ("size", []),
        ("tags", "a"),
        ("tags[0]", None),
        ("sizes[0]", None),
        ("counts", []),
        ('counts["a"]', None),
        ('flags["yes"]', {}),
    ]:
        name = field.split("[")[0]
        value = wrong
        if field.endswith("[0]"):
            value = [wrong]
        elif field.endswith('"]'):
            value = {field.split('"')[1]: wrong}
        answer = echo(**{name: value})
        if name == "shape" and answer.status_code == 400:
            found = [f.split(".")[0] for f in fields(f"{field} = {wrong!r}", answer)]
        else:
            found = fields(f"{field} = {wrong!r}", answer)
        check(f"{field} = {wrong!r} is refused", found, [field])

    # All of them at once, by path.
    answer = echo(small="x", size={"lowEnd": -1}, sizes=[{"lowEnd": 1}, {"highEnd": "y"}], id="z")
    check("all at once", fields("all at once", answer), ["id", "size.low_end", "sizes[1].high_end", "small"])
    # The same field twice is no riddle to be solved.
    twice = json.dumps({**EVERY, "wanted": False})
    for extra in ('"odd__name": "y"', '"oddName": "y"'):
        answer = ask("POST", "/v1/echo", twice[:-1] + ", " + extra + "}", {"content-type": "application/json"})
        check(f"{extra} twice", "there twice" in problem(f"{extra} twice", answer, 400, "invalid_argument").get("detail", ""), True)


def broken_json():
    for what, body in [
        ("half", b'{"id": "a"'),
        ("an array", b"[]"),
        ("a text", b'"a"'),
        ("null", b"null"),
        ("not UTF-8", b'{"id": "\xff"}'),
        ("half a character", b'{"id": "\\ud800"}'),
        ("NaN", b'{"count": NaN}'),
        ("after it", b'{"id": "a"} x'),
        ("a comment", b'{"id": "a" /* */}'),
        ("single quotes", b"{'id': 'a'}"),
        ("huge number", b'{"count": 1e400}'),
    ]:
        answer = ask("POST", "/v1/items", body, {"content-type": "application/json"})
        problem(what, answer, 400, "invalid_argument")
    for depth, status in [(30, 200), (120, 400), (100_000 // 20, 400)]:
        body = '{"below": [' * depth + "{}" + "]}" * depth
        answer = ask("POST", "/forms.v1.Forms/Grow", body.encode(), {"content-type": "application/json"})
        check(f"{depth} deep", answer.status_code, status)


def items():
    created = ask("POST", "/v1/items", {"id": "a/b c%ü", "count": 3, "note": "n", "secret": "hush"})
    wanted = {"id": "a/b c%ü", "count": 3, "note": "n", "tags": [], "secret": "hush"}
    check("added", (created.status_code, created.json()), (200, wanted))
    path = "/v1/items/" + urllib.parse.quote("a/b c%ü", safe="")
    got = ask("GET", path)
    check("a path with all sorts", (got.status_code, got.json()), (200, wanted))
    check("its version", got.headers["api-version"], "1")

    # What may be kept.
    check("it may be kept", got.headers["cache-control"], "private, max-age=30")
    tag = got.headers["etag"]
    again = ask("GET", path, headers={"if-none-match": tag})
    check("not again", (again.status_code, again.content, again.headers["etag"]), (304, b"", tag))
    check("not again: its type", again.headers.get("content-type"), None)
    check("varies", "accept-encoding" in again.headers.get("vary", "").lower(), True)
    changed = ask("PATCH", path, {"change": {"note": None, "count": 4}})
    check("amended", changed.json(), {**wanted, "note": None, "count": 4})
    for change in (
        {"value": {"note": "m", "count": 9}, "updateMask": "note"},
        {"value": {"note": "m"}},
        {"note": "m"},
    ):
        changed = ask("PATCH", path, {"change": change})
        check(f"amended by {change}", (changed.json()["note"], changed.json()["count"]), ("m", 4))
    answer = ask("PATCH", path, {"change": {"count": 0, "note": "x" * 21}})
    check("rules of a change", fields("rules of a change", answer), ["change.count", "change.note"])
    ask("PATCH", path, {"change": {"value": {}, "updateMask": "note"}})
    check("a command is not kept", changed.headers["cache-control"], "no-store")
    got = ask("GET", path, headers={"if-none-match": f'"x", {tag}'})
    check("changed since", (got.status_code, got.json()["count"]), (200, 4))
    check("another tag", got.headers["etag"] != tag, True)
    # There are no versions to compare: rather refused than done over another's change.
    for method, body in [("PATCH", {"change": {"count": 5}}), ("DELETE", None), ("GET", None)]:
        answer = ask(method, path, body, headers={"if-match": tag})
        problem(f"{method} if it matches", answer, 412, "failed_precondition")
    check("any version will do", ask("PATCH", path, {"change": {}}, headers={"if-match": "*"}).status_code, 200)

    head = ask("HEAD", path)
    check("head", (head.status_code, head.content, head.headers["content-length"]), (200, b"", str(len(got.content))))
    put = ask("PUT", "/v1/items/p-1", {"count": 9, "size": {"low_end": 4}})
    check("put", put.json()["note"], "4mm")
    check("in path and body alike", ask("PUT", "/v1/items/p-1", {"id": "p-1", "count": 9}).status_code, 200)
    check("in path and body", fields("in path and body", ask("PUT", "/v1/items/p-1", {"id": "p-2", "count": 9})), ["id"])
    gone = ask("DELETE", "/v1/items/p-1?why=old%20one")
    check("removed", (gone.status_code, gone.json()), (200, {}))
    answer = ask("DELETE", "/v1/items/a", {"why": "in the body"})
    found = problem("a body where none is read", answer, 400, "invalid_argument")
    check("it says where", "query" in found.get("detail", ""), True)

    # Paths that one operation takes as a whole and another as a parameter.
    check("static first", ask("GET", "/v1/items/recent").json()["id"], "the latest")
    ask("PUT", "/v1/items/recent", {"count": 2})
    check("by parameter", ask("PATCH", "/v1/items/recent", {"change": {"note": "x"}}).json()["id"], "recent")
    check("by parameter", ask("DELETE", "/v1/items/recent").status_code, 200)
    allowed = ask("OPTIONS", "/v1/items/recent").headers["allow"]
    check("what there is", allowed, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
    check("not there", ask("POST", "/v1/items/recent", {}).headers.get("allow"), allowed)

    # Versions by path and by header.
    check("v2", ask("GET", "/v2/items/x").json(), {"id": "x", "name": "new"})
    check("the newest", ask("GET", "/items/x").json(), {"id": "x", "name": "new"})
    check("v1 by header", ask("GET", path.replace("/v1", ""), headers={"api-version": "1"}).json()["count"], 4)
    check("v1 alone has it", ask("GET", "/items/recent", headers={"api-version": "1"}).json()["id"], "the latest")
    check("v2 by header", ask("GET", "/items/recent", headers={"api-version": "2"}).json()["name"], "new")
    problem("no such version", ask("GET", "/items/x", headers={"api-version": "3"}), 400, "invalid_argument")


def declared():
    answer = ask("GET", "/v1/items/nothing")
    found = problem("not found", answer, 404, "not_found", error="forms.v1.NoSuchItem", title="NoSuchItem")
    check("its fields", found["value"]["id"], "nothing")
    check("its names", "nearestKnown" in found["value"], True)
    check("its type", found["type"], "urn:svckit:error:forms.v1.NoSuchItem")
    ask("POST", "/v1/items", {"id": "twice", "count": 1})
    problem("taken", ask("POST", "/v1/items", {"id": "twice", "count": 1}), 409, "already_exists")
    problem("full", ask("POST", "/v1/items", {"id": "full", "count": 1}), 400, "failed_precondition")
    answer = ask("POST", "/v1/items", {"id": "busy", "count": 1})
    problem("busy", answer, 503, "unavailable", retryAfter=2)
    check("when to come again", answer.headers["retry-after"], "2")
    answer = ask("POST", "/v1/items", {"id": "panic", "count": 1})
    problem("a panic", answer, 500, "internal")
    check("nothing is told", "hunter2" in answer.text, False)
    answer = ask("POST", "/v1/items", {"id": "", "count": 1000, "note": "x" * 21, "tags": ["a"] * 4, "secret": 5})
    check("rules", fields("types first", answer), ["secret"])
    answer = ask("POST", "/v1/items", {"id": "", "count": 1000, "note": "x" * 21, "tags": ["a"] * 4})
    check("rules", fields("rules", answer), ["count", "id", "note", "tags"])
    rules = {violation["field"]: violation["rule"] for violation in answer.json()["violations"]}
    check("which rules", rules["count"], "1..=999" if rules["count"] == "1..=999" else "range 1..=999")
    answer = ask("GET", "/v1/items/" + "x" * 41)
    check("rules of a path", fields("rules of a path", answer), ["id"])


def queries():
    def found(query, **more):
        answer = ask("GET", "/v1/found" + query, **more)
        return answer.json().get("items", answer.text)

    check("nothing", found(""), ["exact false"])
    params = {"tags": ["a", "b&c=d"], "flags": ["true", "false"], "colours": ["COLOUR_RED", "3"], "exact": "true"}
    wanted = ["colours DarkBlue", "colours Red", "exact true", "flags false", "flags true", "tags a", "tags b&c=d"]
    check("lists", found("", params=params), wanted)
    check("as Python writes it", found("", params={"exact": True, "flags": [True, False]}), ["exact true", "flags false", "flags true"])
    check("a record", found("?size.low_end=3&size.highEnd=7"), ["exact false", "size 3-Some(7) mm"])
    check("a record as JSON", found("?size=%7B%22lowEnd%22%3A3%7D"), ["exact false", "size 3-None mm"])
    check("a map", found("", params={"counts": '{"a":"1","b":2}'}), ["counts a 1", "counts b 2", "exact false"])
    check("a list of records", found("", params={"sizes": '[{"lowEnd":1},{"unit":"cm"}]'}), ["exact false", "sizes 0-None cm", "sizes 1-None mm"])
    check("a time", found("", params={"since": "2027-03-01T13:00:00+01:00"}), ["exact false", "since 2027-03-01T12:00:00Z"])
    check("a number", found("?least=-1.5e3"), ["exact false", "least -1500"])
    check("bytes", found("?raw=AQ_-"), ["exact false", 'raw b"\\x01\\x0f\\xfe"'])
    check("text", found("?tags=a+b%20c%2Bd%C3%A9"), ["exact false", "tags a b c+dé"])
    check("what is not known", found("?utm_source=x&exact=false"), ["exact false"])
    for query, field in [
        ("?exact=maybe", "exact"),
        ("?exact=true&exact=false", "exact"),
        ("?size.low_end.x=1", "size.low_end"),
        ("?size.low_end=-1", "size.low_end"),
        ("?colour=blue", "colour"),
        ("?counts=%7B", "counts"),
        ("?since=yesterday", "since"),
        ("?least=x", "least"),
        ("?page_size=-1", "page_size"),
        ("?tags.x=1", "tags"),
    ]:
        check(query, [f.split("[")[0] for f in fields(query, ask("GET", "/v1/found" + query))][:1], [field])
    problem("not UTF-8", ask("GET", "/v1/found?tags=%ff"), 400, "invalid_argument")

    # Pages, by the links of the answers.
    seen, path = [], "/v1/found?tags=1&tags=2&tags=3&tags=%26&page_size=2"
    while path and len(seen) < 20:
        answer = ask("GET", path)
        seen += answer.json()["items"]
        check("link and token", ("next" in answer.links), answer.json()["nextPageToken"] != "")
        path = answer.links.get("next", {}).get("url")
    check("all pages", seen, ["exact false", "tags &", "tags 1", "tags 2", "tags 3"])

    check("a path of values", ask("GET", "/v1/spots/COLOUR_DARK_BLUE/true/-9223372036854775808").json(), {"value": "-9223372036854775808"})
    check("by number", ask("GET", "/v1/spots/3/true/5").json(), {"value": "5"})
    check("what is wrong in a path", fields("spot", ask("GET", "/v1/spots/blue/perhaps/x")), ["at", "colour", "on"])


def keys():
    key = str(uuid.uuid4())
    body = {"id": f"k-{key}"[:40], "count": 1}
    first = ask("POST", "/v1/items", body, {"idempotency-key": f'"{key}"'})
    check("first", first.status_code, 200)
    for written in (f'"{key}"', key, f'"{key}";a=1'):
        again = ask("POST", "/v1/items", body, {"idempotency-key": written})
        check(f"again as {written}", (again.status_code, again.json()), (200, first.json()))
    # The same request, however it is written.
    again = ask("POST", "/v1/items", {"tags": [], **body, "note": None}, {"idempotency-key": f'"{key}"'})
    check("written otherwise", again.status_code, 200)
    other = ask("POST", "/v1/items", {**body, "count": 2}, {"idempotency-key": f'"{key}"'})
    problem("another request", other, 422, "failed_precondition")
    # Errors are answered again alike.
    for _ in range(2):
        full = ask("POST", "/v1/items", {"id": "full", "count": 1}, {"idempotency-key": '"full"'})
        problem("an error", full, 400, "failed_precondition", error="forms.v1.Full")
    for written in ('""', '"open', "x" * 300, '"a"b"', "caf\u00e9".encode("latin1")):
        answer = ask("POST", "/v1/items", {"id": "x", "count": 1}, {"idempotency-key": written})
        problem(f"key {written!r}", answer, 400, "invalid_argument")
    raw = b"POST /v1/items HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\nidempotency-key: a\r\nidempotency-key: b\r\n\r\n{}"
    check("two keys", wire(raw).split(b" ")[1], b"400")
    # Many at once: one effect.
    key, body = str(uuid.uuid4()), {"id": "at-once", "count": 1}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        send = lambda _: requests.post(http + "/v1/items", json=body, headers={"idempotency-key": key}, timeout=20)
        answers = list(pool.map(send, range(16)))
    check("at once", {a.status_code for a in answers} <= {200, 409} and any(a.status_code == 200 for a in answers), True)
    check("refused while it runs", {a.json()["code"] for a in answers if a.status_code == 409} <= {"aborted"}, True)


def wire(request):
    """Sends bytes and reads to the end."""
    with socket.create_connection(at.rsplit(":", 1), timeout=20) as sock:
        sock.sendall(request)
        found = b""
        while part := sock.recv(65536):
            found += part
    return found


def envelope():
    item = json.dumps({"id": "e", "count": 1}).encode()
    for what, headers, status, code in [
        ("a form", {"content-type": "application/x-www-form-urlencoded"}, 415, "invalid_argument"),
        ("text", {"content-type": "text/plain"}, 415, "invalid_argument"),
        ("lines for one", {"content-type": "application/x-ndjson"}, 415, "invalid_argument"),
        ("latin", {"content-type": "application/json; charset=iso-8859-1"}, 415, "invalid_argument"),
        ("packed oddly", {"content-type": "application/json", "content-encoding": "br"}, 415, "invalid_argument"),
        ("packed twice", {"content-type": "application/json", "content-encoding": "gzip, gzip"}, 415, "invalid_argument"),
        ("html", {"content-type": "application/json", "accept": "text/html"}, 406, "invalid_argument"),
        ("no time", {"content-type": "application/json", "request-timeout": "soon"}, 400, "invalid_argument"),
    ]:
        problem(what, ask("POST", "/v1/items", item, headers), status, code)
    answer = ask("POST", "/v1/items", item, {"content-type": "text/plain"})
    check("what is taken", answer.headers.get("accept"), "application/json")
    answer = ask("POST", "/v1/items", item, {"content-type": "application/json", "content-encoding": "br"})
    check("how it is packed", answer.headers.get("accept-encoding"), "gzip")
    for headers in (
        {"content-type": "application/json;charset=UTF-8"},
        {"content-type": "application/vnd.forms+json"},
        {"accept": "application/problem+json, application/*;q=0.5"},
    ):
        check(f"{headers}", ask("PUT", "/v1/items/e", {"count": 1}, headers).status_code, 200)

    problem("nowhere", ask("GET", "/nowhere/at/all"), 404, "not_found")
    problem("no such operation", ask("POST", "/forms.v1.Forms/Nothing", {}), 404, "not_found")
    answer = ask("PUT", "/v1/echo", {})
    problem("no such method", answer, 405, "unimplemented")
    check("what there is", answer.headers["allow"], "OPTIONS, POST")
    answer = ask("TRACE", "/v1/items")
    problem("trace", answer, 405, "unimplemented")
    answer = ask("OPTIONS", "/v1/items/x")
    check("options", (answer.status_code, answer.headers["allow"]), (204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"))

    # Limits, each with its status.
    problem("a long body", ask("POST", "/v1/items", {"id": "x" * 120_000, "count": 1}), 413, "resource_exhausted")
    # A body that nobody reads is no trap for the next request, nor for the answer.
    for _ in range(20):
        problem("unread", ask("POST", "/nowhere", b"x" * 1000), 404, "not_found")
        problem("unread", ask("POST", "/v1/items", b"x" * 200_000, {"content-type": "text/plain"}), 415, "invalid_argument")
    problem("unread and long", ask("POST", "/v1/items", b"x" * 20_000_000), 413, "resource_exhausted")
    problem("a long URL", ask("GET", "/v1/found?tags=" + "x" * 40_000), 414, "invalid_argument")
    answer = ask("GET", "/v1/found", headers={"x-long": "x" * 80_000})
    check("long headers", answer.status_code, 431)
    answer = ask("GET", "/v1/found", headers={f"x-many-{n}": "x" for n in range(200)})
    check("many headers", answer.status_code, 431)

    # Compression, both ways.
    many = "/v1/found?" + "&".join(f"tags={n:08}" for n in range(500)) + "&page_size=1000"
    plain = ask("GET", many, headers={"accept-encoding": "identity"})
    packed = ask("GET", many, headers={"accept-encoding": "gzip"})
    check("packed", (plain.headers.get("content-encoding"), packed.headers.get("content-encoding")), (None, "gzip"))
    check("alike", plain.json(), packed.json())
    check("varies", "accept-encoding" in packed.headers.get("vary", "").lower(), True)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    check("unpacked", ask("POST", "/v1/items", gzip.compress(b'{"id":"gz","count":1}'), headers).json()["id"], "gz")
    headers["content-encoding"] = "GZIP"
    check("unpacked", ask("PUT", "/v1/items/gz", gzip.compress(b'{"count":2}'), headers).status_code, 200)
    headers["content-encoding"] = "gzip"
    bomb = gzip.compress(b'{"id":"' + b" " * 50_000_000 + b'"}')
    problem("a bomb", ask("POST", "/v1/items", bomb, headers), 413, "resource_exhausted")
    problem("no gzip", ask("POST", "/v1/items", b"{}", headers), 400, "invalid_argument")
    problem("half a gzip", ask("POST", "/v1/items", gzip.compress(b'{"id":"gz","count":1}')[:-9], headers), 400, "invalid_argument")

    # How long the caller waits.
    for given in ("50ms", "0.05", "0.05s"):
        answer = ask("POST", "/forms.v1.Forms/Wait", {"id": "w"}, {"request-timeout": given})
        problem(f"waits {given}", answer, 504, "deadline_exceeded")

    # Pages of other origins.
    preflight = {
        "origin": "https://shop.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type, idempotency-key",
    }
    answer = ask("OPTIONS", "/v1/items/x", headers=preflight)
    check("preflight", answer.status_code in (200, 204), True)
    check("origin", answer.headers.get("access-control-allow-origin"), "https://shop.example")
    check("method", "PUT" in answer.headers.get("access-control-allow-methods", ""), True)
    check("headers", "idempotency-key" in answer.headers.get("access-control-allow-headers", "").lower(), True)
    check("for a while", int(answer.headers.get("access-control-max-age", "0")) >= 60, True)
    check("varies", "origin" in answer.headers.get("vary", "").lower(), True)
    answer = ask("GET", "/v1/found", headers={"origin": "https://shop.example"})
    check("answered", answer.headers.get("access-control-allow-origin"), "https://shop.example")
    check("shown", "etag" in answer.headers.get("access-control-expose-headers", "").lower(), True)
    answer = ask("GET", "/v1/items/none-such", headers={"origin": "https://shop.example"})
    check("problems too", answer.headers.get("access-control-allow-origin"), "https://shop.example")
    answer = ask("OPTIONS", "/v1/items/x", headers={**preflight, "origin": "https://evil.example"})
    check("others", answer.headers.get("access-control-allow-origin"), None)

    # Later.
    answer = ask("POST", "/v1/later", {"id": "l"})
    check("later", (answer.status_code, answer.json()), (202, {}))

    # On the wire.
    get = b"GET /v1/items/recent HTTP/1.1\r\nhost: x\r\n\r\n"
    last = get.replace(b"host: x", b"host: x\r\nconnection: close")
    check("one after the other, sent at once", wire(get + get + last).count(b"HTTP/1.1 200"), 3)
    check("the old one", wire(get.replace(b"HTTP/1.1", b"HTTP/1.0")).split(b"\r\n")[0].split(b" ")[1], b"200")
    check("with its host", wire(last.replace(b"/v1", f"http://{at}/v1".encode())).split(b" ")[1], b"200")
    check("a star", wire(b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").split(b" ")[1] in (b"200", b"204", b"404"), True)
    check("a tunnel", wire(b"CONNECT a:1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").split(b" ")[1][:1], b"4")
    smuggled = b"POST /v1/items HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    check("two lengths", wire(smuggled).split(b" ")[1][:1], b"4")
    expect = b"POST /v1/items HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\n"
    with socket.create_connection(at.rsplit(":", 1), timeout=20) as sock:
        sock.sendall(expect)
        check("refused before it is sent", sock.recv(65536).split(b" ")[1], b"415")


def http2():
    with httpx.Client(http1=False, http2=True, base_url=http, timeout=20) as client:
        answer = client.get("/v1/items/recent")
        check("h2", (answer.http_version, answer.status_code, answer.json()["id"]), ("HTTP/2", 200, "the latest"))
        answer = client.post("/v1/items", content=b"x" * 120_000, headers={"content-type": "application/json"})
        check("h2: a long body", answer.status_code, 413)
        with client.stream("GET", "/v1/items/a/events?upto=3") as answer:
            events = [line for line in answer.iter_lines() if line.startswith("data:")]
            check("h2: events", len(events), 4)
        answer = client.put("/v1/items/a/scan", content=b"x" * 300_000)
        check("h2: bytes", answer.json(), {"value": "300000"})
    upgrade = b"GET /v1/items/recent HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n"
    check("h2c by upgrade", wire(upgrade).split(b" ")[1], b"200")


def events_of(text):
    """Events, each a dict."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":")) for block in blocks]


def streams():
    answer = ask("GET", "/v1/items/a/events?upto=3", headers={"accept": "text/event-stream"})
    check("events", answer.headers["content-type"], "text/event-stream")
    check("events are not kept", answer.headers["cache-control"], "no-store")
    found = events_of(answer.text)
    check("their ids", [event.get("id") for event in found], ["1", "2", "3", "end"])
    check("their data", [json.loads(event["data"]).get("count") for event in found], [1, 2, 3, None])
    check("the end", found[-1]["event"], "end")
    check("when to come again", found[0].get("retry"), "2000")
    # A handler that can goes on where it broke off; who has seen the end need not come again.
    answer = ask("GET", "/v1/items/a/events?upto=3", headers={"last-event-id": "1"})
    found = events_of(answer.text)
    check("from there", [(e.get("id"), json.loads(e["data"]).get("count")) for e in found], [("2", 2), ("3", 3), ("end", None)])
    answer = ask("GET", "/v1/items/a/events?upto=3", headers={"last-event-id": "end"})
    check("no more", (answer.status_code, answer.content), (204, b""))
    problem("no such stream", ask("GET", "/v1/items/nowhere/events"), 404, "not_found")
    found = events_of(ask("GET", "/v1/items/fails/events?upto=1").text)
    check("fails", found[-1]["event"], "error")
    check("with a problem", json.loads(found[-1]["data"])["error"], "forms.v1.NoSuchItem")
    problem("events are not JSON", ask("GET", "/v1/items/a/events", headers={"accept": "application/json"}), 406, "invalid_argument")

    lines = b'{"id":"a","count":1}\r\n\n{"id":"b","count":2}\n'
    answer = ask("POST", "/v1/loads", lines, {"content-type": "application/x-ndjson"})
    check("lines", answer.json(), {"items": 2, "count": "3"})
    answer = ask("POST", "/v1/loads", [{"id": "a", "count": 1}] * 3)
    check("an array", answer.json(), {"items": 3, "count": "3"})
    check("nothing", ask("POST", "/v1/loads", []).json(), {"items": 0, "count": "0"})
    answer = ask("POST", "/v1/loads", b'{"id":"a","count":1}\n{"id":"","count":0}\n', {"content-type": "application/x-ndjson"})
    check("a rule is broken in a line", fields("a line", answer), ["count", "id"])
    answer = ask("POST", "/v1/loads", b'{"id":"a","count":1}\n{"id":5}\n', {"content-type": "application/x-ndjson"})
    check("a type is wrong in a line", "line 2" in problem("a line", answer, 400, "invalid_argument").get("detail", ""), True)
    # Without a length, as it comes.
    answer = ask("POST", "/v1/loads", (b'{"id":"a","count":1}\n' for _ in range(5000)), {"content-type": "application/x-ndjson"})
    check("many lines", answer.json(), {"items": 5000, "count": "5000"})
    # Both ways.
    answer = ask("POST", "/v1/talk", lines, {"content-type": "application/x-ndjson"})
    found = events_of(answer.text)
    check("talk", [json.loads(e["data"]).get("note") for e in found], ["heard", "heard", None])


def raw_bytes():
    answer = ask("PUT", "/v1/items/a/scan?mode=x", b"\x00\xff" * 1000, {"content-type": "image/png"})
    check("bytes", answer.json(), {"value": "2000"})
    check("bytes as they come", ask("PUT", "/v1/items/a/scan", (b"x" * 1000 for _ in range(500))).json(), {"value": "500000"})
    check("none", ask("PUT", "/v1/items/a/scan", b"").json(), {"value": "0"})
    check("too many", fields("too many", ask("PUT", "/v1/items/a/scan", b"x" * (1 << 20) + b"x")) in ([], ["scan"]), True)
    check("the head is judged", fields("head", ask("PUT", "/v1/items/" + "i" * 41 + "/scan", b"x")), ["id"])
    check("not read", ask("PUT", "/v1/items/a/scan?mode=look", b"x" * 900_000).json(), {"value": "0"})
    packed = ask("PUT", "/v1/items/a/scan", gzip.compress(b"x" * 5000), {"content-encoding": "gzip"})
    check("unpacked bytes", packed.json(), {"value": "5000"})
    answer = ask("GET", "/v1/scan?size=123456", headers={"accept-encoding": "identity"})
    check("bytes out", (len(answer.content), answer.headers["content-type"]), (123456, "application/octet-stream"))
    check("no parts of it", answer.headers.get("accept-ranges"), "none")
    answer = ask("GET", "/v1/scan?size=5000", headers={"range": "bytes=0-9", "accept-encoding": "identity"})
    check("the whole", (answer.status_code, len(answer.content)), (200, 5000))


async def socket_of(path, messages, origin=None, close=None):
    """What is answered to messages, and how it is closed."""
    found = []
    async with websockets.connect(f"ws://{at}{path}", origin=origin, max_size=1 << 20, open_timeout=20) as ws:
        for message in messages:
            await ws.send(message)
        if close:
            found.append(json.loads(await ws.recv()))
            await ws.close(close)
        try:
            while True:
                message = await asyncio.wait_for(ws.recv(), 20)
                found.append(message if isinstance(message, bytes) else json.loads(message))
        except websockets.ConnectionClosed as closed:
            code = (closed.rcvd.code if closed.rcvd else None, closed.sent.code if closed.sent else None)
    return found, code


def item(name, **more):
    return json.dumps({"id": name, "count": 1, **more})


async def sockets():
    answers, code = await socket_of("/v1/talk", [item("a"), item("b"), ""])
    check("socket", ([a["value"]["id"] for a in answers], code), (["a", "b"], (1000, 1000)))
    # The caller says goodbye, and is answered.
    answers, code = await socket_of("/v1/talk", [item("a")], close=1000)
    check("goodbye", (len(answers), code), (1, (1000, 1000)))
    for what, path, messages, wanted, detail in [
        ("a declared error", "/v1/talk", [item("full")], 4400, "Full"),
        ("no JSON", "/v1/talk", ["{"], 1007, "JSON"),
        ("a broken rule", "/v1/talk", [item("")], 4400, "id"),
        ("a wrong type", "/v1/talk", ['{"id": 5}'], 1007, "id"),
        ("binary", "/v1/talk", [b"x"], 1003, "binary"),
        ("too long", "/v1/talk", [item("x" * 200_000)], 1009, "long"),
        ("nothing there", "/v1/items/nowhere/events", [], 4404, "NoSuchItem"),
        ("after the end", "/v1/items/waits/events?upto=0", ["{}"], 1003, "complete"),
    ]:
        answers, code = await socket_of(path, messages)
        check(f"socket: {what}", code[0], wanted)
        check(f"socket: {what}: told", detail in json.dumps(answers[-1]["problem"]) if answers else None, True)
    answers, code = await socket_of("/v1/items/a/events?upto=2", [])
    check("by URL", ([a["value"]["count"] for a in answers], code[0]), ([1, 2], 1000))
    answers, code = await socket_of("/v1/loads", [item("a"), item("b"), ""])
    check("sum", (answers, code[0]), ([{"value": {"items": 2, "count": "2"}}], 1000))
    answers, code = await socket_of("/v1/items/a/scan", [b"x" * 1000, b"y" * 500, ""])
    check("bytes in", (answers, code[0]), ([{"value": {"value": "1500"}}], 1000))
    answers, code = await socket_of("/v1/scan?size=2500", [])
    check("bytes out", (b"".join(answers), code[0]), (b"\x07" * 2500, 1000))
    answers, code = await socket_of("/v1/talk", [""], origin="https://shop.example")
    check("origin", code[0], 1000)
    for path, origin, status in [("/v1/talk", "https://evil.example", 403), ("/v1/echo", None, 405), ("/nowhere", None, 404)]:
        try:
            await socket_of(path, [], origin=origin)
            status_found = 101
        except websockets.InvalidStatus as refused:
            status_found = refused.response.status_code
        check(f"socket {path} {origin}", status_found, status)
    # Each is heard at once; pings are answered.
    async with websockets.connect(f"ws://{at}/v1/talk", ping_interval=None) as ws:
        for n in range(50):
            await ws.send(item(f"n{n}"))
            check("at once", json.loads(await ws.recv())["value"]["id"], f"n{n}")
        pong = await ws.ping()
        await asyncio.wait_for(pong, 20)
        await ws.send([item("frag")[:5], item("frag")[5:]])
        check("in parts", json.loads(await ws.recv())["value"]["id"], "frag")


def visit(part):
    """One part; the others are tried even where it breaks."""
    try:
        part()
    except Exception:
        failures.append(traceback.format_exc())


for part in (protojson, broken_json, items, declared, queries, keys, envelope, http2, streams, raw_bytes):
    visit(part)
visit(lambda: asyncio.run(sockets()))
assert not failures, f"{len(failures)} are not as they should be:\n" + "\n".join(failures)
print("every form is known to Python")
