//! Technologies of Scala; what it shares with the JVM's other languages stands in `jvm`.

mod clients;
mod grpc;
mod lagom;
mod read;
mod routes;
mod stores;
mod streams;
mod tapir;
mod words;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &clients::EXTRACTOR,
    &grpc::EXTRACTOR,
    &lagom::EXTRACTOR,
    &routes::EXTRACTOR,
    &stores::EXTRACTOR,
    &streams::EXTRACTOR,
    &tapir::EXTRACTOR,
    &words::EXTRACTOR,
];
