//! `svckit graph`

use std::path::Path;

use svckit_driver::diagrams::{ClusterBy, Filter, Graph, Level, View, dot, mermaid, svg};
use svckit_driver::{Failure, output};

use super::report::Report;
use super::{base, load_all};
use crate::Status;
use crate::args::{ClusterArg, Format, GraphArgs, LevelArg};
use crate::terminal::Terminal;

pub(crate) fn run(args: &GraphArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let view = view(args)?;
    let mut worlds = load_all(&args.paths)?;
    if worlds.len() != 1 {
        return Err(Failure::new("a map is of one workspace at a time: name one"));
    }
    let checked = svckit_driver::check(worlds.remove(0));
    let mut report = Report::new(terminal);
    report.failures(checked.failures());
    if checked.is_broken() {
        report.diagnostics(&checked.diagnostics, checked.sources());
        return report.finish();
    }
    let graph = svckit_driver::graph(&checked, &view).map_err(Failure::new)?;
    let text = written(&graph, terminal.format)?;
    match &args.out {
        Some(path) => write(path, &text, terminal)?,
        None => terminal.out(&text)?,
    }
    Ok(report.status())
}

fn view(args: &GraphArgs) -> Result<View, Failure> {
    let filter = args.filter.as_deref().map(Filter::parse).transpose().map_err(Failure::new)?;
    Ok(View {
        level: match args.level {
            LevelArg::Auto => Level::Auto,
            LevelArg::Group => Level::Group,
            LevelArg::Service => Level::Service,
            LevelArg::Member => Level::Member,
        },
        cluster: match args.cluster {
            ClusterArg::Package => ClusterBy::Package,
            ClusterArg::Owner => ClusterBy::Owner,
        },
        focus: args.focus.clone(),
        depth: args.depth,
        filter: filter.unwrap_or_default(),
    })
}

fn written(graph: &Graph, format: Format) -> Result<String, Failure> {
    match format {
        Format::Text | Format::Svg => svg(graph).map_err(Failure::new),
        Format::Mermaid => Ok(mermaid(graph)),
        Format::Dot => Ok(dot(graph)),
        Format::Json => Ok(graph.to_json()),
        _ => Err(Failure::new("a map is written as svg, mermaid, dot or json")),
    }
}

fn write(path: &Path, text: &str, terminal: &Terminal) -> Result<(), Failure> {
    output::replace_file(&base()?.join(path), text.as_bytes())?;
    terminal.say(&format!("wrote {}", path.display()));
    Ok(())
}
