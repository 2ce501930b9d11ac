use svckit_diagnostics::Diagnostic;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A deployment whose services are found at addresses that are written down.
    ///
    /// ## What it does
    /// Finds deployments other than `local` with `discover static`.
    ///
    /// ## Why is this bad
    /// An address that is written down is right until the machine is replaced. A new replica gets no calls, one that is
    /// gone keeps getting them, and every move is a release.
    ///
    /// Reads: `deployment`, `discover`
    ///
    /// ## Example
    /// ```svc
    /// deployment production { discover static "10.0.0.17:50051" }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// deployment production { discover dns "shop.internal" }
    /// ```
    pub RULE = Warning "hard-coded-host" in Topology;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, deployment) in analysis.world.deployments.iter() {
        let (info, Some(discover)) = (&deployment.info, &deployment.discover) else { continue };
        if discover.kind != "static" || info.name == "local" {
            continue;
        }
        let text = format!("deployment `{}` finds its services at fixed addresses", info.name);
        let found = Diagnostic::new(RULE.code, discover.span, text)
            .here("right until a machine is replaced")
            .help("let something that knows where they run tell: `discover kubernetes`, `consul` or `dns`");
        report.add(info.span, found);
    }
}
