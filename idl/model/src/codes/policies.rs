//! Policies and settings: codes and their pages.

svckit_diagnostics::codes! {
    /// Policies that extend each other.
    ///
    /// ## Why is this an error
    /// None of them would have numbers of its own to start from.
    ///
    /// ## Example
    /// ```svc
    /// policy A extends B { }
    /// policy B extends A { }
    /// ```
    ///
    /// ## Write instead
    /// ```svc
    /// policy A { }
    /// policy B extends A { }
    /// ```
    pub POLICY_CYCLE = Error "E0180" "policy-cycle";

    /// A block or setting that does not exist.
    ///
    /// ## Why is this an error
    /// It would be without effect, and nobody would notice.
    ///
    /// ## Example
    /// `retry { attempt 3 }`
    ///
    /// ## Write instead
    /// `retry { attempts 3 }`
    pub UNKNOWN_SETTING = Error "E0181" "unknown-setting";

    /// One block or setting given twice.
    ///
    /// ## Why is this an error
    /// One of them would be overlooked.
    ///
    /// ## Example
    /// `timeout { total 1s  total 2s }`
    ///
    /// ## Write instead
    /// `timeout { total 2s }`
    pub DUPLICATE_SETTING = Error "E0182" "duplicate-setting";

    /// A setting followed by something else than it takes.
    ///
    /// ## Why is this an error
    /// Durations have units (`250ms`), rates a time (`10/s`), shares a percent sign (`20%`), counts start at 1.
    ///
    /// ## Example
    /// `timeout { total 5 }`
    ///
    /// ## Write instead
    /// `timeout { total 5s }`
    pub BAD_SETTING = Error "E0183" "bad-setting";

    /// Numbers of a policy that can't hold together.
    ///
    /// ## Why is this an error
    /// An attempt that may take longer than the whole call never gets that long; a range that goes downwards is
    /// empty.
    ///
    /// ## Example
    /// `timeout { attempt 5s  total 2s }`
    ///
    /// ## Write instead
    /// `timeout { attempt 1s  total 2s }`
    pub POLICY_CONTRADICTION = Error "E0184" "policy-contradiction";
}
