//! Codes of the target `diagrams`.

svckit_diagnostics::codes! {
    /// An option of the target `diagrams` with a value that it can't have.
    ///
    /// ## Why is this bad
    /// What it should mean can only be guessed.
    ///
    /// ## Example
    /// ```toml
    /// [targets.diagrams]
    /// format = "png"
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// [targets.diagrams]
    /// format = "svg,mermaid"
    /// ```
    pub BAD_OPTION = Error "E0921" "diagrams-bad-option";
}
