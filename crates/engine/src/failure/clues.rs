//! What an error text says besides its frames: the setting that is missing, the host that refused, the field, table or
//! topic that is not there, the status of an answer.
//!
//! Invariant: wordings of public runtimes, drivers and tools only; whether the named thing exists in this workspace is not
//! asked here.

use super::logs::Line;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What kind of failure a line speaks of. The order is the one in which people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    MissingSetting,
    Refused,
    Unknown,
    TimedOut,
    /// The other side answered that it failed.
    Answered,
    /// Data is not what the code expects.
    Data,
    Table,
    Topic,
    Probe,
    Image,
    Workload,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::MissingSetting => "a setting is missing",
            Kind::Refused => "a connection is refused or unavailable",
            Kind::Unknown => "a host is not known",
            Kind::TimedOut => "somebody waited too long",
            Kind::Answered => "another service answered with a failure",
            Kind::Data => "data is not what the code expects",
            Kind::Table => "a table, column or collection is not there",
            Kind::Topic => "a topic, queue or exchange is not there",
            Kind::Probe => "a probe fails",
            Kind::Image => "an image cannot be had",
            Kind::Workload => "a workload does not run",
        }
    }

    /// Whether the other side of a call is as suspect as this one.
    pub(crate) fn is_remote(self) -> bool {
        matches!(self, Kind::Refused | Kind::Unknown | Kind::TimedOut | Kind::Answered)
    }
}

/// An address as the text writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    pub host: String,
    pub port: Option<u32>,
    /// Empty where there is none.
    pub path: String,
    pub method: Option<String>,
}

/// Everything that lines say, each thing with the line that says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clues {
    pub kinds: BTreeSet<Kind>,
    /// Settings that are said to be missing or wrong.
    pub settings: Vec<(String, usize)>,
    pub addresses: Vec<(Address, usize)>,
    /// Statuses of HTTP from 400 on.
    pub statuses: Vec<u32>,
    pub fields: Vec<(String, usize)>,
    /// Types that could not be read or written.
    pub types: Vec<(String, usize)>,
    pub tables: Vec<(String, usize)>,
    pub topics: Vec<(String, usize)>,
    /// Operations as `Service/Method` or `Client.method`.
    pub operations: Vec<(String, usize)>,
    /// Containers, pods, images and the like.
    pub workloads: Vec<(String, usize)>,
}

macro_rules! patterns {
    ($($text:expr),+ $(,)?) => {{
        static ALL: LazyLock<Vec<Regex>> = LazyLock::new(|| [$($text),+].iter().filter_map(|t| Regex::new(t).ok()).collect());
        &ALL
    }};
}

pub(crate) fn clues(lines: &[Line]) -> Clues {
    let mut out = Clues::default();
    let whole: String = lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>().join("\n");
    let env = whole.contains("environ")
        || whole.contains("getenv")
        || whole.contains("Settings")
        || whole.contains("process.env");
    for (at, line) in lines.iter().enumerate() {
        let text = line.text.as_str();
        if text.len() > 20_000 {
            continue;
        }
        settings(text, env, at, &mut out);
        reached(text, at, &mut out);
        data(text, at, &mut out);
        stored(text, at, &mut out);
        cluster(text, at, &mut out);
    }
    out
}

fn take(all: &[Regex], text: &str, mut each: impl FnMut(String)) {
    for re in all {
        for found in re.captures_iter(text) {
            if let Some(name) = found.iter().skip(1).flatten().next() {
                each(name.as_str().trim_matches(['\'', '"', '`', '.', ',', '[', ']', '(', ')']).to_owned());
            }
        }
    }
}

/// Words that are written in capitals and are no settings.
fn is_setting(name: &str) -> bool {
    name.len() > 2
        && !matches!(name, "ERROR" | "FATAL" | "WARN" | "INFO" | "DEBUG" | "GET" | "POST" | "PUT" | "NULL" | "HTTP")
}

