//! Deployments and gateways: codes and their pages.

svckit_diagnostics::codes! {
    /// A broker, store, discovery or protocol that svckit does not have.
    ///
    /// ## Why is this an error
    /// There is nothing that could connect to it.
    ///
    /// ## Example
    /// `broker kafak env "KAFKA_BROKERS"`
    ///
    /// ## Write instead
    /// `broker kafka env "KAFKA_BROKERS"`
    pub UNKNOWN_KIND = Error "E0280" "unknown-kind";

    /// One line, service, broker, route or part given twice.
    ///
    /// ## Why is this an error
    /// One of them would be overlooked.
    ///
    /// ## Example
    /// `store memory` and `store postgres env "DATABASE_URL"`
    ///
    /// ## Write instead
    /// One of them.
    pub DUPLICATE_LINE = Error "E0281" "duplicate-line";

    /// A service put on a broker that its deployment does not have.
    ///
    /// ## Why is this an error
    /// Nothing says where that broker is.
    ///
    /// ## Example
    /// `orders.Orders { events kafka }` without a `broker kafka …` line
    ///
    /// ## Write instead
    /// `broker kafka env "KAFKA_BROKERS"`
    pub UNKNOWN_BROKER = Error "E0282" "unknown-broker";

    /// A gateway on a deployment that is not declared.
    ///
    /// ## Why is this an error
    /// It would route to nothing. `local` is always there.
    ///
    /// ## Example
    /// `gateway Public on prodction { … }`
    ///
    /// ## Write instead
    /// `gateway Public on production { … }`
    pub UNKNOWN_DEPLOYMENT = Error "E0283" "unknown-deployment";
}
