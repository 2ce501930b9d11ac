//! Services and operations: codes and their pages.

svckit_diagnostics::codes! {
    /// A clause on something that can't have it.
    ///
    /// ## Why is this an error
    /// It would be without effect. Queries, for one, have no effects, so they neither publish nor undo nor need
    /// idempotency.
    ///
    /// ## Example
    /// `query GetOrder(id @1: OrderId) -> Order  emits OrderRead`
    ///
    /// ## Write instead
    /// Leave it out, or make the query a command.
    pub MISPLACED_CLAUSE = Error "E0200" "misplaced-clause";

    /// A clause that stands twice on one member.
    ///
    /// ## Why is this an error
    /// One of them would be overlooked.
    ///
    /// ## Example
    /// `errors { A }  errors { B }`
    ///
    /// ## Write instead
    /// `errors { A, B }`
    pub DUPLICATE_CLAUSE = Error "E0201" "duplicate-clause";

    /// A key made of a field that can't be one.
    ///
    /// ## Why is this an error
    /// Keys of idempotency, of events, of undos and of sagas are compared and stored: they are strings, uuids,
    /// integers or scalars
    /// over these, and always there.
    ///
    /// ## Example
    /// `idempotent by total` where `total` is a record
    ///
    /// ## Write instead
    /// A field of its own: `request_id @9: uuid`.
    pub BAD_KEY = Error "E0202" "bad-key";

    /// A stream command that does not say what a repetition does.
    ///
    /// ## Why is this an error
    /// A stream has no request that a key could be recorded with. So either repeating it does no harm, or it does
    /// and callers must
    /// know.
    ///
    /// ## Example
    /// `command Import(stream Order) -> Summary`
    ///
    /// ## Write instead
    /// `command Import(stream Order) -> Summary  idempotent natural`
    pub STREAM_IDEMPOTENCY = Error "E0203" "stream-idempotency";

    /// A queued command with an answer, errors or a stream.
    ///
    /// ## Why is this an error
    /// It is accepted and done later, when nobody waits any more.
    ///
    /// ## Example
    /// `command Resize(photo @1: PhotoId) -> Photo  queue { attempts 5 }`
    ///
    /// ## Write instead
    /// `command Resize(photo @1: PhotoId)  queue { attempts 5 }  emits PhotoResized`
    pub QUEUE_ANSWER = Error "E0204" "queue-answer";

    /// One error declared twice on an operation.
    ///
    /// ## Why is this an error
    /// Once says it all; two with different events would contradict each other.
    ///
    /// ## Example
    /// `errors { OutOfStock, OutOfStock }`
    ///
    /// ## Write instead
    /// `errors { OutOfStock }`
    pub DUPLICATE_ERROR = Error "E0205" "duplicate-error";

    /// One operation named twice in one `calls`.
    ///
    /// ## Why is this an error
    /// How often it is called is one number, from which worst cases are computed.
    ///
    /// ## Example
    /// `calls stock.Level, stock.Level`
    ///
    /// ## Write instead
    /// `calls stock.Level x2`
    pub DUPLICATE_CALL = Error "E0206" "duplicate-call";

    /// A call that happens no times.
    ///
    /// ## Why is this an error
    /// What is never called is not a dependency.
    ///
    /// ## Example
    /// `calls stock.Level x0`
    ///
    /// ## Write instead
    /// `calls stock.Level`, or nothing.
    pub BAD_CALL = Error "E0207" "bad-call-count";

    /// An event published, or a saga started, by another service than its own.
    ///
    /// ## Why is this an error
    /// A fact is told by the one that knows it; a saga starts in the transaction of its own service.
    ///
    /// ## Example
    /// `emits payments.PaymentCaptured` in service `Orders`
    ///
    /// ## Write instead
    /// An event of `Orders`, or a call of an operation of `Payments`.
    pub FOREIGN_EVENT = Error "E0208" "foreign-event";

    /// One event named twice in one `emits`.
    ///
    /// ## Why is this an error
    /// `A, B` is each once, `A | B` exactly one; twice the same is neither.
    ///
    /// ## Example
    /// `emits OrderPlaced, OrderPlaced`
    ///
    /// ## Write instead
    /// `emits OrderPlaced`, or `OrderPlaced*` for any number.
    pub DUPLICATE_EMIT = Error "E0209" "duplicate-emit";

    /// An `http` binding with an unknown method, a malformed path, or a parameter that is no plain field of the
    /// request.
    ///
    /// ## Why is this an error
    /// It could not be routed. `GET` is for queries alone: whoever follows a link must change nothing.
    ///
    /// ## Example
    /// `http GET "/v1/orders/{order}"` for a request with an `id`
    ///
    /// ## Write instead
    /// `http GET "/v1/orders/{id}"`
    pub BAD_HTTP = Error "E0210" "bad-http";

    /// Two operations of one service with one method and path.
    ///
    /// ## Why is this an error
    /// Only one of them could answer. Names of parameters make no difference.
    ///
    /// ## Example
    /// `http GET "/v1/{id}"` and `http GET "/v1/{name}"`
    ///
    /// ## Write instead
    /// Another path for one of them.
    pub HTTP_CLASH = Error "E0211" "http-clash";

    /// `undoes` of something that can't be undone, or by a field that can't hold its key.
    ///
    /// ## Why is this an error
    /// An undo closes the key of what it undoes, in one transaction: so that is a command of the same service with
    /// a key, and the
    /// field holds that key.
    ///
    /// ## Example
    /// `command Release(id @1: uuid)  undoes GetStock by id` where `GetStock` is a query
    ///
    /// ## Write instead
    /// `command Release(reserved_by @1: string)  undoes Reserve by reserved_by`
    pub BAD_UNDO = Error "E0212" "bad-undo";

    /// A scope on a service, or `jwt` without its issuer.
    ///
    /// ## Why is this an error
    /// Who the caller is is settled for a whole service; what that caller may do, per operation.
    ///
    /// ## Example
    /// `auth jwt { audience "orders" }`
    ///
    /// ## Write instead
    /// `auth jwt { issuer "https://id.shop.example"  audience "orders" }`
    pub BAD_AUTH = Error "E0213" "bad-auth";

    /// `slo` with something that is neither an availability in percent nor a latency at a percentile.
    ///
    /// ## Why is this an error
    /// Budgets and alerts are computed from it.
    ///
    /// ## Example
    /// `slo availability 99.9, latency 300ms`
    ///
    /// ## Write instead
    /// `slo availability 99.9%, latency p99 300ms`
    pub BAD_SLO = Error "E0214" "bad-slo";

    /// `fallback value` on an operation that does not answer one value.
    ///
    /// ## Why is this an error
    /// There is nothing that the value could stand for.
    ///
    /// ## Example
    /// `query Watch() -> stream Order  fallback value { … }`
    ///
    /// ## Write instead
    /// Leave it out, or answer one value.
    pub BAD_FALLBACK = Error "E0215" "bad-fallback";

    /// A `delivery` that does not exist.
    ///
    /// ## Why is this an error
    /// It decides what a broker must give.
    ///
    /// ## Example
    /// `delivery exactly_once`
    ///
    /// ## Write instead
    /// `at_most_once`, `at_least_once` (the default), or `effectively_once`: one effect in the handler's own store.
    pub UNKNOWN_DELIVERY = Error "E0216" "unknown-delivery";
}
