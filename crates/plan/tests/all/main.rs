//! The tests of this crate in one program: each of its own would be linked with everything again.

mod asyncapi;
mod avro;
mod graphql;
mod hostile;
mod impact;
mod jsonschema;
mod named;
mod openapi;
mod parted;
mod protobuf;
mod spelled;
mod sql;
mod touch;
