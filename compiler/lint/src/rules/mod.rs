//! A file a rule, named by its slug.

pub(crate) mod bulkhead_overcommit;
pub(crate) mod chatty;
pub(crate) mod dead_attempt;
pub(crate) mod deadline_overrun;
pub(crate) mod distributed_monolith;
pub(crate) mod extra_nine;
pub(crate) mod hard_coded_host;
pub(crate) mod hedged_command;
pub(crate) mod idempotency_window_short;
pub(crate) mod multi_layer_retry;
pub(crate) mod public_without_auth;
pub(crate) mod public_without_limit;
pub(crate) mod retry_amplification;
pub(crate) mod retry_non_idempotent;
pub(crate) mod retry_permanent_error;
pub(crate) mod safety_removed;
pub(crate) mod sensitive_in_event;
pub(crate) mod sensitive_in_key;
pub(crate) mod sensitive_to_dead_letter;
pub(crate) mod slo_infeasible;
pub(crate) mod sync_chain;
pub(crate) mod sync_cycle;
pub(crate) mod timeout_inversion;
pub(crate) mod unstable_idempotency_key;
pub(crate) mod wide_fan_out;
