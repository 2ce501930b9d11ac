//! Diagnostics of the svckit contract compiler: codes, labels, fixes, the source map and renderers.
//!
//! Every stage returns a value and its [`Diagnostic`]s; nothing here reads files or knows a terminal.

mod code;
mod diagnostic;
pub mod render;
mod source;
pub mod suggest;

pub use code::{Code, CodeInfo};
pub use diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Severity, Waypoint};
pub use source::{FileId, LineCol, SourceFile, SourceMap, Span};
