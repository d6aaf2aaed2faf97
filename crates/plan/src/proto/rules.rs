//! Every rule about protocol buffers, by the name that it has in buf, with the categories that it has there.
//!
//! Grades follow the categories: what breaks `WIRE` breaks what is sent, `WIRE_JSON` what is sent as JSON, the rest code that
//! is generated. An RPC that is gone is a call that fails, hence wire. Sorted by name; ours for what is only added at the end.

use crate::change::Grade::{self, Behaviour, Json, Safe as Harmless, Source, Wire};
use crate::change::Hurts::{self, Both, Builders, Readers, Senders};
use crate::change::Level::{self, Breaking, Safe, Warning};
use crate::change::Rule;

/// Categories of buf, as bits.
pub const FILE: u8 = 1;
pub const PACKAGE: u8 = 2;
pub const WIRE_JSON: u8 = 4;
pub const WIRE: u8 = 8;

const fn rule(id: &'static str, level: Level, grade: Grade, hurts: Hurts, categories: u8) -> (Rule, u8) {
    (Rule { id, level, grade, hurts }, categories)
}

/// A rule by its name, with its categories.
pub fn find(id: &str) -> Option<&'static (Rule, u8)> {
    RULES.binary_search_by(|(rule, _)| rule.id.cmp(id)).ok().map(|i| &RULES[i])
}

#[rustfmt::skip]
pub static RULES: &[(Rule, u8)] = &[
    rule("ENUM_NO_DELETE", Breaking, Source, Builders, FILE),
    rule("ENUM_SAME_JSON_FORMAT", Breaking, Json, Both, FILE | PACKAGE | WIRE_JSON),
    rule("ENUM_SAME_TYPE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("ENUM_VALUE_NO_DELETE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED", Breaking, Json, Both, WIRE_JSON),
    rule("ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", Breaking, Wire, Both, WIRE_JSON | WIRE),
    rule("ENUM_VALUE_SAME_NAME", Breaking, Json, Both, FILE | PACKAGE | WIRE_JSON),
    rule("EXTENSION_MESSAGE_NO_DELETE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("EXTENSION_NO_DELETE", Breaking, Source, Builders, FILE),
    rule("FIELD_NO_DELETE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_NO_DELETE_UNLESS_NAME_RESERVED", Breaking, Json, Both, WIRE_JSON),
    rule("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", Breaking, Wire, Both, WIRE_JSON | WIRE),
    rule("FIELD_SAME_CARDINALITY", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_SAME_CPP_STRING_TYPE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_SAME_DEFAULT", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("FIELD_SAME_JAVA_UTF8_VALIDATION", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_SAME_JSON_NAME", Breaking, Json, Both, FILE | PACKAGE | WIRE_JSON),
    rule("FIELD_SAME_JSTYPE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_SAME_NAME", Breaking, Json, Both, FILE | PACKAGE | WIRE_JSON),
    rule("FIELD_SAME_ONEOF", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("FIELD_SAME_TYPE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_SAME_UTF8_VALIDATION", Breaking, Source, Builders, FILE | PACKAGE),
    rule("FIELD_WIRE_COMPATIBLE_CARDINALITY", Breaking, Wire, Both, WIRE),
    rule("FIELD_WIRE_COMPATIBLE_TYPE", Breaking, Wire, Both, WIRE),
    rule("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", Breaking, Json, Both, WIRE_JSON),
    rule("FIELD_WIRE_JSON_COMPATIBLE_TYPE", Breaking, Json, Both, WIRE_JSON),
    rule("FILE_NO_DELETE", Breaking, Source, Builders, FILE),
    rule("FILE_SAME_CC_ENABLE_ARENAS", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_CC_GENERIC_SERVICES", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_CSHARP_NAMESPACE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_GO_PACKAGE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_JAVA_GENERIC_SERVICES", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_JAVA_MULTIPLE_FILES", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_JAVA_OUTER_CLASSNAME", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_JAVA_PACKAGE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_OBJC_CLASS_PREFIX", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_OPTIMIZE_FOR", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_PACKAGE", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("FILE_SAME_PHP_CLASS_PREFIX", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_PHP_METADATA_NAMESPACE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_PHP_NAMESPACE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_PY_GENERIC_SERVICES", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_RUBY_PACKAGE", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_SWIFT_PREFIX", Warning, Source, Builders, FILE | PACKAGE),
    rule("FILE_SAME_SYNTAX", Breaking, Source, Builders, FILE | PACKAGE),
    rule("MESSAGE_NO_DELETE", Breaking, Source, Builders, FILE),
    rule("MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR", Breaking, Source, Builders, FILE | PACKAGE),
    rule("MESSAGE_SAME_JSON_FORMAT", Breaking, Json, Both, FILE | PACKAGE | WIRE_JSON),
    rule("MESSAGE_SAME_REQUIRED_FIELDS", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("ONEOF_NO_DELETE", Breaking, Source, Builders, FILE | PACKAGE),
    rule("PACKAGE_ENUM_NO_DELETE", Breaking, Source, Builders, PACKAGE),
    rule("PACKAGE_EXTENSION_NO_DELETE", Breaking, Source, Builders, PACKAGE),
    rule("PACKAGE_MESSAGE_NO_DELETE", Breaking, Source, Builders, PACKAGE),
    rule("PACKAGE_NO_DELETE", Breaking, Source, Builders, PACKAGE),
    rule("PACKAGE_SERVICE_NO_DELETE", Breaking, Wire, Senders, PACKAGE),
    rule("RESERVED_ENUM_NO_DELETE", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RESERVED_MESSAGE_NO_DELETE", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RPC_NO_DELETE", Breaking, Wire, Senders, FILE | PACKAGE),
    rule("RPC_SAME_CLIENT_STREAMING", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RPC_SAME_IDEMPOTENCY_LEVEL", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RPC_SAME_REQUEST_TYPE", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RPC_SAME_RESPONSE_TYPE", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("RPC_SAME_SERVER_STREAMING", Breaking, Wire, Both, FILE | PACKAGE | WIRE_JSON | WIRE),
    rule("SERVICE_NO_DELETE", Breaking, Wire, Senders, FILE),
    rule("enum-added", Safe, Harmless, Both, 0),
    rule("enum-value-added", Safe, Behaviour, Readers, 0),
    rule("field-added", Safe, Harmless, Both, 0),
    rule("legacy-required-changed", Breaking, Wire, Both, 0),
    rule("message-added", Safe, Harmless, Both, 0),
    rule("rpc-added", Safe, Harmless, Both, 0),
    rule("service-added", Safe, Harmless, Both, 0),
];
