//! The codes of the parser, E0001 to E0099, and their pages.

svckit_diagnostics::codes! {
    /// The text does not follow the grammar.
    ///
    /// ## Why is this an error
    /// What can't be read can't be checked. The item is set aside; all others are still checked.
    ///
    /// ## Example
    /// ```svc
    /// record Order { id @1 uuid }
    /// ```
    ///
    /// ## Write instead
    /// ```svc
    /// record Order { id @1: uuid }
    /// ```
    pub SYNTAX = Error "E0001" "syntax";

    /// A file without a `package` line.
    ///
    /// ## Why is this an error
    /// Every name belongs to a package: it is what others write in `use`, and the prefix of names on the wire.
    ///
    /// ## Write instead
    /// Start the file with `package shop.orders.v1`: lower case, dotted, and a version at the end.
    pub NO_PACKAGE = Error "E0002" "no-package";

    /// A `package` line that is not the file's first, or is not lower case, dotted, with `vN` at its end.
    ///
    /// ## Why is this an error
    /// The version in the name lets an incompatible successor live beside the old one, in the source and on the
    /// wire; lower case keeps it a legal name in every language that is generated.
    ///
    /// ## Example
    /// `package Shop.Orders`
    ///
    /// ## Write instead
    /// `package shop.orders.v1`
    pub BAD_PACKAGE = Error "E0003" "bad-package";

    /// A name in the wrong case.
    ///
    /// ## Why is this an error
    /// Services, types, members, errors and policies are `UpperCamel`; fields, parameters, steps, enum values,
    /// aliases and fixtures are `lower_snake`. That keeps the grammar free of second readings, and every name has
    /// one way into every language. For a name that others already know, use `wire "theirName"`.
    pub NAME_CASE = Error "E0004" "name-case";

    /// A field called `where`, `sensitive`, `deprecated`, `reserved` or `allow`.
    ///
    /// ## Why is this an error
    /// A forgotten name would turn a modifier into a field without a word.
    ///
    /// ## Write instead
    /// Another name, and `wire "where"` if it must be called so on the wire.
    pub RESERVED_WORD = Error "E0005" "reserved-word";

    /// A comma or semicolon where none stands.
    ///
    /// ## Why is this an error
    /// There are no separators between members; commas stand in `[ ]`, argument lists and lists of names, with none
    /// at the end. One way to write it keeps differences small.
    pub SEPARATOR = Error "E0006" "separator";

    /// A string that does not end on its line.
    ///
    /// ## Write instead
    /// A closing `"`; for a line break in a string write `\n`.
    pub UNTERMINATED_STRING = Error "E0007" "unterminated-string";

    /// An escape that is not one of `\"`, `\\`, `\n`, `\t`, `\u{…}`.
    ///
    /// ## Write instead
    /// A raw string, `r"…"`, where backslashes are meant, as in patterns.
    pub BAD_ESCAPE = Error "E0008" "bad-escape";

    /// A number, duration or size that is too large, or a date that is not in the calendar.
    ///
    /// ## Example
    /// ```svc
    /// policy Patient { timeout { total 30sec } }
    /// ```
    ///
    /// ## Write instead
    /// ```svc
    /// policy Patient { timeout { total 30s } }
    /// ```
    pub BAD_LITERAL = Error "E0009" "bad-literal";

    /// A bracket that is never closed, or closes nothing.
    ///
    /// ## Why is this an error
    /// Where a bracket is missing can't be known, only where the text stops making sense. What stands within is set
    /// aside; all else is still checked.
    ///
    /// ## Write instead
    /// A closing bracket for each opening one, of the same kind, the inner one first.
    pub UNBALANCED = Error "E0010" "unbalanced-bracket";

    /// Brackets nested too deep.
    ///
    /// ## Why is this an error
    /// No contract that a person reads needs it, and the depth is bounded so that no input can exhaust the stack.
    pub TOO_DEEP = Error "E0011" "nested-too-deep";

    /// `/* … */`.
    ///
    /// ## Write instead
    /// `//` on each line; `///` documents what follows.
    pub BLOCK_COMMENT = Error "E0012" "block-comment";

    /// A character that means nothing outside strings and comments.
    ///
    /// ## Why is this an error
    /// Names are made of ASCII letters, digits and `_`, so that they are names in every language. Strings and comments
    /// hold any text.
    pub STRAY_CHARACTER = Error "E0013" "stray-character";

    /// `,` and `|` in one list without parentheses.
    ///
    /// ## Why is this an error
    /// `A, B | C` could be read in two ways.
    ///
    /// ## Write instead
    /// `A, (B | C)`.
    pub MIXED_CHOICE = Error "E0014" "mixed-choice";

    /// `none` or `allow` without a reason.
    ///
    /// ## Why is this an error
    /// What is left out of the protection that comes by default is written down with its reason, for the next
    /// person who reads it.
    ///
    /// ## Write instead
    /// `breaker none because "the callee is in the same process"`.
    pub NO_REASON = Error "E0015" "no-reason";

    /// A `///` comment that documents nothing.
    ///
    /// ## Write instead
    /// `//` for a remark, or put it right before what it documents.
    pub DANGLING_DOC = Warning "E0016" "dangling-doc";

    /// A setting of a service after its first member.
    ///
    /// ## Why is this an error
    /// Settings hold for all members, so they stand where a reader looks for them: first.
    pub LATE_SETTING = Error "E0017" "late-setting";
}
