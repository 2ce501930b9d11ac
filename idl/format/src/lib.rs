//! The formatter of the .svc language: idempotent, keeps every comment.
