//! Files in the order of their imports.

use std::collections::HashMap;

use crate::ir::File;

/// Every file after those that it imports, or a circle of files that import each other, each the next one.
pub(crate) fn order(files: &[File]) -> Result<Vec<&File>, Vec<&File>> {
    let index: HashMap<&str, usize> =
        files.iter().enumerate().map(|(i, f)| (f.path.as_str(), i)).collect();
    let imports: Vec<Vec<usize>> = files
        .iter()
        .map(|f| f.imports(false).into_iter().filter_map(|p| index.get(p).copied()).collect())
        .collect();
    let mut waits: Vec<usize> = imports.iter().map(Vec::len).collect();
    let mut importers: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
    for (file, imports) in imports.iter().enumerate() {
        imports.iter().for_each(|import| importers[*import].push(file));
    }
    let mut done: Vec<usize> = (0..files.len()).filter(|i| waits[*i] == 0).collect();
    let mut next = 0;
    while let Some(&file) = done.get(next) {
        next += 1;
        for importer in &importers[file] {
            waits[*importer] -= 1;
            if waits[*importer] == 0 {
                done.push(*importer);
            }
        }
    }
    if done.len() == files.len() {
        return Ok(done.into_iter().map(|i| &files[i]).collect());
    }
    Err(circle(&imports, &waits).into_iter().map(|i| &files[i]).collect())
}

/// Follows imports among files that still wait: each of them imports one that waits too, so the way closes.
fn circle(imports: &[Vec<usize>], waits: &[usize]) -> Vec<usize> {
    let waiting = |i: &usize| waits[*i] > 0;
    let mut way: Vec<usize> = (0..imports.len()).find(waiting).into_iter().collect();
    let mut place: HashMap<usize, usize> = way.iter().map(|i| (*i, 0)).collect();
    while let Some(next) = way.last().and_then(|at| imports[*at].iter().copied().find(waiting)) {
        if let Some(from) = place.insert(next, way.len()) {
            way.drain(..from);
            break;
        }
        way.push(next);
    }
    way
}