fn settings(text: &str, env: bool, at: usize, out: &mut Clues) {
    let named = patterns![
        r#"(?i:environment variables?|env(?:ironment)? var(?:iable)?s?|env|setting|configuration (?:value|key|option)|config(?:uration)? key)(?: named)?[:=]? [`'"]?\$?([A-Za-z][\w.:-]{2,})[`'"]? ?(?i:is |was |are |must |not |has not |could not |cannot |missing|required|undefined|unset|empty)"#,
        r#"[`'"$]?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{4,})\b[`'"]?:? (?:environment variable |env var(?:iable)? |env )?(?i:is |was |are |has |must |needs |should |has to )?(?:be )?(?i:not (?:been )?(?:set|defined|supplied|provided|found|configured|specified|present|valid|a valid)|missing|required|undefined|unset|empty|defined|set\b|configured|provided|specified|invalid)"#,
        r#"(?i:missing|required|undefined|unset|empty|no|invalid|unknown|set|define|provide)(?: the| required)*(?: environment| env| configuration| config)?(?: variable| var| key| setting| value)?s?(?: for)?:? [`'"$]?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"#,
        r#"Could not resolve placeholder '([^':]+)"#,
        r#"EnvVar(?:Error)?\((?:NotPresent, )?"?([A-Z_][A-Z0-9_]+)"#,
        r#"key not found: "([A-Z][A-Z0-9_]{2,})""#,
        r#"could not fetch environment variable "([^"]+)""#,
        r#"missing value for field ([a-z_]+)"#,
        r#"Missing required key\(?s?\)?:? ?\[?['"]?([A-Z][\w.]+)"#,
        r#"required key ([A-Z][A-Z0-9_]+) missing value"#,
        r#"env: environment variable "([^"]+)""#,
        r#"Undefined array key "([A-Z][A-Z0-9_]+)""#,
        r#"Environment variable not found: "?([A-Z][A-Z0-9_]+)"#,
        r#"The ([A-Z][A-Z0-9_]{2,}) environment variable"#,
    ];
    take(named, text, |name| {
        if is_setting(&name) {
            out.kinds.insert(Kind::MissingSetting);
            push(&mut out.settings, name, at);
        }
    });
    let keys = patterns![r#"\bKeyError: ['"]([A-Z][A-Z0-9_]{2,})['"]"#, r"^([A-Z][A-Z0-9_]{2,}|[a-z_]{3,})$"];
    let mut found = Vec::new();
    take(&keys[..1], text, |name| found.push(name));
    // Pydantic writes the name alone, and what is wrong with it on the next line.
    if env && text.trim() == text {
        take(&keys[1..], text, |name| {
            if name.contains('_') {
                found.push(name);
            }
        });
    }
    for name in found {
        out.kinds.insert(Kind::MissingSetting);
        push(&mut out.settings, name, at);
    }
}

fn push(list: &mut Vec<(String, usize)>, name: String, at: usize) {
    if !name.is_empty() && !list.iter().any(|(known, _)| *known == name) {
        list.push((name, at));
    }
}

/// Whether somebody else was asked, and how that ended.
fn reached(text: &str, at: usize, out: &mut Clues) {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&[
        "connection refused",
        "econnrefused",
        "connectexception",
        "actively refused",
        "unavailable",
        "failed to connect",
        "connection error",
        "could not connect",
        "cannot connect",
        "can't connect",
        "no brokers available",
        "econnreset",
        "connection reset",
        "broken pipe",
        "unabletoconnect",
        "no connection could be made",
        "no connection is active",
        "service unavailable",
        "error while dialing",
        "unable to connect",
        "socket hang up",
        "connection aborted",
        "resourceaccessexception",
        "unreachable",
        "not available to service",
        "max retries exceeded",
        "bad gateway",
    ]) {
        out.kinds.insert(Kind::Refused);
    }
    if has(&[
        "no such host",
        "enotfound",
        "unknownhost",
        "name or service not known",
        "could not resolve host",
        "eai_again",
        "nodename nor servname",
        "name resolution",
        "could not translate host name",
        "getaddrinfo",
        "host not found",
        "no address associated",
        "nxdomain",
        "dns error",
    ]) {
        out.kinds.insert(Kind::Unknown);
    }
    if has(&[
        "deadline_exceeded",
        "deadlineexceeded",
        "deadline exceeded",
        "timed out",
        "timeout",
        "etimedout",
        "econnaborted",
        "gateway time-out",
        "taskcanceledexception",
        "context canceled",
    ]) {
        out.kinds.insert(Kind::TimedOut);
    }
    if has(&[
        "rpc error",
        "rpcexception",
        "statusruntimeexception",
        "_inactiverpcerror",
        "grpc._channel",
        "feignexception",
        "httpservererrorexception",
        "httpclienterrorexception",
        "webclientresponseexception",
        "status code 4",
        "status code 5",
        "status code: 4",
        "status code: 5",
        "server error",
        "client error",
        "failed with code",
        "request failed with status",
        "responded with",
        "unexpected status",
        "got 5",
        "got 4",
        "returned 5",
        "returned 4",
        "httprequestexception",
        "axioserror",
        "badresponse",
        "http error",
        "callerrorfromstatus",
        "an error occurred invoking",
        "webapplicationexception",
        "status 5",
        "status 4",
        "status: 5",
        "status=5",
        "http 5",
        "internal server error",
        "error calling",
        "failed post to",
        "failed to call",
        "unexpected response",
        "responseexception",
        "clienterror",
        "genserver.call",
        "requestexception",
        "faraday::",
        "resterror",
        "restclient::",
        "guzzlehttp",
        "invalid status",
        "from upstream",
        "upstream",
    ]) {
        out.kinds.insert(Kind::Answered);
    }
    let status = patterns![
        r"(?i:status(?: code)?(?: of| is)?|http(?:/\d(?:\.\d)?)?|code|got|returned|answered)[:= ]{1,3}\(?([45]\d\d)\b",
        r"^[\w.$]+(?:Exception|Error): ([45]\d\d)\b",
        r": ([45]\d\d) (?:Client|Server) Error"
    ];
    take(status, text, |n| out.statuses.extend(n.parse::<u32>()));
    addresses(text, at, out);
    let operations =
        patterns![r"\b([A-Z]\w+#\w+)\(", r"(?:[a-z][\w.]*\.)?\b([A-Z]\w+/[A-Z]\w+)\b", r"service method '(\w+)'",];
    take(operations, text, |name| {
        if !name.contains("HTTP/") {
            push(&mut out.operations, name.replace('#', "."), at);
        }
    });
}

