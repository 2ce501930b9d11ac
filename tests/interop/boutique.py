"""Calls every service of the boutique as a Python program does that knows the original demo.proto alone."""

import uuid

import grpc

import peer

opt = peer.options()
pb, rpc = peer.stubs(opt.proto, opt.root)
channel = grpc.insecure_channel(opt.at)
T = peer.SECONDS

catalogue = rpc.ProductCatalogServiceStub(channel)
currency = rpc.CurrencyServiceStub(channel)
cart = rpc.CartServiceStub(channel)
shipping = rpc.ShippingServiceStub(channel)
payment = rpc.PaymentServiceStub(channel)
email = rpc.EmailServiceStub(channel)
checkout = rpc.CheckoutServiceStub(channel)
ads = rpc.AdServiceStub(channel)
recommendations = rpc.RecommendationServiceStub(channel)

ADDRESS = dict(street_address="1 Long Lane", city="Leiden", country="NL")  # no state, no zip code: zero values
VISA = dict(credit_card_number="4432-8015-6152-0454", credit_card_cvv=672,
            credit_card_expiration_year=2999, credit_card_expiration_month=1)
Code = grpc.StatusCode


def user():
    return f"python-{uuid.uuid4()}"


def add(who, product, quantity):
    item = pb.CartItem(product_id=product, quantity=quantity)
    return cart.AddItem(pb.AddItemRequest(user_id=who, item=item), timeout=T)


def order(who, currency_code="EUR", **card):
    return checkout.PlaceOrder(pb.PlaceOrderRequest(
        user_id=who, user_currency=currency_code, address=ADDRESS, email="someone@example.com",
        credit_card={**VISA, **card}), timeout=T)


def lists_products():
    products = catalogue.ListProducts(pb.Empty(), timeout=T).products
    assert len(products) == 9, products
    watch = {p.id: p for p in products}["1YMWWN1N4O"]
    assert (watch.name, watch.price_usd.currency_code) == ("Watch", "USD"), watch
    assert (watch.price_usd.units, watch.price_usd.nanos) == (109, 990000000), watch
    assert list(watch.categories) == ["accessories"], watch


def gets_and_searches_products():
    mug = catalogue.GetProduct(pb.GetProductRequest(id="6E92ZMYYFZ"), timeout=T)
    assert mug.name == "Mug", mug
    found = catalogue.SearchProducts(pb.SearchProductsRequest(query="KITCHEN"), timeout=T).results
    assert [p.name for p in found] == ["Salt & Pepper Shakers"], found
    assert len(catalogue.SearchProducts(pb.SearchProductsRequest(), timeout=T).results) == 9


def misses_a_product_by_its_error():
    status = peer.refusal(lambda: catalogue.GetProduct(pb.GetProductRequest(id="NONE"), timeout=T), Code.NOT_FOUND)
    assert peer.domain_error(status, "ProductNotFound") == b"\x0a\x04NONE", status


def converts():
    codes = currency.GetSupportedCurrencies(pb.Empty(), timeout=T).currency_codes
    assert len(codes) == 33 and {"EUR", "USD", "JPY"} <= set(codes), codes
    francs = pb.Money(currency_code="CHF", units=300)
    euros = currency.Convert(pb.CurrencyConversionRequest(**{"from": francs}, to_code="EUR"), timeout=T)
    assert (euros.currency_code, euros.units, euros.nanos) == ("EUR", 264, 84507042), euros


def refuses_currencies():
    def ask(amount, to):
        return lambda: currency.Convert(pb.CurrencyConversionRequest(**{"from": amount}, to_code=to), timeout=T)
    peer.domain_error(peer.refusal(ask(pb.Money(currency_code="EUR"), "XXX"), Code.INVALID_ARGUMENT), "UnsupportedCurrency")
    status = peer.refusal(ask(pb.Money(currency_code="euro", nanos=-10**9), "dollar"), Code.INVALID_ARGUMENT)
    assert sorted(peer.violations(status)) == ["from.currency_code", "from.nanos", "to_code"], status
    missing = peer.refusal(lambda: currency.Convert(pb.CurrencyConversionRequest(to_code="EUR"), timeout=T), Code.INVALID_ARGUMENT)
    assert peer.violations(missing) == ["from"], missing


