//! What attributes mean: OpenTelemetry's semantic conventions, old names and new ones, and a few that are older still.
//!
//! Invariant: only attributes that a later step reads are kept; everything else is dropped where it is decoded, so that
//! telemetry with a hundred attributes a span costs no more. Source: OpenTelemetry Semantic Conventions 1.40 and its lists
//! of deprecated names; Zipkin's and OpenTracing's tags.

/// An attribute of a span or a log line that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    HttpMethod,
    HttpRoute,
    /// A full address or a path.
    HttpTarget,
    HttpStatus,
    /// Who is spoken to: a host name or address.
    Peer,
    PeerPort,
    /// Who is spoken to, as a service name.
    PeerService,
    RpcSystem,
    RpcService,
    RpcMethod,
    RpcStatus,
    DbSystem,
    DbName,
    DbOperation,
    DbCollection,
    DbStatement,
    MessagingSystem,
    MessagingDestination,
    MessagingOperation,
    ErrorType,
    ExceptionType,
    ExceptionMessage,
    ExceptionStack,
    CodeFile,
    CodeLine,
    CodeFunction,
    /// Which attempt it is (`http.request.resend_count`).
    Resend,
}

impl Attribute {
    /// All of them, in order.
    pub const ALL: [Attribute; 27] = [
        Attribute::HttpMethod,
        Attribute::HttpRoute,
        Attribute::HttpTarget,
        Attribute::HttpStatus,
        Attribute::Peer,
        Attribute::PeerPort,
        Attribute::PeerService,
        Attribute::RpcSystem,
        Attribute::RpcService,
        Attribute::RpcMethod,
        Attribute::RpcStatus,
        Attribute::DbSystem,
        Attribute::DbName,
        Attribute::DbOperation,
        Attribute::DbCollection,
        Attribute::DbStatement,
        Attribute::MessagingSystem,
        Attribute::MessagingDestination,
        Attribute::MessagingOperation,
        Attribute::ErrorType,
        Attribute::ExceptionType,
        Attribute::ExceptionMessage,
        Attribute::ExceptionStack,
        Attribute::CodeFile,
        Attribute::CodeLine,
        Attribute::CodeFunction,
        Attribute::Resend,
    ];

    /// Its name in the present conventions, under which it is kept and written.
    pub fn key(self) -> &'static str {
        match self {
            Attribute::HttpMethod => "http.request.method",
            Attribute::HttpRoute => "http.route",
            Attribute::HttpTarget => "url.full",
            Attribute::HttpStatus => "http.response.status_code",
            Attribute::Peer => "server.address",
            Attribute::PeerPort => "server.port",
            Attribute::PeerService => "service.peer.name",
            Attribute::RpcSystem => "rpc.system",
            Attribute::RpcService => "rpc.service",
            Attribute::RpcMethod => "rpc.method",
            Attribute::RpcStatus => "rpc.grpc.status_code",
            Attribute::DbSystem => "db.system.name",
            Attribute::DbName => "db.namespace",
            Attribute::DbOperation => "db.operation.name",
            Attribute::DbCollection => "db.collection.name",
            Attribute::DbStatement => "db.query.text",
            Attribute::MessagingSystem => "messaging.system",
            Attribute::MessagingDestination => "messaging.destination.name",
            Attribute::MessagingOperation => "messaging.operation.type",
            Attribute::ErrorType => "error.type",
            Attribute::ExceptionType => "exception.type",
            Attribute::ExceptionMessage => "exception.message",
            Attribute::ExceptionStack => "exception.stacktrace",
            Attribute::CodeFile => "code.file.path",
            Attribute::CodeLine => "code.line.number",
            Attribute::CodeFunction => "code.function.name",
            Attribute::Resend => "http.request.resend_count",
        }
    }

    /// What `key` means, if it is kept.
    pub fn of_key(key: &str) -> Option<Attribute> {
        Some(match key {
            "http.request.method" | "http.method" => Attribute::HttpMethod,
            "http.route" => Attribute::HttpRoute,
            "url.full" | "url.path" | "http.url" | "http.target" | "http.path" => Attribute::HttpTarget,
            "http.response.status_code" | "http.status_code" | "http.status" => Attribute::HttpStatus,
            "server.address"
            | "net.peer.name"
            | "net.sock.peer.name"
            | "network.peer.address"
            | "net.peer.ip"
            | "http.host"
            | "peer.hostname"
            | "peer.address" => Attribute::Peer,
            "server.port" | "net.peer.port" | "network.peer.port" => Attribute::PeerPort,
            "peer.service" | "service.peer.name" => Attribute::PeerService,
            "rpc.system" | "rpc.system.name" => Attribute::RpcSystem,
            "rpc.service" => Attribute::RpcService,
            "rpc.method" => Attribute::RpcMethod,
            "rpc.grpc.status_code" | "rpc.response.status_code" | "grpc.status_code" => Attribute::RpcStatus,
            "db.system" | "db.system.name" | "db.type" => Attribute::DbSystem,
            "db.namespace" | "db.name" | "db.instance" | "db.redis.database_index" => Attribute::DbName,
            "db.operation" | "db.operation.name" => Attribute::DbOperation,
            "db.collection.name" | "db.sql.table" | "db.mongodb.collection" | "db.cassandra.table" => {
                Attribute::DbCollection
            }
            "db.query.text" | "db.statement" | "db.query.summary" => Attribute::DbStatement,
            "messaging.system" => Attribute::MessagingSystem,
            "messaging.destination.name"
            | "messaging.destination"
            | "message_bus.destination"
            | "messaging.destination_publish.name"
            | "messaging.kafka.topic"
            | "messaging.rabbitmq.destination.name"
            | "kafka.topic" => Attribute::MessagingDestination,
            "messaging.operation" | "messaging.operation.type" | "messaging.operation.name" => {
                Attribute::MessagingOperation
            }
            "error.type" => Attribute::ErrorType,
            "exception.type" | "error.kind" => Attribute::ExceptionType,
            "exception.message" | "error.message" | "otel.status_description" => Attribute::ExceptionMessage,
            "exception.stacktrace" | "error.stack" => Attribute::ExceptionStack,
            "code.file.path" | "code.filepath" => Attribute::CodeFile,
            "code.line.number" | "code.lineno" => Attribute::CodeLine,
            "code.function.name" | "code.function" => Attribute::CodeFunction,
            "http.request.resend_count" | "http.resend_count" | "retry.attempt" => Attribute::Resend,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_names_mean_the_same() {
        for (old, new) in [
            ("http.method", "http.request.method"),
            ("http.status_code", "http.response.status_code"),
            ("net.peer.name", "server.address"),
            ("db.system", "db.system.name"),
            ("messaging.destination", "messaging.destination.name"),
            ("code.filepath", "code.file.path"),
        ] {
            assert!(Attribute::of_key(old).is_some());
            assert_eq!(Attribute::of_key(old), Attribute::of_key(new));
        }
        assert_eq!(Attribute::of_key("thread.id"), None);
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::of_key(attribute.key()), Some(attribute));
        }
    }
}
