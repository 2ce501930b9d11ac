//! The resolved, typed contract: name resolution, types and checks of the .svc language.
