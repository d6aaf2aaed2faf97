//! Telemetry: what a running system said, as columns; what deviates in them, as data.
//!
//! Invariants: time is known here and place is not (who calls whom is `diagnose`'s and `graph`'s business); bytes come in,
//! nothing is opened; broken input is a [`seam_facts::Problem`] beside the rest; memory is bounded by stated limits.

pub mod clock;
mod conventions;
mod csv;
mod ids;
pub mod lines;
mod logs;
pub mod mapping;
mod metrics;
mod names;
mod pods;
mod read;
mod spans;
mod telemetry;
mod template;

pub use conventions::Attribute;
pub use ids::{SpanId, TraceId};
pub use logs::{Event, EventId, Log, Logs, Severity};
pub use metrics::{Metrics, Series, SeriesKey, Statistic, Temporality};
pub use names::{Name, Names};
pub use pods::service as service_of_instance;
pub use read::{Format, format, read};
pub use spans::{Link, Span, SpanKind, Spans, Status};
pub use telemetry::{Instant, Observed, Resource, ResourceId, Telemetry};
