//! Reading one file, whatever it holds.

use std::fs;
use std::path::Path;

use svckit_diagnostics::{Diagnostic, FileId, Span};

use super::{Contract, Loader, Origin, walk};
use crate::config::{self, Config, FILE_NAME};
use crate::{Failure, codes};

/// Places are counted in 32 bits; the sign bit is left as room for arithmetic.
const MAX_BYTES: u64 = i32::MAX as u64;

impl Loader<'_> {
    /// Reads `svckit.toml` of a folder.
    pub(super) fn config(&mut self, root: &Path) -> Option<Config> {
        let path = root.join(FILE_NAME);
        let bytes = self.bytes(&path)?;
        let (file, _) = self.text(&path, &bytes);
        let (config, diagnostics) = config::read(file, self.inputs.sources.file(file).text());
        self.inputs.diagnostics.extend(diagnostics);
        Some(config)
    }

    /// Reads a contract unless it was read before.
    pub(super) fn add(&mut self, path: &Path, origin: Origin) {
        if !self.seen.insert(walk::canonical(path)) {
            return;
        }
        if let Some(bytes) = self.bytes(path) {
            self.add_bytes(path, &bytes, origin);
        }
    }

    pub(super) fn add_bytes(&mut self, path: &Path, bytes: &[u8], origin: Origin) {
        let (file, is_utf8) = self.text(path, bytes);
        self.inputs.contracts.push(Contract { file, path: path.to_owned(), origin, is_utf8 });
    }

    /// The bytes, or a failure. Only regular files are opened: a pipe would wait for a writer.
    pub(super) fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        self.inputs.watched.push(path.to_owned());
        let shown = self.shown(path);
        let failed = |e: &std::io::Error| Failure::io("read", Path::new(&shown), e);
        let result = fs::metadata(path).map_err(|e| failed(&e)).and_then(|data| {
            if !data.is_file() {
                return Err(Failure::new(format!("can't read {shown}: it is not a file")));
            }
            if data.len() > MAX_BYTES {
                return Ok(None);
            }
            fs::read(path).map(Some).map_err(|e| failed(&e))
        });
        match result {
            Ok(Some(bytes)) => Some(bytes),
            Ok(None) => {
                self.too_large(&shown);
                None
            }
            Err(failure) => {
                self.inputs.failures.push(failure);
                None
            }
        }
    }

    fn too_large(&mut self, shown: &str) {
        let file = self.inputs.sources.add(shown, "");
        let message = "this file is larger than 2 GiB".to_owned();
        self.report(Diagnostic::new(codes::FILE_TOO_LARGE, Span::new(file, 0, 0), message));
    }

    /// Adds the text to the source map, odd bytes replaced and reported.
    pub(super) fn text(&mut self, path: &Path, bytes: &[u8]) -> (FileId, bool) {
        let shown = self.shown(path);
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => return (self.inputs.sources.add(shown, text), true),
            Err(error) => error,
        };
        let file = self.inputs.sources.add(shown, String::from_utf8_lossy(bytes));
        let at = error.valid_up_to();
        let span = Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
        let byte = bytes[at];
        let diagnostic = Diagnostic::new(codes::NOT_UTF8, span, "this file is not UTF-8")
            .here(format!("byte 0x{byte:02x} at offset {at} is not part of a character"))
            .help("save the file as UTF-8");
        self.report(diagnostic);
        (file, false)
    }
}