def keeps_a_cart():
    who = user()
    add(who, "6E92ZMYYFZ", 2)
    add(who, "1YMWWN1N4O", 1)
    add(who, "6E92ZMYYFZ", 3)
    items = cart.GetCart(pb.GetCartRequest(user_id=who), timeout=T).items
    assert [(i.product_id, i.quantity) for i in items] == [("6E92ZMYYFZ", 5), ("1YMWWN1N4O", 1)], items
    cart.EmptyCart(pb.EmptyCartRequest(user_id=who), timeout=T)
    assert not cart.GetCart(pb.GetCartRequest(user_id=who), timeout=T).items


def refuses_bad_items():
    for quantity in (0, -1, 1001):
        status = peer.refusal(lambda: add(user(), "6E92ZMYYFZ", quantity), Code.INVALID_ARGUMENT)
        assert peer.violations(status) == ["item.quantity"], status
    nobody = peer.refusal(lambda: add("", "", 0), Code.INVALID_ARGUMENT)
    assert sorted(peer.violations(nobody)) == ["item.product_id", "item.quantity", "user_id"], nobody
    nothing = peer.refusal(lambda: cart.AddItem(pb.AddItemRequest(), timeout=T), Code.INVALID_ARGUMENT)
    assert peer.violations(nothing) == ["item"], nothing


def quotes_and_ships():
    items = [pb.CartItem(product_id="23", quantity=1)]
    for request in (pb.GetQuoteRequest(address=ADDRESS, items=items), pb.GetQuoteRequest()):
        cost = shipping.GetQuote(request, timeout=T).cost_usd
        assert (cost.currency_code, cost.units, cost.nanos) == ("USD", 8, 990000000), cost
    shipped = [shipping.ShipOrder(pb.ShipOrderRequest(address=ADDRESS, items=items), timeout=T) for _ in range(2)]
    assert shipped[0].tracking_id and shipped[0].tracking_id != shipped[1].tracking_id, shipped
    # An address of nothing but zero values is there; one that was left out is not.
    shipping.ShipOrder(pb.ShipOrderRequest(address=pb.Address(), items=items), timeout=T)
    status = peer.refusal(lambda: shipping.ShipOrder(pb.ShipOrderRequest(), timeout=T), Code.INVALID_ARGUMENT)
    assert peer.violations(status) == ["address"], status


def charge(**card):
    amount = pb.Money(currency_code="USD", units=12, nanos=500000000)
    return payment.Charge(pb.ChargeRequest(amount=amount, credit_card={**VISA, **card}), timeout=T)


def charges_cards():
    assert charge().transaction_id
    assert charge(credit_card_number="5555 5555 5555 4444", credit_card_cvv=0).transaction_id


def refuses_cards():
    for card, error in (
        (dict(credit_card_number="4432-8015-6152-0455"), "InvalidCard"),
        (dict(credit_card_number="378282246310005"), "UnacceptedCard"),
        (dict(credit_card_expiration_year=2020), "ExpiredCard"),
    ):
        status = peer.refusal(lambda: charge(**card), Code.INVALID_ARGUMENT)
        peer.domain_error(status, error)
        assert card.get("credit_card_number", "4432-8015-6152-0454") not in str(status), "a card in an error"
    status = peer.refusal(lambda: charge(credit_card_number="secret", credit_card_expiration_month=13), Code.INVALID_ARGUMENT)
    fields = set(peer.violations(status))
    assert fields == {"credit_card.credit_card_number", "credit_card.credit_card_expiration_month"}, status
    assert "secret" not in str(status), "a card in an error"


def confirms_by_mail():
    line = pb.OrderItem(item=pb.CartItem(product_id="6E92ZMYYFZ", quantity=1), cost=pb.Money(currency_code="USD", units=8))
    result = pb.OrderResult(order_id="1", shipping_tracking_id="AB-1", shipping_cost=pb.Money(currency_code="USD"),
                            shipping_address=ADDRESS, items=[line])
    email.SendOrderConfirmation(pb.SendOrderConfirmationRequest(email="a@example.com", order=result), timeout=T)
    status = peer.refusal(lambda: email.SendOrderConfirmation(
        pb.SendOrderConfirmationRequest(email="nobody", order=result), timeout=T), Code.INVALID_ARGUMENT)
    assert peer.violations(status) == ["email"], status