fn addresses(text: &str, at: usize, out: &mut Clues) {
    static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?:\b(GET|POST|PUT|PATCH|DELETE|HEAD)\b[^:]{0,24}?)?\b([a-z][a-z0-9+:]{1,20})://(?:[^\s/@'"]*@)?([\w.-]+|\[[0-9a-f:]+\])(?::(\d{2,5}))?(/[^\s"'<>()\],;]*)?"#).ok()
    });
    static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s(\[='\x22/@,])([A-Za-z][\w.-]*|\d+\.\d+\.\d+\.\d+)(?:/[\d.]+)?:(\d{2,5})(?:\b[^.\d:]|$)")
            .ok()
    });
    static ASKED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD) (/[^\s\x22'<>\])]*)").ok());
    let mut add = |address: Address| {
        let known = |(a, _): &(Address, usize)| *a == address;
        if !out.addresses.iter().any(known) {
            out.addresses.push((address, at));
        }
    };
    if let Some(re) = URL.as_ref() {
        for f in re.captures_iter(text) {
            let part = |i: usize| f.get(i).map(|m| m.as_str().to_owned());
            if part(2).is_some_and(|scheme| matches!(scheme.as_str(), "file" | "webpack" | "webpack-internal" | "node"))
            {
                continue;
            }
            add(Address {
                host: part(3).unwrap_or_default(),
                port: part(4).and_then(|p| p.parse().ok()),
                path: part(5).unwrap_or_default().split('?').next().unwrap_or_default().to_owned(),
                method: part(1),
            });
        }
    }
    if let Some(re) = HOST.as_ref() {
        for f in re.captures_iter(text) {
            let host = f.get(1).map_or("", |m| m.as_str());
            // A file with its line is no host.
            let file = host.rsplit_once('.').is_some_and(|(_, e)| {
                e.len() < 5 && !e.chars().all(|c| c.is_ascii_digit()) && host.matches('.').count() == 1
            });
            if !file {
                add(Address {
                    host: host.to_owned(),
                    port: f.get(2).and_then(|p| p.as_str().parse().ok()),
                    ..Address::default()
                });
            }
        }
    }
    if let Some(re) = ASKED.as_ref() {
        for f in re.captures_iter(text) {
            let path = f.get(2).map_or("", |m| m.as_str()).split('?').next().unwrap_or_default().to_owned();
            add(Address { method: f.get(1).map(|m| m.as_str().to_owned()), path, ..Address::default() });
        }
    }
    let hosts = patterns![
        r"lookup ([\w.-]+)(?: on|:)",
        r"ENOTFOUND ([\w.-]+)",
        r"EAI_AGAIN ([\w.-]+)",
        r"UnknownHostException: ([\w.-]+)",
        r#"host name "([\w.-]+)""#,
        r"[Cc]ould not resolve host:? '?([\w.-]+)",
        r#"host not found in upstream "([\w.-]+)"#,
        r"Failed to resolve '([\w.-]+)'",
        r"remote_addr=([\w.-]+)",
        r"\(([\w.-]+):\d+\)",
        r"(?i:connect(?:ing|ion)? to|connected to|reach) (?:the )?(?:server at |host )?[`'\x22]?([a-z][\w.-]+)[`'\x22]?(?:$|[ ,;:])",
    ];
    take(hosts, text, |host| add(Address { host, ..Address::default() }));
    // `HTTPConnectionPool(host='x', port=5001): … url: /movies/1`.
    static POOL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"host='([^']+)', port=(\d+)\)(?:.*?url: (\S+))?").ok());
    if let Some(f) = POOL.as_ref().and_then(|re| re.captures(text)) {
        let part = |i: usize| f.get(i).map_or(String::new(), |m| m.as_str().to_owned());
        add(Address { host: part(1), port: part(2).parse().ok(), path: part(3), method: None });
    }
}

