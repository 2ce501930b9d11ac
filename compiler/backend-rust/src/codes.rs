//! What cannot be generated.

svckit_diagnostics::codes! {
    /// An option of the target `rust` that does not exist, or a value that it does not take.
    ///
    /// ## What it does
    /// Options stand in `svckit.toml` below the target, or are set in build.rs.
    ///
    /// ## Use instead
    /// `runtime = "::svckit"` (where generated code finds the runtime), `layout = "include"` (a file for each package)
    /// or `"inline"` (one file), `descriptors = "FILE"` (encoded descriptors for reflection, beside the generated
    /// files), `extern.shop.common.v1 = "::shop_common"` (a package that another crate generates).
    pub BAD_OPTION = Error "E0911" "rust-bad-option";
}
