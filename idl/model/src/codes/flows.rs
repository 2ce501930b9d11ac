//! Sagas, choreographies, event-sourced state: codes and their pages.

svckit_diagnostics::codes! {
    /// One name for two steps, waits or parameters of a saga.
    ///
    /// ## Why is this an error
    /// Steps are recorded under their names, and keys are derived from them.
    ///
    /// ## Example
    /// `step pay: …` twice
    ///
    /// ## Write instead
    /// A name of its own for each.
    pub DUPLICATE_STEP = Error "E0260" "duplicate-step";

    /// A name in a saga that is neither a parameter nor a step.
    ///
    /// ## Why is this an error
    /// There is no value to take.
    ///
    /// ## Example
    /// `{ id: ordr.id }`
    ///
    /// ## Write instead
    /// `{ id: order.id }`
    pub UNKNOWN_STEP = Error "E0261" "unknown-step";

    /// What a step gave, used before the step has run.
    ///
    /// ## Why is this an error
    /// There is no value yet; the steps of one `parallel` group do not see each other's either.
    ///
    /// ## Example
    /// `step ship: shipping.Send { payment: pay.id }` before `step pay: …`
    ///
    /// ## Write instead
    /// The steps in the order in which they need each other, or `key(pay)`, which is known from the start.
    pub STEP_NOT_YET = Error "E0262" "step-not-yet";

    /// A line of a saga at a wrong place, or twice, or missing.
    ///
    /// ## Why is this an error
    /// A saga has one deadline, completes once where it answers, and runs only steps in parallel.
    ///
    /// ## Example
    /// `saga S of Orders () -> Receipt { … }` without `complete`
    ///
    /// ## Write instead
    /// `complete Receipt { … }`
    pub BAD_SAGA_PART = Error "E0263" "bad-saga-part";

    /// A step that calls what can't be a step, or calls it wrongly.
    ///
    /// ## Why is this an error
    /// A step is recorded: one request, one answer. Streams and events have neither.
    ///
    /// ## Example
    /// `step watch: orders.WatchOrder { … }` where that is a stream
    ///
    /// ## Write instead
    /// An operation with one request and one answer, another saga, or a `local` step.
    pub BAD_STEP = Error "E0264" "bad-step";

    /// An event of an aggregate, a projection or a choreography without exactly one field of the key's scalar.
    ///
    /// ## Why is this an error
    /// By that field it is found which one the event belongs to.
    ///
    /// ## Example
    /// `aggregate OrderBook by OrderId` with an event that has no `OrderId`
    ///
    /// ## Write instead
    /// `event OrderPlaced { order_id @1: OrderId }`
    pub NO_CORRELATION = Error "E0265" "no-correlation";

    /// An aggregate without state, or over commands that it can't decide.
    ///
    /// ## Why is this an error
    /// It belongs to one service, whose commands it decides, and adds their events up to its state.
    ///
    /// ## Example
    /// `aggregate OrderBook by OrderId { GetOrder -> OrderPlaced }` where `GetOrder` is a query
    ///
    /// ## Write instead
    /// `aggregate OrderBook by OrderId { state OrderState  PlaceOrder -> OrderPlaced }`
    pub BAD_AGGREGATE = Error "E0266" "bad-aggregate";

    /// A choreography that does not say what starts it, what success is, or by when it ends.
    ///
    /// ## Why is this an error
    /// Without them nobody can tell a flow that is stuck from one that is not.
    ///
    /// ## Example
    /// `choreography F by OrderId of Orders { starts OrderPlaced }`
    ///
    /// ## Write instead
    /// `choreography F by OrderId of Orders { starts OrderPlaced  succeeds OrderShipped  within 1h }`
    pub BAD_CHOREOGRAPHY = Error "E0267" "bad-choreography";
}