/// Values that are not there, or not as they were thought to be.
fn data(text: &str, at: usize, out: &mut Clues) {
    let fields = patterns![
        r"missing field `(\w+)`",
        r"unknown field `(\w+)`",
        r#"Unrecognized field "(\w+)""#,
        r#"Missing required creator property '(\w+)'"#,
        r"\bKeyError: ['\x22]([a-z][\w-]*)['\x22]",
        r"(?:[Cc]annot|Can't) read propert(?:y|ies) '(\w+)' of",
        r"\(reading '(\w+)'\)",
        r"undefined method [`'](\w+)[`']? for (?:nil|an instance)",
        r#"Undefined (?:array key|index):? ['"]?([a-z]\w*)"#,
        r"has no attribute '(\w+)'",
        r"Go struct field (?:\w+\.)*(\w+) of type",
        r#"key :(\w+) not found"#,
        r#"key not found: "([a-z]\w*)""#,
        r#"key not found: :(\w+)"#,
        r"The JSON property '(\w+)'",
        r"required properties,? including(?: the following)?:? '?(\w+)",
        r#"property '?"?(\w+)"?'? (?:is|are) (?:required|missing)"#,
        r"[Rr]equired property '(\w+)'",
        r"(?:Cannot invoke|because) .*?\.(?:get|is)?(\w+)\(\)\x22 (?:because|is null)",
        r#"Undefined property: [\w\\]*(?:::)?\$(\w+)"#,
        r#"field "?'?(\w+)"?'? (?:is|was|must|cannot|can't|should|has|not)"#,
        r"(?:non-null|not-null) (?:property|parameter|type)[^'\w]+(\w+)",
        r"\[\x22(\w+)\x22\]\)?$",
        r"Field '(\w+)' (?:is|of|was)",
        r"Invalid value for (?:field|property|parameter):? '?(\w+)",
        r"Path `(\w+)` is required",
        r"Unknown argument `(\w+)`",
        r"Argument `(\w+)` is missing",
        r"no such (?:key|field):? ['\x22]?(\w+)",
        r"unexpected keyword argument '(\w+)'",
        r"No property '(\w+)' found",
    ];
    let before = out.fields.len();
    take(fields, text, |name| push(&mut out.fields, name, at));
    let types = patterns![
        r#"Unrecognized field "\w+" \(class ([\w.$]+)\)"#,
        r"(?:value of|instance of|construct|deserialize|parse|decode|unmarshal)(?: type| value of type| object of type)? [`'\x22]?([A-Z][\w.$]+)",
        r"for type '?([A-Z][\w.]+)",
        r"Go struct field (\w+)\.",
        r"into Go value of type (?:\w+\.)*(\w+)",
    ];
    take(types, text, |name| {
        let last = name.rsplit(['.', '$']).next().unwrap_or_default().to_owned();
        push(&mut out.types, last, at);
    });
    let lower = text.to_lowercase();
    let words = [
        "deserializ",
        "unmarshal",
        "failed to parse",
        "could not parse",
        "cannot parse",
        "json parse",
        "jsondecode",
        "unexpected token",
        "invalidprotocolbuffer",
        "invalid literal",
        "validationerror",
        "validation error",
        "mismatchedinput",
        "jsonexception",
        "cannot be cast",
        "invalid character",
        "decodeerror",
        "nonetype",
        "nullpointer",
        "nullreference",
        "nil pointer",
        "undefined method",
        "of undefined",
        "of null",
        "is not a function",
        "is not iterable",
        "invalid float",
        "invalid type",
        "expected value",
        "cannot convert",
        "malformed",
        "syntaxerror",
        "schema",
        "wrong type",
        "is not null",
        "must not be null",
        "out of range",
        "invalid digit",
        "argumenterror",
        "functionclauseerror",
        "matcherror",
        "badmatch",
        "numberformat",
        "typeerror",
        "formatexception",
        "keyerror",
        "badmaperror",
        "is null",
    ];
    if out.fields.len() > before || words.iter().any(|w| lower.contains(w)) {
        out.kinds.insert(Kind::Data);
    }
}

