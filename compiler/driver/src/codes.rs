//! Codes of the driver: what can be wrong with `svckit.toml` and with the files themselves.

svckit_diagnostics::codes! {
    /// `svckit.toml` is not valid TOML.
    ///
    /// ## Why is this bad
    /// Nothing in the file can be relied on, so the workspace is not checked.
    ///
    /// ## Example
    /// ```toml
    /// sources = ["contracts"
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// sources = ["contracts"]
    /// ```
    pub INVALID_TOML = Error "E0801" "invalid-toml";

    /// A key of `svckit.toml` that svckit does not know.
    ///
    /// ## Why is this bad
    /// A key that is read by nobody looks like a setting and is none. Mostly it is a slip of the pen.
    ///
    /// ## Example
    /// ```toml
    /// version = 1
    /// source = ["contracts"]
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// version = 1
    /// sources = ["contracts"]
    /// ```
    pub UNKNOWN_KEY = Error "E0802" "unknown-key";

    /// A value of `svckit.toml` that its key can't have.
    ///
    /// ## Why is this bad
    /// What it should mean can only be guessed.
    ///
    /// ## Example
    /// ```toml
    /// version = "new"
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// version = 1
    /// ```
    pub INVALID_VALUE = Error "E0803" "invalid-value";

    /// A target of `svckit.toml` that no backend makes.
    ///
    /// ## Why is this bad
    /// Nothing would be generated for it.
    ///
    /// ## Example
    /// ```toml
    /// [targets.protobuf]
    /// out = "gen"
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// [targets.proto]
    /// out = "gen"
    /// ```
    pub UNKNOWN_TARGET = Error "E0804" "unknown-target";

    /// An entry of `svckit.toml` that matches nothing.
    ///
    /// ## Why is this bad
    /// A source root without contracts, or an exception for a path that is no longer there, says something about the
    /// workspace that is not so.
    ///
    /// ## Example
    /// ```toml
    /// sources = ["contracts", "old-contracts"]    # old-contracts holds no .svc file
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// sources = ["contracts"]
    /// ```
    pub UNUSED_ENTRY = Warning "E0805" "unused-entry";

    /// A contract that is not UTF-8.
    ///
    /// ## Why is this bad
    /// Its text can't be read; the place is the first byte that is not part of a character.
    ///
    /// ## Use instead
    /// Save the file as UTF-8.
    pub NOT_UTF8 = Error "E0806" "not-utf8";

    /// A folder named in `svckit.toml` that does not exist.
    ///
    /// ## Why is this bad
    /// The contracts that should be there are missing from what is checked and generated.
    ///
    /// ## Example
    /// ```toml
    /// sources = ["contract"]      # the folder is called contracts
    /// ```
    ///
    /// ## Use instead
    /// Name folders relative to the folder of `svckit.toml`.
    pub MISSING_FOLDER = Error "E0807" "missing-folder";

    /// A dependency that is no svckit workspace.
    ///
    /// ## Why is this bad
    /// The packages that it should bring are unknown.
    ///
    /// ## Example
    /// ```toml
    /// [dependencies]
    /// common = { path = "../comon" }
    /// ```
    ///
    /// ## Use instead
    /// Name the folder which holds the other workspace's `svckit.toml`.
    pub MISSING_DEPENDENCY = Error "E0808" "missing-dependency";

    /// An option that the target does not take.
    ///
    /// ## Why is this bad
    /// An option that nobody reads looks like a setting and is none.
    ///
    /// ## Use instead
    /// `svckit gen --help` lists targets and their options.
    pub UNKNOWN_OPTION = Error "E0809" "unknown-option";

    /// A file that is too large to be a contract.
    ///
    /// ## Why is this bad
    /// Places in a file are counted in 32 bits; and nobody can read a contract of two gigabytes.
    ///
    /// ## Use instead
    /// Split it: every `.svc` file below a source root is part of the same world.
    pub FILE_TOO_LARGE = Error "E0810" "file-too-large";

    /// A target that generated a path outside its folder.
    ///
    /// ## Why is this bad
    /// Nothing may be written outside the folder that was named. Nothing was written.
    ///
    /// ## Use instead
    /// Report this: it is a mistake of the backend.
    pub PATH_ESCAPES = Error "E0811" "path-escapes";

    /// A contract that is not laid out as `svckit fmt` would.
    ///
    /// ## Why is this bad
    /// Two layouts of one contract make differences that mean nothing, and hide those that mean something.
    ///
    /// ## Use instead
    /// Run `svckit fmt`.
    pub UNFORMATTED = Error "E0812" "unformatted";

    /// A generated file that is not as it would be generated now.
    ///
    /// ## Why is this bad
    /// What is built then is not what the contract says.
    ///
    /// ## Use instead
    /// Run `svckit gen` and commit what it writes.
    pub OUTDATED_OUTPUT = Error "E0813" "outdated-output";

    /// A baseline named in `svckit.toml` that is not there.
    ///
    /// ## Why is this bad
    /// What it should list is reported as if it were new.
    ///
    /// ## Example
    /// ```toml
    /// [lint]
    /// baseline = "known.toml"     # nobody wrote it yet
    /// ```
    ///
    /// ## Use instead
    /// Write it by `svckit lint --write-baseline known.toml`, or remove the line.
    pub MISSING_BASELINE = Warning "E0814" "missing-baseline";

    /// A baseline whose last day is over.
    ///
    /// ## Why is this bad
    /// It was meant to end: from the day after its `until`, what it lists is reported as if it were not there.
    ///
    /// ## Use instead
    /// Mend what it lists and remove it; or write it anew, which shortens it to what is left.
    pub EXPIRED_BASELINE = Warning "E0815" "expired-baseline";

    /// A baseline with entries that match nothing.
    ///
    /// ## Why is this bad
    /// What they listed is mended, or stands in another file or on another line now. Left alone, they would hide that
    /// it comes back.
    ///
    /// ## Use instead
    /// Write it anew by `svckit lint --write-baseline FILE`, or delete those entries.
    pub STALE_BASELINE = Warning "E0816" "stale-baseline";

    /// An override of a policy's number that can't be taken up.
    ///
    /// ## Why is this bad
    /// The runtime refuses to start with it: the policy or the number does not exist, is written in another unit, or
    /// contradicts the policy's other numbers.
    ///
    /// ## Example
    /// ```toml
    /// [policy."shop.orders.v1.Interactive"]
    /// timeout.attempt = 900
    /// ```
    ///
    /// ## Use instead
    /// ```toml
    /// [policy."shop.orders.v1.Interactive"]
    /// timeout.attempt = "900ms"
    /// ```
    /// `svckit check --ranges` says within which limits each number may change alone, `svckit check --config FILE`
    /// proves several together.
    pub REFUSED_OVERRIDE = Error "E0817" "refused-override";
}