def advertises():
    assert {a.redirect_url for a in ads.GetAds(pb.AdRequest(context_keys=["kitchen"]), timeout=T).ads} == {
        "/product/9SIQT8TOJO", "/product/6E92ZMYYFZ"}
    assert len(ads.GetAds(pb.AdRequest(), timeout=T).ads) == 2


def recommends():
    request = pb.ListRecommendationsRequest(user_id="test", product_ids=["6E92ZMYYFZ", "test"])
    ids = recommendations.ListRecommendations(request, timeout=T).product_ids
    assert len(set(ids)) == 5 and "6E92ZMYYFZ" not in ids, ids


def places_an_order():
    who = user()
    add(who, "6E92ZMYYFZ", 2)
    result = order(who).order
    assert uuid.UUID(result.order_id) and result.shipping_tracking_id, result
    assert [(i.item.product_id, i.item.quantity) for i in result.items] == [("6E92ZMYYFZ", 2)], result
    cost = result.items[0].cost  # 8.99 USD at 1.1305 USD to the EUR
    assert (cost.currency_code, cost.units, cost.nanos) == ("EUR", 7, 952233524), cost
    assert result.shipping_address.city == "Leiden", result
    assert not cart.GetCart(pb.GetCartRequest(user_id=who), timeout=T).items


def refuses_orders():
    who = user()
    peer.domain_error(peer.refusal(lambda: order(who), Code.FAILED_PRECONDITION), "CartIsEmpty")
    add(who, "6E92ZMYYFZ", 1)
    peer.domain_error(peer.refusal(lambda: order(who, credit_card_expiration_year=2020), Code.INVALID_ARGUMENT), "ExpiredCard")
    peer.domain_error(peer.refusal(lambda: order(who, "XXX"), Code.INVALID_ARGUMENT), "UnsupportedCurrency")
    add(who, "NONE", 1)
    peer.domain_error(peer.refusal(lambda: order(who), Code.NOT_FOUND), "ProductNotFound")
    assert len(cart.GetCart(pb.GetCartRequest(user_id=who), timeout=T).items) == 2, "a refused order emptied the cart"


def survives_what_is_no_request():
    raw = channel.unary_unary("/hipstershop.CartService/GetCart")
    peer.refusal(lambda: raw(b"\x0a\xff\xff", timeout=T), Code.INVALID_ARGUMENT)
    peer.refusal(lambda: raw(b"\x0a" + b"\x80\x80\x80\x03" + b"x" * (6 << 20), timeout=T), Code.RESOURCE_EXHAUSTED)
    nowhere = channel.unary_unary("/hipstershop.CartService/Steal")
    peer.refusal(lambda: nowhere(b"", timeout=T), Code.UNIMPLEMENTED)
    keeps_a_cart()


grpc.channel_ready_future(channel).result(timeout=T)
peer.run([
    ("ProductCatalogService.ListProducts", lists_products),
    ("ProductCatalogService.GetProduct, SearchProducts", gets_and_searches_products),
    ("ProductCatalogService: not found", misses_a_product_by_its_error),
    ("CurrencyService.GetSupportedCurrencies, Convert", converts),
    ("CurrencyService: refused", refuses_currencies),
    ("CartService.AddItem, GetCart, EmptyCart", keeps_a_cart),
    ("CartService: refused", refuses_bad_items),
    ("ShippingService.GetQuote, ShipOrder", quotes_and_ships),
    ("PaymentService.Charge", charges_cards),
    ("PaymentService: refused", refuses_cards),
    ("EmailService.SendOrderConfirmation", confirms_by_mail),
    ("AdService.GetAds", advertises),
    ("RecommendationService.ListRecommendations", recommends),
    ("CheckoutService.PlaceOrder", places_an_order),
    ("CheckoutService: refused", refuses_orders),
    ("garbage, oversize, unknown method", survives_what_is_no_request),
])