fn stored(text: &str, at: usize, out: &mut Clues) {
    let tables = patterns![
        r#"relation "([\w.]+)" does not exist"#,
        r"Table '([\w.]+)' doesn't exist",
        r"no such table: ([\w.]+)",
        r"Invalid object name '([\w.]+)'",
        r#"of relation "([\w.]+)""#,
        r"(?:collection|ns): ?['\x22]?([\w.]+)",
        r#"table "([\w.]+)""#,
        r"Unknown table '([\w.]+)'",
        r"unconfigured table ([\w.]+)",
        r#"index_not_found_exception.*?\[([\w.-]+)\]"#,
        r"no such index \[([\w.-]+)\]",
        r"Table \x22([\w.]+)\x22 not found",
        r#"table or view "?([\w.]+)"? does not exist"#,
        r"NamespaceNotFound.*?([\w]+\.[\w]+)",
        r"The table `(?:\w+\.)?(\w+)` does not exist",
        r"insert into (\w+) \(",
        r"INSERT INTO [`\x22]?(\w+)",
    ];
    let columns = patterns![
        r#"column "?([\w.]+)"? (?:of relation|does not exist)"#,
        r"Unknown column '([\w.]+)'",
        r"no such column: ([\w.]+)",
        r"Invalid column name '(\w+)'",
        r#"null value in column "(\w+)""#,
        r"Column '(\w+)' cannot be null",
        r"has no column named (\w+)",
        r"NOT NULL constraint failed: ([\w.]+)",
        r"UNIQUE constraint failed: ([\w.]+)",
        r"The column `([\w.]+)` does not exist",
    ];
    let mut found = Vec::new();
    take(tables, text, |name| found.push(name));
    for name in found {
        out.kinds.insert(Kind::Table);
        push(&mut out.tables, name.rsplit('.').next().unwrap_or(&name).to_owned(), at);
    }
    let mut found = Vec::new();
    take(columns, text, |name| found.push(name));
    for name in found {
        out.kinds.insert(Kind::Table);
        let mut parts = name.rsplit('.');
        push(&mut out.fields, parts.next().unwrap_or_default().to_owned(), at);
        if let Some(table) = parts.next() {
            push(&mut out.tables, table.to_owned(), at);
        }
    }
    let topics = patterns![
        r"no (?:queue|exchange) '([^']+)'",
        r"[Uu]nknown topic or partition[^'\x22\w]*['\x22]?([\w.:-]+)?",
        r"Topic ([\w.:-]+) not present",
        r"[Tt]opic '?\[?([\w.:-]+)\]?'? (?:not|does not|is not|doesn't|with)",
        r"[Ss]ubscribed topic not available: ([\w.:-]+)",
        r"topic\(s\) \[?([\w.:-]+)",
        r"no responders available for request.*?([\w.:-]+)?",
        r"\{([\w.:-]+)=(?:UNKNOWN_TOPIC|LEADER_NOT)",
        r"(?:queue|exchange|topic|subject|stream|channel|routing key|binding)[ =:]+[`'\x22]([\w.:/-]+)[`'\x22]",
        r"[Nn]o (?:handler|consumer|subscriber|listener|matching (?:event|message) handler)s? (?:found |registered |defined )?(?:for|in the remote service for) .*?['\x22]?([\w.:-]{4,})['\x22]?",
        r"PRECONDITION_FAILED.*?(?:queue|exchange) '([^']+)'",
        r"Message received: ([\w.:-]+)",
        r"NOT_FOUND - no (?:queue|exchange) '([^']+)'",
        r"QueueDoesNotExist.*?([\w-]+)$",
    ];
    let mut found = Vec::new();
    take(topics, text, |name| found.push(name));
    for name in found {
        let lower = text.to_lowercase();
        if !lower.contains("message received") {
            out.kinds.insert(Kind::Topic);
        }
        push(&mut out.topics, name, at);
    }
}

