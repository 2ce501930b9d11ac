//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Contracts for services: check them, format them, generate from them.
#[derive(Debug, Parser)]
#[command(name = "svckit", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// How findings are written.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,
    /// When to use colours.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Format {
    /// For people, on standard error.
    #[default]
    Text,
    /// One JSON document on standard output, as are all that follow.
    Json,
    /// A SARIF 2.1.0 log, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A Code Quality report of GitLab.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// A picture; of `graph` alone, as are those that follow.
    Svg,
    /// Mermaid, which GitHub, GitLab and wikis draw.
    Mermaid,
    /// Graphviz.
    Dot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project that builds, runs and tests at once.
    New(NewArgs),
    /// Parse, resolve and check a world of contracts.
    Check(CheckArgs),
    /// Judge the design alone: what the rules find, mended where a tool can.
    Lint(LintArgs),
    /// Format contracts in place.
    Fmt(FmtArgs),
    /// Generate code and schemas.
    Gen(GenArgs),
    /// Draw the map: services, calls, events, sagas and choreographies.
    Graph(GraphArgs),
    /// Explain a message by its number or slug.
    Explain(ExplainArgs),
    /// List every message with its number and slug.
    Codes,
    /// List the rules of design: group, slug, severity, and what each finds.
    Rules,
    /// Look through dead letters, give them back to their groups, forget them.
    Dlq(DlqArgs),
    /// See what waits to be published.
    Outbox(OutboxArgs),
    /// Give a consumer group all that it wants again, from a time or a position on.
    Replay(ReplayArgs),
    /// Watch the consumer groups of what runs: rates, lag, dead letters.
    Top(TopArgs),
}

/// Where what runs keeps its files.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// The directory that the services were given; `svckit-data` in the current folder if none is named.
    #[arg(long, value_name = "DIR", env = "SVCKIT_DATA", global = true)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DlqArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(subcommand)]
    pub(crate) command: DlqCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// A line for each, the oldest first.
    List(FilterArgs),
    /// All that is known of one; its payload only as a test.
    Show(ShowArgs),
    /// Give them to their groups again, under the same message ids.
    Redrive(RedriveArgs),
    /// Forget them.
    Drop(DropArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FilterArgs {
    /// Only of this consumer group.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Only with this message id.
    #[arg(long)]
    pub(crate) id: Option<uuid::Uuid>,
    /// Only those whose message's name contains this.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only of this class of failure: `malformed`, `panic`, `expired`, or a code such as `unavailable`.
    #[arg(long)]
    pub(crate) class: Option<String>,
    /// So many at most.
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Its number, as `list` tells it.
    pub(crate) number: u64,
    /// Write a Rust test that hands the message to the service again, with what is sensitive replaced.
    #[arg(long)]
    pub(crate) as_test: bool,
    /// Where the contract of the message is, for --as-test; the workspace around the current folder if not given.
    #[arg(long, value_name = "PATH", requires = "as_test")]
    pub(crate) contracts: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RedriveArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// So many a second at most.
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<u32>,
    /// Only count them.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DropArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// All of them, if no filter is given.
    #[arg(long)]
    pub(crate) all: bool,
    /// Only count them.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OutboxArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(subcommand)]
    pub(crate) command: OutboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// How many messages of each service wait to be published, and since when.
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The consumer group: a service's full name.
    pub(crate) group: String,
    /// From the first message that was published then or later: 2027-03-01T10:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "position")]
    pub(crate) from: Option<jiff::Timestamp>,
    /// From this place in the log.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) position: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Write one table and end, rather than fill the screen.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make; its last part is the project's name.
    pub(crate) name: PathBuf,
    /// What kind of project.
    #[arg(long, default_value = "service", value_parser = clap::builder::PossibleValuesParser::new(svckit_templates::NAMES))]
    pub(crate) template: String,
    /// Depend on svckit in this checkout. Without it: in the one that this command was built from, if it is still there;
    /// else on the published version.
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Workspaces, folders or files; the workspace around the current folder if none is given.
    pub(crate) paths: Vec<PathBuf>,
    /// Say how much was checked, and how long each part of it took.
    #[arg(long)]
    pub(crate) stats: bool,
    /// Check again whenever a file changes, until interrupted.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Say for each number of a policy or SLO within which limits no rule fires.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) ranges: bool,
    /// Prove the overrides `[policy.NAME]` of a file that configures the runtime, all together.
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Workspaces, folders or files; the workspace around the current folder if none is given.
    pub(crate) paths: Vec<PathBuf>,
    /// Apply every fix that is surely what is meant, in contracts of the workspace itself.
    #[arg(long)]
    pub(crate) fix: bool,
    /// With --fix: change nothing; show what would change, and exit with 1 if anything would.
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,
    /// Write all findings to a file that `[lint] baseline` of svckit.toml can name: known, and not reported again.
    #[arg(long, value_name = "FILE", conflicts_with = "fix")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// The last day on which the baseline holds, such as 2027-03-01; 90 days from now if not given.
    #[arg(long, value_name = "DAY", requires = "write_baseline", value_parser = day)]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Workspaces, folders or files; `-` formats standard input to standard output.
    pub(crate) paths: Vec<PathBuf>,
    /// Change nothing; show what would change, and exit with 1 if anything would.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
#[command(after_help = crate::commands::generate::targets_help())]
pub(crate) struct GenArgs {
    /// Workspaces, folders or files.
    pub(crate) paths: Vec<PathBuf>,
    /// What to make, several with commas between; all targets of svckit.toml if none is given.
    #[arg(long, value_delimiter = ',', value_name = "TARGET")]
    pub(crate) target: Vec<String>,
    /// Where to; of several targets each gets a folder of its own in it.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// An option of the target, as in svckit.toml.
    #[arg(long, value_name = "NAME=VALUE", value_parser = option)]
    pub(crate) option: Vec<(String, String)>,
    /// Write nothing; list what would change, and exit with 1 if anything would.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "By --format: svg (default), mermaid, dot or json.")]
pub(crate) struct GraphArgs {
    /// Workspaces, folders or files.
    pub(crate) paths: Vec<PathBuf>,
    /// Show this alone, with what surrounds it: a package, service, operation, event, saga or choreography.
    #[arg(long, value_name = "NAME")]
    pub(crate) focus: Option<String>,
    /// How many steps around the focus are shown.
    #[arg(long, value_name = "STEPS", default_value_t = 1)]
    pub(crate) depth: usize,
    /// Show only these: calls, events, sagas, choreographies, gateways, package=NAME, owner=NAME; `*` may end a name.
    #[arg(long, value_name = "LIST")]
    pub(crate) filter: Option<String>,
    /// How closely to look.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) level: LevelArg,
    /// What frames stand for.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) cluster: ClusterArg,
    /// Write to this file rather than to standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum LevelArg {
    /// Services, or packages where there are many.
    #[default]
    Auto,
    /// A box a package, or owner.
    Group,
    /// A box a service.
    Service,
    /// A box an operation, handler, event and step.
    Member,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum ClusterArg {
    #[default]
    Package,
    Owner,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// `E0101` or `unknown-name`.
    pub(crate) code: String,
}

fn day(text: &str) -> Result<String, String> {
    svckit_driver::config::is_day(text)
        .then(|| text.to_owned())
        .ok_or("write a day such as 2027-03-01".into())
}

fn option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
