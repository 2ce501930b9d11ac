//! The table of rules. A new one is a file in `rules/`, a folder in `tests/ui/rules`, and a line here.

use crate::Rule;
use crate::rules::*;

/// Every rule, by group.
pub static RULES: &[&Rule] = &[
    // Calls.
    &retry_non_idempotent::RULE,
    &retry_permanent_error::RULE,
    &retry_amplification::RULE,
    &multi_layer_retry::RULE,
    &timeout_inversion::RULE,
    &dead_attempt::RULE,
    &deadline_overrun::RULE,
    &bulkhead_overcommit::RULE,
    &hedged_command::RULE,
    &query_with_effects::RULE,
    &idempotency_window_short::RULE,
    &unstable_idempotency_key::RULE,
    &safety_removed::RULE,
    // Topology.
    &sync_chain::RULE,
    &sync_cycle::RULE,
    &wide_fan_out::RULE,
    &chatty::RULE,
    &distributed_monolith::RULE,
    &slo_infeasible::RULE,
    &extra_nine::RULE,
    &hard_coded_host::RULE,
    // Events.
    &orphan_event::RULE,
    &ghost_subscription::RULE,
    &missing_upcast::RULE,
    &missing_key::RULE,
    &key_mismatch::RULE,
    &order_lost_by_retry::RULE,
    &thin_event::RULE,
    &critical_fire_and_forget::RULE,
    &unbounded_event_loop::RULE,
    &fat_event::RULE,
    &command_in_disguise::RULE,
    &unemitted_event::RULE,
    // Brokers.
    &exactly_once_claim::RULE,
    &missing_capability::RULE,
    &ack_deadline::RULE,
    &retention_too_short::RULE,
    &local_broker::RULE,
    // Security.
    &sensitive_in_event::RULE,
    &sensitive_in_key::RULE,
    &sensitive_to_dead_letter::RULE,
    &public_without_auth::RULE,
    &public_without_limit::RULE,
    // Saga.
    &missing_undo::RULE,
    &two_pivots::RULE,
    &fallible_after_pivot::RULE,
    &fallible_undo::RULE,
    &undo_not_idempotent::RULE,
    &undo_needs_lost_result::RULE,
    &use_before_step::RULE,
    &late_wait::RULE,
    &saga_deadline_overrun::RULE,
    &irrevocable_before_pivot::RULE,
    &parallel_conflict::RULE,
    &isolation_conflict::RULE,
    &unreachable_end::RULE,
    // Choreography.
    &unclosed_failure::RULE,
    &improper_completion::RULE,
    &unbounded_cycle::RULE,
    &within_overrun::RULE,
    &orphan_wait::RULE,
    &underivable_correlation::RULE,
    &causal_order_lost::RULE,
    &split_decision::RULE,
];