fn cluster(text: &str, at: usize, out: &mut Clues) {
    let kinds = [
        ("probe failed", Kind::Probe),
        ("unhealthy", Kind::Probe),
        ("imagepullbackoff", Kind::Image),
        ("errimagepull", Kind::Image),
        ("failed to pull image", Kind::Image),
        ("pull access denied", Kind::Image),
        ("manifest unknown", Kind::Image),
        ("manifest for", Kind::Image),
        ("back-off pulling", Kind::Image),
        ("invalidimagename", Kind::Image),
        ("crashloopbackoff", Kind::Workload),
        ("back-off restarting", Kind::Workload),
        ("oomkilled", Kind::Workload),
        ("createcontainerconfigerror", Kind::Workload),
        ("failedmount", Kind::Workload),
        ("failedscheduling", Kind::Workload),
        ("exec format error", Kind::Workload),
        ("executable file not found", Kind::Workload),
        ("port is already allocated", Kind::Workload),
        ("mountvolume", Kind::Workload),
        ("exited with code", Kind::Workload),
        ("no such service", Kind::Workload),
        ("undefined service", Kind::Workload),
        ("dependency failed to start", Kind::Workload),
    ];
    let lower = text.to_lowercase();
    let mut spoken = false;
    for (word, kind) in kinds {
        if lower.contains(word) {
            out.kinds.insert(kind);
            spoken = true;
        }
    }
    let named = patterns![
        r"(?:container|pod|Pod|deployment|Deployment|service|statefulset|job|daemonset)[ /=]+[`'\x22]?([\w.-]{2,})",
        r"(?:image|for|pulling) [`'\x22]([\w./:@-]+)",
        r"pull access denied for ([\w./-]+)",
        r"(?:secret|configmap|persistentvolumeclaim|serviceaccount) [`'\x22]([\w.-]+)[`'\x22] not found",
        r"in (?:Secret|ConfigMap) (?:[\w-]+/)?([\w.-]+)",
        r"^([\w.-]+) exited with code",
        r"^\s*([a-z][\w-]+-[a-z0-9]{5,10}-[a-z0-9]{5})\s",
        r"manifest for ([\w./:-]+)",
    ];
    let keys = patterns![r"couldn't find key (\S+) in (?:Secret|ConfigMap)"];
    take(keys, text, |name| {
        out.kinds.insert(Kind::MissingSetting);
        push(&mut out.settings, name, at);
        spoken = true;
    });
    if spoken || lower.contains("kubelet") || lower.contains("not found") || lower.contains("status") {
        take(named, text, |name| push(&mut out.workloads, name, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Clues {
        clues(&text.lines().map(|l| Line { text: l.to_owned(), from: None }).collect::<Vec<_>>())
    }

    fn names(list: &[(String, usize)]) -> Vec<&str> {
        list.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn settings_that_are_missing_are_named() {
        for text in [
            "KeyError: 'ORDERS_ADDR'",
            "panic: environment variable \"ORDERS_ADDR\" not set",
            "Error: ORDERS_ADDR must be defined",
            "thread 'main' panicked at a.rs:1:1:\n$ORDERS_ADDR is not set: NotPresent",
            "System.InvalidOperationException: The ORDERS_ADDR environment variable is not set.",
            "missing required environment variable: ORDERS_ADDR",
            "(KeyError) key not found: \"ORDERS_ADDR\"",
            "environment variable ORDERS_ADDR is missing.",
        ] {
            assert_eq!(names(&read(text).settings), ["ORDERS_ADDR"], "{text}");
        }
        assert_eq!(
            names(&read("Could not resolve placeholder 'orders.url' in value \"${orders.url}\"").settings),
            ["orders.url"]
        );
    }

    #[test]
    fn addresses_fields_tables_and_topics_are_read() {
        let found = read("I/O error on POST request for \"http://orders:8080/orders/7\": Connection refused");
        assert!(found.kinds.contains(&Kind::Refused));
        let address = &found.addresses[0].0;
        assert_eq!((address.host.as_str(), address.port, address.path.as_str()), ("orders", Some(8080), "/orders/7"));
        assert_eq!(address.method.as_deref(), Some("POST"));
        assert_eq!(names(&read("missing field `email` at line 1 column 2").fields), ["email"]);
        assert_eq!(names(&read("TypeError: Cannot read properties of undefined (reading 'id')").fields), ["id"]);
        assert_eq!(names(&read("ERROR:  relation \"shop.items\" does not exist").tables), ["items"]);
        assert_eq!(names(&read("Table 'shop.items' doesn't exist").tables), ["items"]);
        assert_eq!(names(&read("NOT_FOUND - no queue 'orders' in vhost '/'").topics), ["orders"]);
        assert_eq!(
            names(&read("Back-off restarting failed container cart in pod cart-6bf5d5c9c4-m2xnd").workloads),
            ["cart", "cart-6bf5d5c9c4-m2xnd"]
        );
        assert_eq!(
            read("dial tcp: lookup orders on 10.0.0.1:53: no such host")
                .addresses
                .iter()
                .filter(|(a, _)| a.host == "orders")
                .count(),
            1
        );
        assert!(read("all is well").kinds.is_empty());
    }
}
