//! Checks over the resolved world: what can't be judged item by item.

mod clashes;
mod http;
mod recursion;

pub(crate) use clashes::clashes;
pub(crate) use http::{http, path_params};
pub(crate) use recursion::recursion;
