//! The seams of the svckit runtime: context, errors, wire format, transport and store traits.
