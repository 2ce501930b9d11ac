//! gRPC for svckit services, on tonic.
