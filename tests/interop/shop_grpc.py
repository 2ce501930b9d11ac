"""Shops as a Python program does that has the emitted .proto files alone: by grpcio and stubs made from them."""

import concurrent.futures
import uuid

import grpc
from google.rpc import error_details_pb2

import peer

opt = peer.options()
pb, rpc = peer.stubs(opt.proto, opt.root)
from shop.common.v1 import common_pb2 as common  # noqa: E402  the stubs are there only now
from shop.inventory.v1 import inventory_pb2, inventory_pb2_grpc  # noqa: E402

channel = grpc.insecure_channel(opt.at)
orders = rpc.OrdersServiceStub(channel)
inventory = inventory_pb2_grpc.InventoryServiceStub(channel)
T = peer.SECONDS
Code = grpc.StatusCode


def wanted(currency="EUR", **more):
    price = common.Money(currency=currency, cents=450)
    request = dict(
        order_id=str(uuid.uuid4()),
        customer="c-0007",
        lines=[common.Line(sku="MUG-1", quantity=2, price=price)],
        pickup="Main Street 1",
        token="tok-1",
    )
    return pb.PlaceOrderRequest(**{**request, **more})


def place(request):
    return orders.PlaceOrder(request, timeout=T)


def takes_an_order():
    request = wanted()
    placed = place(request)
    assert (placed.id, placed.total.cents, placed.total.currency) == (request.order_id, 900, "EUR"), placed
    assert placed.status == pb.ORDER_STATUS_PLACED and not placed.HasField("reason"), placed
    read = orders.GetOrder(pb.GetOrderRequest(id=request.order_id), timeout=T)
    assert (read.customer, read.placed) == ("c-0007", placed.placed), read


def takes_it_once():
    request = wanted()
    first = place(request)
    assert place(request) == first, "the recorded answer comes again"
    # Another order by the same key is none.
    other = wanted(order_id=request.order_id, customer="c-0008")
    status = peer.refusal(lambda: place(other), Code.FAILED_PRECONDITION)
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), status
    assert info.reason == "IDEMPOTENCY_KEY_REUSED", status
    # Many at once are one.
    request = wanted()

    def ask(_):
        try:
            return place(request).placed.ToNanoseconds()
        except grpc.RpcError as error:
            assert error.code() == Code.ABORTED, error

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = {answer for answer in pool.map(ask, range(16)) if answer is not None}
    assert len(answers) == 1, answers


def tells_what_is_wrong():
    bad = wanted(customer="nobody", lines=[])
    status = peer.refusal(lambda: place(bad), Code.INVALID_ARGUMENT)
    assert sorted(peer.violations(status)) == ["customer", "lines"], status
    lines = [common.Line(sku="mug", quantity=1000, price=common.Money(currency="EUR", cents=1))]
    status = peer.refusal(lambda: place(wanted(lines=lines)), Code.INVALID_ARGUMENT)
    assert sorted(peer.violations(status)) == ["lines[0].quantity", "lines[0].sku"], status


def carries_declared_errors():
    nobody = str(uuid.uuid4())
    ask = lambda: orders.GetOrder(pb.GetOrderRequest(id=nobody), timeout=T)  # noqa: E731
    status = peer.refusal(ask, Code.NOT_FOUND)
    assert peer.domain_error(status, pb.OrderNotFound()).order_id == nobody
    lines = [
        common.Line(sku="MUG-1", quantity=1, price=common.Money(currency=currency, cents=1))
        for currency in ("EUR", "USD")
    ]
    status = peer.refusal(lambda: place(wanted(lines=lines)), Code.INVALID_ARGUMENT)
    assert peer.domain_error(status, pb.WrongCurrency()).currency == "USD"


def follows_an_order_to_its_end():
    request = wanted()
    place(request)
    watched = orders.WatchOrder(pb.WatchOrderRequest(id=request.order_id), timeout=T)
    seen = [status.value for status in watched]
    assert seen[-1] in (pb.ORDER_STATUS_SHIPPED, pb.ORDER_STATUS_CANCELLED), seen
    end = orders.GetOrder(pb.GetOrderRequest(id=request.order_id), timeout=T)
    assert end.HasField("tracking") or end.HasField("reason"), end


def asks_the_warehouse():
    request = inventory_pb2.RestockRequest(delivery=str(uuid.uuid4()), sku="LAMP-4", quantity=5)
    stock = inventory.Restock(request, timeout=T)
    assert inventory.Restock(request, timeout=T) == stock, "a delivery comes once"
    checked = orders.CheckProduct(pb.CheckProductRequest(sku="LAMP-4"), timeout=T)
    assert (checked.sku, checked.pieces) == ("LAMP-4", stock.available), checked
    shelves = {stock.sku: stock for stock in inventory.CountShelves(inventory_pb2.CountShelvesRequest(), timeout=T)}
    assert shelves["LAMP-4"] == inventory_pb2.CountShelvesResponse(sku="LAMP-4", available=stock.available), shelves


def waits_no_longer_than_its_deadline():
    # Where nobody else is there, an order stays placed: who watches it is told so, and then waits for nothing.
    alone = rpc.OrdersServiceStub(grpc.insecure_channel(opt.alone))
    request = wanted()
    assert alone.PlaceOrder(request, timeout=T).status == pb.ORDER_STATUS_PLACED
    watched = alone.WatchOrder(pb.WatchOrderRequest(id=request.order_id), timeout=1)
    assert next(watched).value == pb.ORDER_STATUS_PLACED
    status = peer.refusal(lambda: watched, Code.DEADLINE_EXCEEDED)
    assert status is None or status.code == Code.DEADLINE_EXCEEDED.value[0], status
    # The warehouse is away too, and the answer without it comes in time.
    checked = alone.CheckProduct(pb.CheckProductRequest(sku="MUG-1"), timeout=T)
    assert checked.sku == "MUG-1" and not checked.HasField("pieces"), checked


def turns_pages():
    placed = {place(wanted()).id for _ in range(3)}
    seen, token = [], ""
    while True:
        page = orders.ListOrders(pb.ListOrdersRequest(page_size=2, page_token=token), timeout=T)
        seen += [order.id for order in page.items]
        token = page.next_page_token
        if not token:
            break
    assert placed <= set(seen) and len(seen) == len(set(seen)), seen


grpc.channel_ready_future(channel).result(timeout=T)
peer.run([
    ("an order", takes_an_order),
    ("once", takes_it_once),
    ("violations by path", tells_what_is_wrong),
    ("declared errors", carries_declared_errors),
    ("an order to its end", follows_an_order_to_its_end),
    ("the warehouse", asks_the_warehouse),
    ("a deadline", waits_no_longer_than_its_deadline),
    ("pages", turns_pages),
])
