"""Calls the quickstart's library as a Python program does that has the emitted .proto alone: all forms of call."""

import queue
import uuid

import grpc

import peer

opt = peer.options()
pb, rpc = peer.stubs(opt.proto, opt.root)
channel = grpc.insecure_channel(opt.at)
T = peer.SECONDS
Code = grpc.StatusCode

catalogue = rpc.CatalogueServiceStub(channel)
desk = rpc.DeskServiceStub(channel)

EMMA, NOWHERE = "9780141439587", "9799999999999"


def book(kind, isbn=EMMA, title="Emma", author="Jane Austen", **more):
    return kind(isbn=isbn, title=title, authors=[author], **more)


def borrow(isbn, **more):
    request = dict(request_id=str(uuid.uuid4()), isbn=isbn, reader="ada-1")
    return desk.Borrow(pb.BorrowRequest(**{**request, **more}), timeout=T)


def goes_on():
    catalogue.Add(book(pb.AddRequest), timeout=T)


def answers_one_by_one():
    added = catalogue.Add(book(pb.AddRequest, shelf="A1"), timeout=T)
    assert (added.isbn, added.shelf) == (EMMA, "A1"), added
    # What was left out has the contract's defaults.
    assert (added.copies, added.condition) == (1, pb.CONDITION_GOOD), added
    assert catalogue.GetBook(pb.GetBookRequest(value=EMMA), timeout=T).title == "Emma"
    assert not catalogue.Add(book(pb.AddRequest), timeout=T).HasField("shelf")


def names_every_violation():
    bad = pb.AddRequest(isbn="978", copies=51, shelf="")
    status = peer.refusal(lambda: catalogue.Add(bad, timeout=T), Code.INVALID_ARGUMENT)
    assert sorted(peer.violations(status)) == ["authors", "copies", "isbn", "shelf", "title"], status
    status = peer.refusal(lambda: borrow(EMMA, request_id="", reader="A1"), Code.INVALID_ARGUMENT)
    assert "request_id" in peer.violations(status), status


def lends_once_for_one_request():
    catalogue.Add(book(pb.AddRequest, isbn="9780141439600", title="Tales", copies=2), timeout=T)
    once = str(uuid.uuid4())
    loans = {borrow("9780141439600", request_id=request).id for request in (once, once, str(uuid.uuid4()))}
    assert len(loans) == 2 and once in loans, loans


def carries_declared_errors():
    status = peer.refusal(lambda: catalogue.GetBook(pb.GetBookRequest(value=NOWHERE), timeout=T), Code.NOT_FOUND)
    assert peer.domain_error(status, pb.BookNotFound()).isbn == NOWHERE
    status = peer.refusal(lambda: borrow(NOWHERE), Code.NOT_FOUND)
    assert peer.domain_error(status, pb.BookNotFound()).isbn == NOWHERE


def turns_pages():
    two = {"9780141439471": "Frankenstein", "9780199552351": "The Last Man"}
    delivery = [book(pb.ImportRequest, isbn, title, "Mary Shelley") for isbn, title in two.items()]
    catalogue.Import(iter(delivery), timeout=T)
    seen, token = [], ""
    while True:
        page = catalogue.All(pb.AllRequest(author="Mary Shelley", page_size=1, page_token=token), timeout=T)
        assert len(page.items) <= 1, page
        seen += [b.isbn for b in page.items]
        token = page.next_page_token
        if not token:
            break
    assert sorted(seen) == sorted(two), seen
    assert not catalogue.All(pb.AllRequest(author="Nobody"), timeout=T).items


def takes_a_stream():
    delivery = [book(pb.ImportRequest, f"97800000{n:05}", f"Volume {n}") for n in range(300)]
    first = catalogue.Import(iter(delivery), timeout=T)
    again = catalogue.Import(iter(delivery), timeout=T)
    assert (again.added, again.replaced) == (0, 300), (first, again)
    assert catalogue.Import(iter([]), timeout=T).added == 0


def refuses_within_a_stream():
    mixed = iter([book(pb.ImportRequest), book(pb.ImportRequest, isbn="1")])
    status = peer.refusal(lambda: catalogue.Import(mixed, timeout=T), Code.INVALID_ARGUMENT)
    assert peer.violations(status) == ["isbn"], status
    goes_on()


