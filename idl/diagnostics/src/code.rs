//! Codes: what a kind of message is called, and the page that explains it.

use crate::Severity;

/// A kind of message: a stable number, a slug, and the page that `svckit explain` prints.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct CodeInfo {
    /// `E0101`: stable forever. Design rules have no number and repeat the slug here.
    pub id: &'static str,
    /// Kebab case; names the bad pattern and reads after "allow …".
    pub slug: &'static str,
    /// How bad it is unless configured otherwise.
    pub severity: Severity,
    /// The page, in Markdown: what it does, why is this bad, example, use instead.
    pub page: &'static str,
}

/// A reference to one of the `codes!` of a crate.
pub type Code = &'static CodeInfo;

/// Declares codes with their pages, and a table `ALL` of them.
///
/// ```
/// svckit_diagnostics::codes! {
///     /// A name that nothing defines.
///     ///
///     /// ## Why is this bad
///     /// …
///     pub UNKNOWN_NAME = Error "E0101" "unknown-name";
/// }
/// assert_eq!(UNKNOWN_NAME.slug, "unknown-name");
/// assert_eq!(ALL.len(), 1);
/// ```
#[macro_export]
macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ pub $name:ident = $severity:ident $id:literal $slug:literal; )+) => {
        $(
            $(#[doc = $doc])+
            pub static $name: $crate::Code = &$crate::CodeInfo {
                id: $id,
                slug: $slug,
                severity: $crate::Severity::$severity,
                page: concat!($($doc, "\n"),+),
            };
        )+
        /// Every code declared here, in order.
        pub static ALL: &[$crate::Code] = &[$(&$crate::CodeInfo {
            id: $id,
            slug: $slug,
            severity: $crate::Severity::$severity,
            page: concat!($($doc, "\n"),+),
        }),+];
    };
}

/// The [`CodeInfo`] of a doc comment, a severity, a number and a slug; for codes that stand alone, as design rules do.
#[macro_export]
macro_rules! code_info {
    ($(#[doc = $doc:literal])+ $severity:ident $id:literal $slug:literal) => {
        $crate::CodeInfo {
            id: $id,
            slug: $slug,
            severity: $crate::Severity::$severity,
            page: concat!($($doc, "\n"),+),
        }
    };
}
