//! What every svckit backend shares: the Backend trait, output files, naming.
