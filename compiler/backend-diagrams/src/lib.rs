//! Maps out of a svckit contract: services, calls, events, sagas and choreographies, as SVG, Mermaid, DOT and JSON.
//!
//! The finest map has a node for each operation, handler, event and step (`members`); a [`View`] says what of it is
//! shown, and what is drawn as one box. Numbers on arrows come from whoever analysed the world ([`Numbers`]).

pub mod codes;
mod graph;
mod members;
mod numbers;
mod options;
mod render;
#[cfg(test)]
mod tests;
mod view;

pub use graph::{CallNumbers, Cluster, Edge, EdgeKind, Graph, Node, NodeKind, VERSION};
pub use numbers::Numbers;
pub use render::{LIMIT, dot, mermaid, svg};
pub use view::{ClusterBy, Filter, KINDS, Level, View, graph};

use svckit_backend::{Backend, Files, Options};
use svckit_diagnostics::Diagnostic;
use svckit_model::{Info, World};

use options::{Format, Settings};

/// The target `diagrams`.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiagramsBackend;

impl Backend for DiagramsBackend {
    fn name(&self) -> &'static str {
        "diagrams"
    }

    fn about(&self) -> &'static str {
        "maps: the services, and a page for each saga and choreography"
    }

    fn options(&self) -> &'static [(&'static str, &'static str)] {
        options::OPTIONS
    }

    fn generate(&self, world: &World, options: &Options) -> Result<Files, Vec<Diagnostic>> {
        let settings = Settings::read(options)?;
        let mut files = Files::default();
        let mut view = View { cluster: settings.cluster, ..View::default() };
        write(world, &view, &settings, "services", &mut files);
        for (folder, info) in flows(world) {
            let name = world.qualified(info);
            view.focus = Some(name.clone());
            write(world, &view, &settings, &format!("{folder}/{name}"), &mut files);
        }
        Ok(files)
    }
}

/// Sagas and choreographies of the local packages.
fn flows(world: &World) -> impl Iterator<Item = (&'static str, &Info)> {
    let sagas = world.sagas.iter().map(|(_, s)| ("sagas", &s.info));
    let flows = world.choreographies.iter().map(|(_, c)| ("choreographies", &c.info));
    sagas.chain(flows).filter(|(_, info)| !world.packages[info.package].external)
}

/// Writes a map in every form that is asked for; one that can't be made is left out.
fn write(world: &World, view: &View, settings: &Settings, path: &str, files: &mut Files) {
    let Ok(graph) = graph(world, view, &settings.numbers) else { return };
    for format in &settings.formats {
        let text = match format {
            Format::Svg => svg(&graph).ok(),
            Format::Mermaid => Some(mermaid(&graph)),
            Format::Dot => Some(dot(&graph)),
            Format::Json => Some(graph.to_json()),
        };
        if let Some(text) = text {
            files.add(format!("{path}.{}", format.extension()), text);
        }
    }
}