def gives_a_stream():
    catalogue.Add(book(pb.AddRequest, isbn="9780141439662", title="Sense", copies=2), timeout=T)
    watched = desk.WatchLoans(pb.WatchLoansRequest(), timeout=T)
    watched.initial_metadata()  # the watch has begun
    lent = [borrow("9780141439662") for _ in range(2)]
    assert [next(watched).id for _ in lent] == [loan.id for loan in lent]
    watched.cancel()
    status = peer.refusal(lambda: borrow("9780141439662"), Code.FAILED_PRECONDITION)
    error = peer.domain_error(status, pb.AllLent())
    assert error.expected == min((loan.due for loan in lent), key=lambda due: due.ToNanoseconds()), error
    goes_on()


def talks_both_ways():
    questions = queue.Queue()
    answers = catalogue.Find(iter(questions.get, None), timeout=T)
    for isbn, title in ((EMMA, "Emma"), (NOWHERE, None), (EMMA, "Emma")):
        questions.put(pb.FindRequest(value=isbn))
        found = next(answers).value
        if title is None:
            assert found.unknown == isbn, found
        else:
            assert found.book.title == title, found
    questions.put(None)
    assert list(answers) == []


def keeps_deadlines():
    watched = desk.WatchLoans(pb.WatchLoansRequest(), timeout=0.3)
    peer.refusal(lambda: watched, Code.DEADLINE_EXCEEDED)
    questions = queue.Queue()
    silent = catalogue.Find(iter(questions.get, None), timeout=0.3)
    peer.refusal(lambda: silent, Code.DEADLINE_EXCEEDED)
    questions.put(None)
    goes_on()


def survives_garbage():
    add = channel.unary_unary("/library.v1.CatalogueService/Add")
    deliver = channel.stream_unary("/library.v1.CatalogueService/Import")
    talk = channel.stream_stream("/library.v1.CatalogueService/Find")
    for garbage in (b"\xff" * 40, b"\x0a\x7f", b"\x0a\x02\xc3\x28", b"\x0b"):
        peer.refusal(lambda: add(garbage, timeout=T), Code.INVALID_ARGUMENT)
        peer.refusal(lambda: deliver(iter([garbage]), timeout=T), Code.INVALID_ARGUMENT)
        peer.refusal(lambda: talk(iter([garbage]), timeout=T), Code.INVALID_ARGUMENT)
        goes_on()


def survives_what_is_too_large():
    add = channel.unary_unary("/library.v1.CatalogueService/Add")
    deliver = channel.stream_unary("/library.v1.CatalogueService/Import")
    large = book(pb.AddRequest, title="x" * (6 << 20)).SerializeToString()
    peer.refusal(lambda: add(large, timeout=T), Code.RESOURCE_EXHAUSTED)
    peer.refusal(lambda: deliver(iter([large]), timeout=T), Code.RESOURCE_EXHAUSTED)
    goes_on()


def knows_what_it_has_not():
    peer.refusal(lambda: channel.unary_unary("/library.v1.CatalogueService/Burn")(b"", timeout=T), Code.UNIMPLEMENTED)
    peer.refusal(lambda: channel.unary_unary("/library.v1.Cellar/Add")(b"", timeout=T), Code.UNIMPLEMENTED)
    goes_on()


def tells_its_health():
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", "library.v1.CatalogueService", "library.v1.DeskService"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=T)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, (service, answer)


def shows_itself():
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
    known = ProtoReflectionDescriptorDatabase(channel)
    assert {"library.v1.CatalogueService", "library.v1.DeskService"} <= set(known.get_services())
    fields = known.FindFileContainingSymbol("library.v1.Book").message_type
    assert "Book" in [message.name for message in fields], fields


grpc.channel_ready_future(channel).result(timeout=T)
peer.run([
    ("unary", answers_one_by_one),
    ("violations by path", names_every_violation),
    ("declared errors", carries_declared_errors),
    ("idempotent by a field", lends_once_for_one_request),
    ("client stream", takes_a_stream),
    ("refusal within a stream", refuses_within_a_stream),
    ("server stream", gives_a_stream),
    ("both ways", talks_both_ways),
    ("pages", turns_pages),
    ("deadlines", keeps_deadlines),
    ("garbage", survives_garbage),
    ("too large", survives_what_is_too_large),
    ("unknown methods", knows_what_it_has_not),
    ("health", tells_its_health),
    ("reflection", shows_itself),
])
