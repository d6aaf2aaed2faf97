//! The catalogue: one `.rs`, one `.md` and one word in this list for each rule, by group.

mod ack_before_effect;
mod backpressure_ignored;
mod call_cycle;
mod check_then_act;
mod contract_copy_drift;
pub(crate) mod dangling_call;
mod dual_write;
mod effect_before_commit;
mod error_contract;
mod fallback_same_fate;
pub(crate) mod key_ignored;
pub(crate) mod key_per_attempt;
mod layered_retries;
pub(crate) mod lease_shorter_than_work;
mod long_chain;
mod lost_message;
mod missing_setting;
mod missing_timeout;
mod no_compensation;
mod payload_mismatch;
pub(crate) mod port_mismatch;
pub(crate) mod redelivery_unsafe;
mod retry_storm;
mod retry_without_backoff;
mod secret_in_plain;
pub(crate) mod setting_drift;
mod shared_breaker;
mod shared_table;
pub(crate) mod start_order;
mod swallowed_error;
mod timeout_inversion;
mod unbounded_retry;
mod undeclared_endpoint;
mod unknown_host;
mod unread_setting;
mod unsafe_migration;
pub(crate) mod unsafe_retry;
mod unserved_contract;
mod version_skew;
mod wrong_error_retried;

// Not yet sure enough to run by itself.
mod order_sensitive_update;

use crate::Rule;

/// Every rule, in the order in which help shows them.
pub static RULES: &[&Rule] = &[
    // Interaction.
    &lost_message::RULE,
    &ack_before_effect::RULE,
    &redelivery_unsafe::RULE,
    &lease_shorter_than_work::RULE,
    &order_sensitive_update::RULE,
    &missing_timeout::RULE,
    &timeout_inversion::RULE,
    &unsafe_retry::RULE,
    &retry_without_backoff::RULE,
    &wrong_error_retried::RULE,
    &key_per_attempt::RULE,
    &key_ignored::RULE,
    &backpressure_ignored::RULE,
    &shared_breaker::RULE,
    &retry_storm::RULE,
    &layered_retries::RULE,
    &swallowed_error::RULE,
    &unbounded_retry::RULE,
    &dual_write::RULE,
    &effect_before_commit::RULE,
    &no_compensation::RULE,
    &check_then_act::RULE,
    &fallback_same_fate::RULE,
    // Contract.
    &shared_table::RULE,
    &unsafe_migration::RULE,
    &dangling_call::RULE,
    &error_contract::RULE,
    &contract_copy_drift::RULE,
    &unserved_contract::RULE,
    &undeclared_endpoint::RULE,
    &payload_mismatch::RULE,
    // Environment.
    &unknown_host::RULE,
    &missing_setting::RULE,
    &unread_setting::RULE,
    &port_mismatch::RULE,
    &setting_drift::RULE,
    &secret_in_plain::RULE,
    &start_order::RULE,
    &version_skew::RULE,
    // Shape.
    &call_cycle::RULE,
    &long_chain::RULE,
];
