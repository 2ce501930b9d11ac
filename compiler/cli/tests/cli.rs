//! The command as users run it.

#[cfg(unix)]
#[path = "cli/bounds.rs"]
mod bounds;
#[path = "cli/build.rs"]
mod build;
#[path = "cli/bytes.rs"]
mod bytes;
#[path = "cli/format.rs"]
mod format;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/generate.rs"]
mod generate;
#[path = "cli/graph.rs"]
mod graph;
#[path = "cli/lint.rs"]
mod lint;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/project.rs"]
mod project;
#[path = "cli/sandbox.rs"]
mod sandbox;
