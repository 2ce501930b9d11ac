//! How an operation is reached over HTTP: what the compiler says of it.

mod exchange;

pub use self::exchange::{Answering, Exchange};

/// A method of HTTP that a contract may bind an operation to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads, and changes nothing.
    Get,
    /// Does something.
    Post,
    /// Puts something in its place.
    Put,
    /// Changes a part.
    Patch,
    /// Takes something away.
    Delete,
}

impl Method {
    /// As it stands in a request: `GET`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether what the path does not say of a request is in the query, rather than in the body.
    #[must_use]
    pub const fn asks_by_query(self) -> bool {
        matches!(self, Self::Get | Self::Delete)
    }
}

/// `http GET "/v1/orders/{id}"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpBinding {
    /// The method.
    pub method: Method,
    /// The path; `{name}` is a whole segment that holds the field of that Protobuf name.
    pub path: &'static str,
}

impl HttpBinding {
    /// Of these two.
    #[must_use]
    pub const fn new(method: Method, path: &'static str) -> Self {
        Self { method, path }
    }
}

/// A field of a request that stands in the path or the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its Protobuf name, `order_id`.
    pub name: &'static str,
    /// Its JSON name, `orderId`.
    pub json: &'static str,
    /// How its text is read.
    pub kind: ParamKind,
    /// Whether nobody but the callee is to see it.
    pub sensitive: bool,
}

/// How the text of a parameter is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// One value that JSON too would hold in a string: text, numbers, ids, times.
    Text,
    /// A value of an enum, by its name, or by its number where that has no name.
    Name,
    /// `true` or `false`.
    Flag,
    /// The parameter again for each element.
    Texts,
    /// As [`Texts`](Self::Texts), of values of an enum.
    Names,
    /// As [`Texts`](Self::Texts), of `true` and `false`.
    Flags,
    /// `name.field` for each field of the record.
    Record(&'static [Param]),
    /// JSON text: for what a query has no form of its own for.
    Json,
}

impl Param {
    /// A parameter by its Protobuf and its JSON name.
    #[must_use]
    pub const fn new(name: &'static str, json: &'static str, kind: ParamKind) -> Self {
        Self { name, json, kind, sensitive: false }
    }

    /// One that nobody but the callee is to see.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Whether `name` is one of its names.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.json == name
    }
}
