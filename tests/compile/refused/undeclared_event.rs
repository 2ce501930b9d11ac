//! A handler publishes what its contract says and nothing else.

use generated::promises::promises::stock::v1::stock::{PutBackContext, RanOut};

pub fn put_back(ctx: &mut PutBackContext) {
    ctx.emit_ran_out(RanOut { sku: "MUG".into() }); //~ error[E0599]: no method named `emit_ran_out` found for mutable reference `&mut PutBackContext` in the current scope
}

fn main() {}
