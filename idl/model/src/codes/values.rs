//! Constraints and literals: codes and their pages.

svckit_diagnostics::codes! {
    /// A constraint on a type that it says nothing of.
    ///
    /// ## Why is this an error
    /// `len` counts characters or bytes, `items` the entries of a list or map, a range bounds numbers, decimals,
    /// durations, dates
    /// and timestamps, `pattern` is for strings. Anything else would never be checked.
    ///
    /// ## Example
    /// `tags @1: list<string> where len 1..=9`
    ///
    /// ## Write instead
    /// `tags @1: list<string> where items 1..=9`; for each tag a scalar: `scalar Tag = string where len 1..=9`.
    pub CONSTRAINT_MISMATCH = Error "E0150" "constraint-mismatch";

    /// A range whose lower end is above its upper.
    ///
    /// ## Why is this an error
    /// No value would ever be allowed.
    ///
    /// ## Example
    /// `where 10..=1`
    ///
    /// ## Write instead
    /// `where 1..=10`
    pub EMPTY_RANGE = Error "E0151" "empty-range";

    /// A pattern that is not a regular expression of the regex crate.
    ///
    /// ## Why is this an error
    /// It could not be checked. That crate has no look-around and no back references, and in return takes linear
    /// time.
    ///
    /// ## Example
    /// `where pattern r"^(\\d+$"`
    ///
    /// ## Write instead
    /// `where pattern r"^\\d+$"`
    pub BAD_PATTERN = Error "E0152" "bad-pattern";

    /// Two constraints of one kind at once.
    ///
    /// ## Why is this an error
    /// One of them would be overlooked.
    ///
    /// ## Example
    /// `where len 1.., len ..=9`
    ///
    /// ## Write instead
    /// `where len 1..=9`
    pub DUPLICATE_CONSTRAINT = Error "E0153" "duplicate-constraint";

    /// A field that is optional and has a default.
    ///
    /// ## Why is this an error
    /// Absent can't mean both "no value" and "this value".
    ///
    /// ## Example
    /// `note @1: string? = "none"`
    ///
    /// ## Write instead
    /// `note @1: string?` or `note @1: string = "none"`
    pub DEFAULT_AND_OPTIONAL = Error "E0154" "default-and-optional";

    /// A default on a field whose type has none.
    ///
    /// ## Why is this an error
    /// Lists and maps are empty when absent; records, unions, patches and json are told apart from absent by `?`.
    /// Defaults are for
    /// single plain values.
    ///
    /// ## Example
    /// `lines @1: list<Line> = []`
    ///
    /// ## Write instead
    /// `lines @1: list<Line>`
    pub DEFAULT_NOT_ALLOWED = Error "E0155" "default-not-allowed";

    /// A literal or expression of another type than its place asks for.
    ///
    /// ## Why is this an error
    /// It could not be sent.
    ///
    /// ## Example
    /// `count @1: u32 = "3"`
    ///
    /// ## Write instead
    /// `count @1: u32 = 3`
    pub TYPE_MISMATCH = Error "E0156" "type-mismatch";

    /// A number that its type can't hold.
    ///
    /// ## Why is this an error
    /// It would wrap around or get lost.
    ///
    /// ## Example
    /// `count @1: u32 = -1`
    ///
    /// ## Write instead
    /// A number in the type's range, or a wider type.
    pub VALUE_RANGE = Error "E0157" "value-range";

    /// A literal that is not of its type's form.
    ///
    /// ## Why is this an error
    /// Uuids have 8-4-4-4-12 hexadecimal digits, timestamps follow RFC 3339, dates are days of the calendar,
    /// decimals have digits
    /// and one point, bytes are padded base64.
    ///
    /// ## Example
    /// `id @1: uuid = "o-17"`
    ///
    /// ## Write instead
    /// `id @1: uuid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"`
    pub BAD_LITERAL = Error "E0158" "malformed-value";

    /// A value that the enum does not have.
    ///
    /// ## Why is this an error
    /// Only what is declared has a number.
    ///
    /// ## Example
    /// `status @1: OrderStatus = pendin`
    ///
    /// ## Write instead
    /// `status @1: OrderStatus = pending`
    pub UNKNOWN_VALUE = Error "E0159" "unknown-value";

    /// A field that the record, request, event or union does not have.
    ///
    /// ## Why is this an error
    /// It is most often a slip of the pen; a receiver would drop it silently.
    ///
    /// ## Example
    /// `event OrderPlaced { order_id @1: OrderId } key orderid`
    ///
    /// ## Write instead
    /// `key order_id`
    pub UNKNOWN_FIELD = Error "E0160" "unknown-field";

    /// A literal or construction without a field that must be there.
    ///
    /// ## Why is this an error
    /// A receiver would refuse the message. May be left out: what is optional, has a default, or whose zero value
    /// keeps to its
    /// constraints.
    ///
    /// ## Example
    /// `request { }` for a request with an `id @1: uuid`
    ///
    /// ## Write instead
    /// `request { id: "6f9619ff-8b86-d011-b42d-00cf4fc964ff" }`
    pub MISSING_FIELD = Error "E0161" "missing-field";

    /// A default, an example or another literal that breaks a constraint.
    ///
    /// ## Why is this an error
    /// A receiver would refuse it.
    ///
    /// ## Example
    /// `scalar Quantity = u32 where 1..=999` with `quantity: 0`
    ///
    /// ## Write instead
    /// A value that keeps to the constraint, or a wider constraint.
    pub CONSTRAINT_BROKEN = Error "E0162" "constraint-broken";

    /// One name given two values in one object.
    ///
    /// ## Why is this an error
    /// One of them would be overlooked.
    ///
    /// ## Example
    /// `{ sku: "A"  sku: "B" }`
    ///
    /// ## Write instead
    /// `{ sku: "A" }`
    pub DUPLICATE_ENTRY = Error "E0163" "duplicate-entry";

    /// A union's literal with no variant, or more than one.
    ///
    /// ## Why is this an error
    /// A union is exactly one of its variants.
    ///
    /// ## Example
    /// `method: { }`
    ///
    /// ## Write instead
    /// `method: { card: { … } }`
    pub NOT_ONE_VARIANT = Error "E0164" "not-one-variant";
}
