//! Types and numbers: codes and their pages.

svckit_diagnostics::codes! {
    /// A type that is neither built in nor declared.
    ///
    /// ## Why is this an error
    /// A field of an unknown type can be neither checked nor sent.
    ///
    /// ## Example
    /// `count @1: int`
    ///
    /// ## Write instead
    /// `count @1: i64`. Built in are bool, i32, i64, u32, u64, f32, f64, decimal, string, bytes, uuid, timestamp,
    /// duration, date,
    /// json; besides `list<T>`, `map<K, V>`, `patch<R>` and `T?`.
    pub UNKNOWN_TYPE = Error "E0120" "unknown-type";

    /// `list`, `map`, `patch` or `page` with too few or too many types.
    ///
    /// ## Why is this an error
    /// What it holds is part of the type.
    ///
    /// ## Example
    /// `tags @1: list`
    ///
    /// ## Write instead
    /// `tags @1: list<string>`
    pub TYPE_ARGUMENTS = Error "E0121" "type-arguments";

    /// A list or map directly within a list or map.
    ///
    /// ## Why is this an error
    /// Protobuf has no such type, and a name for the inner one helps readers, too.
    ///
    /// ## Example
    /// `rows @1: list<list<i64>>`
    ///
    /// ## Write instead
    /// ```svc
    /// record Row { cells @1: list<i64> }
    /// record Table { rows @1: list<Row> }
    /// ```
    pub NESTED_LIST = Error "E0122" "nested-list";

    /// `?` where absence can't be told: within a list or map, twice, or on a whole request.
    ///
    /// ## Why is this an error
    /// A list has an entry or it has not; the wire has no entry that is absent.
    ///
    /// ## Example
    /// `notes @1: list<string?>`
    ///
    /// ## Write instead
    /// `notes @1: list<string>`
    pub NESTED_OPTIONAL = Error "E0123" "misplaced-optional";

    /// A map whose key is not a plain, exact value.
    ///
    /// ## Why is this an error
    /// Keys must be compared: floating-point numbers, messages and lists can't be in every language.
    ///
    /// ## Example
    /// `rates @1: map<f64, string>`
    ///
    /// ## Write instead
    /// Keys are bool, integers, string, uuid, or scalars over these: `rates @1: map<string, f64>`.
    pub BAD_MAP_KEY = Error "E0124" "bad-map-key";

    /// `patch<R>` of something that is not a record.
    ///
    /// ## Why is this an error
    /// A patch keeps, clears or sets each field; only records have fields to keep.
    ///
    /// ## Example
    /// `change @1: patch<OrderId>`
    ///
    /// ## Write instead
    /// `change @1: patch<Order>`
    pub PATCH_OF_NON_RECORD = Error "E0125" "patch-of-non-record";

    /// `page<T>` anywhere but as the whole answer of a query.
    ///
    /// ## Why is this an error
    /// A page comes with a token for the next one, which is asked for by calling the query again.
    ///
    /// ## Example
    /// `command ListOrders() -> page<Order>`
    ///
    /// ## Write instead
    /// `query ListOrders() -> page<Order>`
    pub MISPLACED_PAGE = Error "E0126" "misplaced-page";

    /// `stream` where no stream can be.
    ///
    /// ## Why is this an error
    /// A stream is what an operation takes or answers as a whole. Of named parameters, one may be `stream bytes`:
    /// an upload, which is answered with one value once it is over.
    ///
    /// ## Example
    /// `record Feed { orders @1: stream Order }`
    ///
    /// ## Write instead
    /// `query WatchOrders() -> stream Order`
    pub MISPLACED_STREAM = Error "E0127" "misplaced-stream";

    /// A record that must contain another one of its kind, without end.
    ///
    /// ## Why is this an error
    /// No value of it could ever exist. Recursion is fine where it can stop: `?`, a list, a map, a union with
    /// another variant.
    ///
    /// ## Example
    /// ```svc
    /// record Node { next @1: Node }
    /// ```
    ///
    /// ## Write instead
    /// ```svc
    /// record Node { next @1: Node? }
    /// ```
    pub INFINITE_TYPE = Error "E0128" "infinite-type";

    /// A scalar over something that is not a plain value.
    ///
    /// ## Why is this an error
    /// A scalar is a newtype over a built-in type, and goes wherever that goes.
    ///
    /// ## Example
    /// `scalar Lines = list<Line>`
    ///
    /// ## Write instead
    /// ```svc
    /// record Lines { lines @1: list<Line> }
    /// ```
    pub SCALAR_BASE = Error "E0129" "scalar-base";

    /// Scalars that are made of each other.
    ///
    /// ## Why is this an error
    /// None of them would ever say what it is.
    ///
    /// ## Example
    /// ```svc
    /// scalar A = B
    /// scalar B = A
    /// ```
    ///
    /// ## Write instead
    /// ```svc
    /// scalar A = B
    /// scalar B = string
    /// ```
    pub SCALAR_CYCLE = Error "E0130" "scalar-cycle";

    /// A variant of a union that is optional, a list, a map or a patch.
    ///
    /// ## Why is this an error
    /// Which variant is there is what a union tells; Protobuf's `oneof` holds single values.
    ///
    /// ## Example
    /// `union Payment { cards @1: list<Card> }`
    ///
    /// ## Write instead
    /// ```svc
    /// record Cards { cards @1: list<Card> }
    /// union Payment { cards @1: Cards }
    /// ```
    pub BAD_VARIANT = Error "E0131" "bad-variant";

    /// An enum without values, or a union without variants.
    ///
    /// ## Why is this an error
    /// No value of it could ever exist.
    ///
    /// ## Example
    /// `enum Status { }`
    ///
    /// ## Write instead
    /// `enum Status { pending @1 }`
    pub EMPTY_CHOICE = Error "E0132" "empty-choice";

    /// A field, variant or enum value without its number.
    ///
    /// ## Why is this an error
    /// The number stands for the field on the wire, for ever; the name may change. The suggested fix gives the next
    /// free one.
    ///
    /// ## Example
    /// `record Order { id: uuid }`
    ///
    /// ## Write instead
    /// `record Order { id @1: uuid }`
    pub MISSING_NUMBER = Error "E0133" "missing-number";

    /// One number given to two fields, variants or values.
    ///
    /// ## Why is this an error
    /// On the wire they would be the same.
    ///
    /// ## Example
    /// `record Order { id @1: uuid  note @1: string }`
    ///
    /// ## Write instead
    /// `record Order { id @1: uuid  note @2: string }`
    pub DUPLICATE_NUMBER = Error "E0134" "duplicate-number";

    /// A number that can't be one: 0, or too large.
    ///
    /// ## Why is this an error
    /// Fields are numbered 1 to 999, since 1000 and above belong to svckit (pages); enum values 1 to 2147483647,
    /// since 0 stands for
    /// "absent".
    ///
    /// ## Example
    /// `enum Status { unknown @0 }`
    ///
    /// ## Write instead
    /// `enum Status { pending @1 }`; for "none of them" make the field optional.
    pub NUMBER_RANGE = Error "E0135" "number-range";

    /// A number or name that is reserved.
    ///
    /// ## Why is this an error
    /// It was in use: old messages still carry it, with another meaning.
    ///
    /// ## Example
    /// `record Order { gift @7: bool  reserved 7 }`
    ///
    /// ## Write instead
    /// The next free number.
    pub RESERVED_REUSE = Error "E0136" "reserved-reuse";

    /// `reserved` with something that is neither a number, a range upwards, nor a name in quotes.
    ///
    /// ## Why is this an error
    /// Only what could be used can be kept from use.
    ///
    /// ## Example
    /// `reserved 9..=7`
    ///
    /// ## Write instead
    /// `reserved 7..=9, "coupon"`
    pub BAD_RESERVED = Error "E0137" "bad-reserved";

    /// Two fields, variants or values of one name.
    ///
    /// ## Why is this an error
    /// Whoever uses the name would not know which is meant.
    ///
    /// ## Example
    /// `record Order { id @1: uuid  id @2: string }`
    ///
    /// ## Write instead
    /// A name of its own for each.
    pub DUPLICATE_FIELD = Error "E0138" "duplicate-field";

    /// An error without a code, or with one that does not exist.
    ///
    /// ## Why is this an error
    /// The code fixes the HTTP status and whether a caller may try again.
    ///
    /// ## Example
    /// `error OutOfStock { }`
    ///
    /// ## Write instead
    /// `error OutOfStock is failed_precondition { }`. The codes are gRPC's: cancelled, unknown, invalid_argument,
    /// deadline_exceeded, not_found, already_exists, permission_denied, resource_exhausted, failed_precondition,
    /// aborted,
    /// out_of_range, unimplemented, internal, unavailable, data_loss, unauthenticated.
    pub ERROR_CODE = Error "E0139" "error-code";
}
