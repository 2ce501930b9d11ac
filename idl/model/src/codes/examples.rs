//! Examples: codes and their pages.

svckit_diagnostics::codes! {
    /// A part of an example that its operation or event can't have, or one that is missing.
    ///
    /// ## Why is this an error
    /// An operation is asked and answers; an event is shown by `event { … }`.
    ///
    /// ## Example
    /// `example OrderPlaced "web" { request { } }`
    ///
    /// ## Write instead
    /// `example OrderPlaced "web" { event { … } }`
    pub MISPLACED_PART = Error "E0300" "misplaced-part";

    /// An example with two requests, events or outcomes.
    ///
    /// ## Why is this an error
    /// It shows one case.
    ///
    /// ## Example
    /// `request { … }  request { … }`
    ///
    /// ## Write instead
    /// Two examples.
    pub DUPLICATE_PART = Error "E0301" "duplicate-part";

    /// An error that the operation does not declare.
    ///
    /// ## Why is this an error
    /// Only declared errors reach a caller as themselves.
    ///
    /// ## Example
    /// `fails OutOfStock` for an operation without that error
    ///
    /// ## Write instead
    /// `errors { OutOfStock }` on the operation.
    pub UNDECLARED_ERROR = Error "E0302" "undeclared-error";

    /// `given` of a state that the service does not declare.
    ///
    /// ## Why is this an error
    /// Tests ask the service for its states by name.
    ///
    /// ## Example
    /// `given customer_exist { … }`
    ///
    /// ## Write instead
    /// `fixture customer_exists { … }` in the service.
    pub UNKNOWN_FIXTURE = Error "E0303" "unknown-fixture";

    /// Two examples of one operation or event with one title.
    ///
    /// ## Why is this an error
    /// Tests and documentation name examples by their titles.
    ///
    /// ## Example
    /// `example PlaceOrder "one"` twice
    ///
    /// ## Write instead
    /// A title of its own for each.
    pub DUPLICATE_EXAMPLE = Error "E0304" "duplicate-example";
}
