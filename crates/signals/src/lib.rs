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
pub mod gzip;
mod history;
mod ids;
pub mod jaeger;
mod leaf;
mod levels;
pub mod lines;
mod logs;
mod losses;
pub mod mapping;
mod metrics;
mod names;
pub mod otlp;
mod pods;
mod profile;
pub mod prometheus;
mod read;
mod sketch;
mod spans;
mod telemetry;
mod template;
mod value;
mod who;
pub mod zipkin;

pub use buckets::Buckets;
pub use chance::Usual;
pub use conventions::Attribute;
pub use deviation::{Deviation, Deviations, Sighting, What, deviations, sightings};
pub use forest::{Flaws, Forest, NONE, Trace};
pub use history::History;
pub use ids::{SpanId, TraceId};
pub use levels::{Level, Measure, OUTLIER, levels, spread, values};
pub use logs::{Event, EventId, Log, Logs, Severity};
pub use losses::Losses;
pub use metrics::{Metrics, Series, SeriesKey, Statistic, Temporality};
pub use names::{Name, Names};
pub use pods::service as service_of_instance;
pub use profile::{Context, Outcome, Profile, Step, Tally, Window};
pub use read::{Format, HEAD, format, may_be, read, recognise};
pub use sketch::Sketch;
pub use spans::{Link, Span, SpanKind, Spans, Status, is_parted};
pub use telemetry::{Instant, Observed, Resource, ResourceId, Telemetry};
