//! Telemetry: what a running system said, as columns; what deviates in them, as data.
//!
//! Invariants: time is known here and place is not (who calls whom is `diagnose`'s and `graph`'s business); bytes come in,
//! nothing is opened; broken input is a [`seam_facts::Problem`] beside the rest; memory is bounded by stated limits.

mod buckets;
mod chance;
pub mod clock;
mod conventions;
mod csv;
mod deviation;
mod forest;
mod history;
mod ids;
mod levels;
pub mod lines;
mod logs;
pub mod mapping;
mod metrics;
mod names;
mod pods;
mod profile;
mod read;
mod spans;
mod telemetry;
mod template;

pub use buckets::Buckets;
pub use chance::Usual;
pub use conventions::Attribute;
pub use deviation::{Deviation, Deviations, Sighting, What, deviations, sightings};
pub use forest::{Flaws, Forest, NONE, Trace};
pub use history::History;
pub use ids::{SpanId, TraceId};
pub use levels::{Level, Measure, OUTLIER, levels, spread, values};
pub use logs::{Event, EventId, Log, Logs, Severity};
pub use metrics::{Metrics, Series, SeriesKey, Statistic, Temporality};
pub use names::{Name, Names};
pub use pods::service as service_of_instance;
pub use profile::{Context, Outcome, Profile, Step, Tally, Window};
pub use read::{Format, format, read};
pub use spans::{Link, Span, SpanKind, Spans, Status, is_parted};
pub use telemetry::{Instant, Observed, Resource, ResourceId, Telemetry};
