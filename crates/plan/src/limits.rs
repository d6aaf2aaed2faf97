//! What is enough, against texts that are made to be too much.

/// Changes of one comparison.
pub const MAX_CHANGES: usize = 250_000;
/// Properties that are looked at in one comparison, each as often as it is used.
pub const MAX_STEPS: usize = 2_000_000;
