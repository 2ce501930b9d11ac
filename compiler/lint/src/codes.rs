//! Codes of exceptions to the rules.

svckit_diagnostics::codes! {
    /// An exception that excuses nothing.
    ///
    /// ## Why is this bad
    /// The design it excuses is gone, or the rule does not see it where the exception stands. Left alone, it will
    /// excuse what somebody adds there next, unseen.
    ///
    /// ## Example
    /// ```svc
    /// allow sync-chain because "until the catalogue moves"
    /// query Recent() -> list<Sku>      // calls nobody
    /// ```
    ///
    /// ## Use instead
    /// Remove the line; or put it before the item that the rule's message is about.
    pub UNUSED_ALLOW = Warning "E0891" "unused-allow";

    /// An exception whose last day is over.
    ///
    /// ## Why is this bad
    /// It was meant to end: from the day after its date the rule holds again, and what it found is reported as if the
    /// exception were not there.
    ///
    /// ## Example
    /// ```svc
    /// allow sync-chain because "until the catalogue moves" until 2020-03-01
    /// query Recent() -> list<Sku>
    ///   calls catalog.List
    /// ```
    ///
    /// ## Use instead
    /// Do what was put off and remove the line; or say why it takes longer, with a new date.
    pub EXPIRED_ALLOW = Warning "E0892" "expired-allow";

    /// An exception to a rule that there is not.
    ///
    /// ## Why is this bad
    /// It excuses nothing. Mostly it is a slip of the pen; what the language itself asks for can't be excused.
    ///
    /// ## Example
    /// ```svc
    /// allow sync-chains because "until the catalogue moves"
    /// query Recent() -> list<Sku>
    /// ```
    ///
    /// ## Use instead
    /// `svckit rules` lists every rule.
    pub UNKNOWN_RULE = Warning "E0893" "unknown-rule";
}
