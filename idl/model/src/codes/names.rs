//! Packages, names, `use`: codes and their pages.

svckit_diagnostics::codes! {
    /// A package, or an alias of one, that nothing declares.
    ///
    /// ## Why is this an error
    /// What a name means must be known before anything can be checked or generated.
    ///
    /// ## Example
    /// `use shop.comon.v1.{Money}` where the package is `shop.common.v1`
    ///
    /// ## Write instead
    /// The package's full name, or `use shop.payments.v1 as payments` for an alias. Packages come from the source
    /// roots of
    /// `svckit.toml` and from the workspaces that it depends on.
    pub UNKNOWN_PACKAGE = Error "E0101" "unknown-package";

    /// An item that is neither in this package nor brought in by `use`.
    ///
    /// ## Why is this an error
    /// A name that leads nowhere promises nothing.
    ///
    /// ## Example
    /// `policy Critical extends Interactiv { … }`
    ///
    /// ## Write instead
    /// The name as it is declared; for one of another package a line `use shop.common.v1.{Interactive}`.
    pub UNKNOWN_NAME = Error "E0102" "unknown-name";

    /// Something is brought in that the file does not use.
    ///
    /// ## Why is this bad
    /// It looks like a dependency and is none.
    ///
    /// ## Example
    /// `use shop.common.v1.{Money, Address}` in a file without an address
    ///
    /// ## Write instead
    /// `use shop.common.v1.{Money}`
    pub UNUSED_USE = Warning "E0103" "unused-use";

    /// Two things of one name in one place: items of a package, members of a service, imports of a file.
    ///
    /// ## Why is this an error
    /// Whoever uses the name would not know which is meant.
    ///
    /// ## Example
    /// ```svc
    /// record Order { }
    /// record Order { }
    /// ```
    ///
    /// ## Write instead
    /// Another name for one of them. Versions of an event share theirs: `event OrderPlaced v2 { … }`.
    pub DUPLICATE_NAME = Error "E0104" "duplicate-name";

    /// A name that leads to something of another kind than the place asks for.
    ///
    /// ## Why is this an error
    /// An error is not a record, and an event can't be called.
    ///
    /// ## Example
    /// `errors { Order }` where `Order` is a record
    ///
    /// ## Write instead
    /// The name of an `error`.
    pub WRONG_KIND = Error "E0105" "wrong-kind";

    /// A member named without its service, where several services of the package have one of that name.
    ///
    /// ## Why is this an error
    /// The service may be left out only where there is no doubt.
    ///
    /// ## Example
    /// `calls inventory.Get` where two services have a `Get`
    ///
    /// ## Write instead
    /// `calls inventory.Stock.Get`
    pub AMBIGUOUS_MEMBER = Error "E0106" "ambiguous-member";

    /// An operation, event or saga that the package or service does not have.
    ///
    /// ## Why is this an error
    /// Calls, events and examples are promises about what exists.
    ///
    /// ## Example
    /// `calls inventory.StokLevel`
    ///
    /// ## Write instead
    /// `calls inventory.StockLevel`, as it is declared there.
    pub UNKNOWN_MEMBER = Error "E0107" "unknown-member";

    /// Two things that have one name on the wire.
    ///
    /// ## Why is this an error
    /// Others could not tell them apart. Names on the wire are the contract's, or those given by `wire`; enum
    /// values carry
    /// their enum's name before them.
    ///
    /// ## Example
    /// ```svc
    /// record Cart { }
    /// record Basket wire "Cart" { }
    /// ```
    ///
    /// ## Write instead
    /// A name of its own for each.
    pub WIRE_CLASH = Error "E0108" "wire-clash";

    /// Two fields that have one name in JSON.
    ///
    /// ## Why is this an error
    /// JSON names are in lowerCamel: `unit_price` and `unit__price` are both `unitPrice`.
    ///
    /// ## Example
    /// ```svc
    /// record Line { unit_price @1: i64  unit__price @2: i64 }
    /// ```
    ///
    /// ## Write instead
    /// Names that differ in more than underscores.
    pub JSON_CLASH = Error "E0109" "json-clash";

    /// Two names that differ only in how they are capitalised.
    ///
    /// ## Why is this an error
    /// They become one module, method or type in Rust, where names follow their words.
    ///
    /// ## Example
    /// ```svc
    /// service Http { }
    /// service HTTP { }
    /// ```
    ///
    /// ## Write instead
    /// Names that differ in their words.
    pub CASE_CLASH = Error "E0110" "case-clash";

    /// An `allow` line with an empty reason.
    ///
    /// ## Why is this an error
    /// An exception that nobody explains is never taken back.
    ///
    /// ## Example
    /// `allow sync-chain because ""`
    ///
    /// ## Write instead
    /// `allow sync-chain because "legacy until the catalogue moves" until 2027-03-01`
    pub BAD_ALLOW = Error "E0111" "allow-without-reason";
}
