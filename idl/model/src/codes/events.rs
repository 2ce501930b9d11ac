//! Events, subscriptions, schedules: codes and their pages.

svckit_diagnostics::codes! {
    /// One version of an event declared twice.
    ///
    /// ## Why is this an error
    /// A stored event must be read in one way.
    ///
    /// ## Example
    /// `event Paid v1 { … }` twice
    ///
    /// ## Write instead
    /// `event Paid v2 { … }` for the changed one; both stay.
    pub DUPLICATE_VERSION = Error "E0240" "duplicate-version";

    /// `upcasts` of a version that is not declared, or not older.
    ///
    /// ## Why is this an error
    /// What is derived must be known, and only old events are read as new ones.
    ///
    /// ## Example
    /// `event Paid v2 { … }  upcasts v3`
    ///
    /// ## Write instead
    /// `event Paid v2 { … }  upcasts v1`, with `event Paid v1 { … }` beside it.
    pub UNKNOWN_VERSION = Error "E0241" "unknown-version";

    /// A version of an event that is 0 or absurdly high.
    ///
    /// ## Why is this an error
    /// Versions count from v1.
    ///
    /// ## Example
    /// `event Paid v0 { … }`
    ///
    /// ## Write instead
    /// `event Paid { … }`, which is v1.
    pub BAD_VERSION = Error "E0242" "bad-version";

    /// Two subscriptions or schedules of a service with one handler.
    ///
    /// ## Why is this an error
    /// Each is a method of its own.
    ///
    /// ## Example
    /// `on A do Handle` and `on B do Handle`
    ///
    /// ## Write instead
    /// `on A do HandleA` and `on B do HandleB`
    pub DUPLICATE_HANDLER = Error "E0243" "duplicate-handler";

    /// A subscription without `do`.
    ///
    /// ## Why is this an error
    /// The handler is the method that takes the event; its name is also the name of the durable subscription.
    ///
    /// ## Example
    /// `on payments.PaymentCaptured`
    ///
    /// ## Write instead
    /// `on payments.PaymentCaptured do ConfirmOrder`
    pub MISSING_HANDLER = Error "E0244" "missing-handler";

    /// A schedule without time between its runs, or a cron text that is none.
    ///
    /// ## Why is this an error
    /// It would never run, or always.
    ///
    /// ## Example
    /// `schedule Clean cron "0 3 * *"`
    ///
    /// ## Write instead
    /// `schedule Clean cron "0 3 * * *"`: minute, hour, day of the month, month, day of the week.
    pub BAD_SCHEDULE = Error "E0245" "bad-schedule";
}
