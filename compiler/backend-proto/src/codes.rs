//! What cannot be said in Protobuf.

svckit_diagnostics::codes! {
    /// Two things have one name in Protobuf.
    ///
    /// ## What it does
    /// Protobuf keeps messages, enums, services and the values of all enums of a package in one scope, and its names
    /// are derived: a service `Orders` becomes `OrdersService`, a value `pending` of `OrderStatus` becomes
    /// `ORDER_STATUS_PENDING`. Here two things of the contract come out under one name.
    ///
    /// ## Why is this bad
    /// protoc and buf would refuse the file.
    ///
    /// ## Use instead
    /// Rename one of them, or give it another name on the wire: `enum Status wire "OrderState" { … }`.
    pub NAME_CLASH = Error "E0901" "protobuf-name-clash";

    /// A name on the wire that Protobuf does not allow.
    ///
    /// ## Why is this bad
    /// Names in Protobuf are made of letters, digits and underscores and do not start with a digit; those of packages
    /// are such names with dots between them.
    ///
    /// ## Use instead
    /// `wire "order_id"` in place of `wire "order-id"`.
    pub BAD_NAME = Error "E0902" "protobuf-bad-name";

    /// Packages whose types need each other.
    ///
    /// ## What it does
    /// A file of Protobuf may not import one that imports it. A package becomes a file, so packages whose records use
    /// each other's types in a circle cannot be written.
    ///
    /// ## Use instead
    /// Move what both need into a package of its own, as `shop.common.v1`. Calls and subscriptions may go in circles:
    /// only the types of fields count.
    pub PACKAGE_CYCLE = Error "E0903" "protobuf-package-cycle";

    /// An option of the target `proto` that does not exist, or a value that it does not take.
    ///
    /// ## Use instead
    /// `validate = "true"` (constraints as options of buf.validate) or `"false"`; `workspace = "true"` (`buf.yaml`,
    /// `proto/`, `vendor/`) or `"false"` (the files alone).
    pub BAD_OPTION = Error "E0904" "protobuf-bad-option";
}
