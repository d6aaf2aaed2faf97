// Written by `cargo xtask types` from the schemas of the questions; not to be edited.

export namespace services {
  export interface Request {
    /** Tools too (observability, administration), and endpoints that a framework serves without a handler and that no code calls: they are left out otherwise. */
    all?: boolean
    /** Count these findings of each row. */
    findings?: DetectRequest | null
    /** A deployment: a word of its files' paths or of its compose, Spring or .NET profile. */
    profile?: string | null
  }
  export interface DetectRequest {
    /** Keys of findings that are known already and not shown. */
    baseline?: string[]
    /** `stated`: only what needs no inference. */
    certainty?: string | null
    /** Answer as if nothing had been learnt of these findings. */
    no_memory?: boolean
    /** With telemetry: what is usual, `FROM..TO`, or another folder with normal telemetry. */
    normal?: string | null
    /** Rules that are too often wrong as well. */
    nursery?: boolean
    /** Not these rules, or groups of rules. */
    off?: string[]
    /** Deployments: words of their files' paths or of their compose, Spring or .NET profiles. With several, each finding says in which it holds. */
    profiles?: string[]
    /** Only these rules; rules of the nursery run only when named here. */
    rules?: string[]
    /** Only findings about this service, store or broker. */
    service?: string | null
    /** `error`, `warning` or `note`: this and what is more severe. `note` unless given. */
    severity?: string | null
    /** A commit, branch or tag: only what is new since then. */
    since?: string | null
    /** With telemetry: how long a slice of time is, `30s`, `5m`. */
    step?: string | null
    /** Look at what the running system said instead of code: a folder with spans, log lines or metrics, or a store that `seam serve` keeps. Only rules of the group `observed` run. */
    telemetry?: string | null
    /** With telemetry: only this time, `FROM..TO`; what comes before it tells what is usual. */
    window?: string | null
  }
  export interface Answer {
    counts: Counts
    services: Row[]
    version: number
  }
  export interface Counts {
    endpoints: number
    facts: number
    files: number
    /** Tools (observability, administration) that were left out; ask with `all` to see them. */
    hidden: number
    interactions: number
    nodes: number
    problems: number
    services: number
    unresolved: number
  }
  export interface Row {
    endpoints: number
    kind: string
    languages: string[]
    name: string
    /** Folders of its code. */
    roots: string[]
    system: string | null
    /** How many findings there are of it, where they were asked for. */
    trouble: Trouble | null
    used_by: string[]
    /** Names of the nodes that it calls, stores in, publishes to or consumes from. */
    uses: string[]
  }
  export interface Trouble {
    errors: number
    notes: number
    warnings: number
  }
}

export namespace map {
  export interface Request {
    /** Tools too (observability, administration), and endpoints that a framework serves without a handler and that no code calls: they are left out otherwise. */
    all?: boolean
    /** Only nodes of this kind (`database`, `tool` …) with all their interactions, or only interactions of this kind (`http`, `queue-publish` …). */
    kind?: string | null
    /** A deployment: a word of its files' paths or of its compose, Spring or .NET profile. */
    profile?: string | null
    /** Only this node, those it exchanges something with, and what passes between them. */
    service?: string | null
  }
  export interface Answer {
    counts: Counts
    endpoints: Endpoint[]
    interactions: Interaction[]
    /** The workspace's name, if it says one. */
    name: string | null
    nodes: Node[]
    owners?: Owner[]
    /** What services are built with. */
    packages?: Package[]
    /** What could not be read. */
    problems: Problem[]
    /** Keys that code reads. */
    reads: Reading[]
    /** Keys that deployment and configuration files set. */
    settings: Setting[]
    /** Tests of the services' code. */
    tests?: Test[]
    unresolved: Unresolved[]
    version: number
  }
  export interface Counts {
    endpoints: number
    facts: number
    files: number
    /** Tools (observability, administration) that were left out; ask with `all` to see them. */
    hidden: number
    interactions: number
    nodes: number
    problems: number
    services: number
    unresolved: number
  }
  /** A way in: an HTTP route, a gRPC method. */
  export interface Endpoint {
    /** `stated`, or `inferred` where a framework serves it and no handler is written. */
    certainty?: string
    evidence: Place[]
    /** Empty where a framework answers and no handler is written. */
    handler: string
    key: string
    /** HTTP method in capitals; absent for any. */
    method: string | null
    path: string
    protocol: string
    request: string | null
    response: string | null
    /** The node's name. */
    service: string
  }
  /** What passes from one node to another, all of one kind. */
  export interface Interaction {
    /** `stated`: code does it and the address is stated. `inferred`: one link is a convention, a default, or the only candidate. */
    certainty: string
    /** The decisive place first. */
    evidence: Place[]
    /** The node's name. */
    from: string
    key: string
    /** `http`, `grpc`, `db`, `cache`, `queue-publish`, `queue-consume` and others. */
    kind: string
    operations: Operation[]
    policies: Policy[]
    to: string
  }
  /** A service, gateway, database, cache, broker, external system or tool. */
  export interface Node {
    /** Other names it answers to. */
    aliases: string[]
    evidence: Place[]
    key: string
    /** `service`, `gateway`, `database`, `cache`, `broker`, `external` or `tool`. */
    kind: string
    languages: string[]
    name: string
    /** Folders of its code. */
    roots: string[]
    /** The product, for stores and brokers. */
    system: string | null
  }
  /** One route, method, topic or table. */
  export interface Operation {
    at: Place
    /** The library or framework. */
    client: string
    /** The callee's endpoint that answers it, where one was found. */
    endpoint: string | null
    /** `GET /orders/{id}`, `Cart/AddItem`, `orders`; empty if unknown. */
    operation: string
    /** The function that does it. */
    within: string
  }
  /** Who owns a service's code: the line of CODEOWNERS that decides. */
  export interface Owner {
    at: Place
    owners: string[]
    pattern: string
    service: string
  }
  /** A package or image that a service is built with. */
  export interface Package {
    at: Place
    /** For tests and tools only. */
    development: boolean
    /** The package manager (`npm`, `maven` …), `image` for what is deployed, `base-image` for what it is built on. */
    kind: string
    package: string
    service: string
    /** As the manifest writes it: a version or a range. */
    version: string | null
  }
  /** A place that proves something; it opens in an editor. */
  export interface Place {
    /** The extractor that read it; `seam explain` tells more. */
    by: string
    /** Counted from 1. */
    line: number
    /** Workspace-relative, `/` between parts. */
    path: string
    /** What is said there, in a few words. */
    says: string
  }
  /** A resilience setting. */
  export interface Policy {
    at: Place
    /** Total attempts, the first included. */
    attempts: string | null
    detail: string
    /** A documented default rather than something stated. */
    inferred: boolean
    /** `timeout`, `retry`, `backoff`, `breaker` and others. */
    kind: string
    millis: string | null
    on: string
  }
  /** What could not be read of a file. */
  export interface Problem {
    /** `unreadable`, `too-large`, `encoding`, `syntax`, `limit` or `unsupported`. */
    kind: string
    line: number | null
    message: string
    path: string
  }
  /** A key that code reads. */
  export interface Reading {
    at: Place
    default: string | null
    key: string
    service: string
  }
  /** A key that a deployment or configuration file sets for a service. */
  export interface Setting {
    at: Place
    key: string
    profile: string | null
    service: string
    value: string
  }
  /** A test of a service's code. */
  export interface Test {
    at: Place
    /** Functions and types of the service, and request paths, that it mentions. */
    covers: string[]
    name: string
    service: string
  }
  /** Something that was seen and could not be joined, and why. */
  export interface Unresolved {
    at: Place
    service: string
    /** The value with its open holes. */
    value: string
    what: string
    why: string
  }
}

export namespace detect {
  export interface Request {
    /** Keys of findings that are known already and not shown. */
    baseline?: string[]
    /** `stated`: only what needs no inference. */
    certainty?: string | null
    /** Answer as if nothing had been learnt of these findings. */
    no_memory?: boolean
    /** With telemetry: what is usual, `FROM..TO`, or another folder with normal telemetry. */
    normal?: string | null
    /** Rules that are too often wrong as well. */
    nursery?: boolean
    /** Not these rules, or groups of rules. */
    off?: string[]
    /** Deployments: words of their files' paths or of their compose, Spring or .NET profiles. With several, each finding says in which it holds. */
    profiles?: string[]
    /** Only these rules; rules of the nursery run only when named here. */
    rules?: string[]
    /** Only findings about this service, store or broker. */
    service?: string | null
    /** `error`, `warning` or `note`: this and what is more severe. `note` unless given. */
    severity?: string | null
    /** A commit, branch or tag: only what is new since then. */
    since?: string | null
    /** With telemetry: how long a slice of time is, `30s`, `5m`. */
    step?: string | null
    /** Look at what the running system said instead of code: a folder with spans, log lines or metrics, or a store that `seam serve` keeps. Only rules of the group `observed` run. */
    telemetry?: string | null
    /** With telemetry: only this time, `FROM..TO`; what comes before it tells what is usual. */
    window?: string | null
  }
  export interface Answer {
    /** Findings that a comment in the code accepts. */
    allowed: Allowed[]
    counts: Counts
    /** Findings that somebody looked at and dismissed, as memory has it. */
    dismissed?: Dismissed[]
    /** Most severe first, then by rule and place. */
    findings: Finding[]
    /** With telemetry: what could not be looked at, or read. */
    missing?: string[]
    version: number
  }
  /** A finding that a comment accepts. */
  export interface Allowed {
    at: Place
    finding: Finding
    reason: string
  }
  export interface Counts {
    allowed: number
    /** Left out because memory says that somebody dismissed them. */
    dismissed?: number
    errors: number
    /** Left out because they are in the baseline. */
    known: number
    notes: number
    /** How many rules were run. */
    rules: number
    warnings: number
  }
  /** A finding that memory keeps from view. */
  export interface Dismissed {
    finding: Finding
    /** The entry's name: `seam learn show MEMORY`. */
    memory: string
    reason: string
  }
  /** Something that is wrong, or will go wrong, between services. */
  export interface Finding {
    /** Keys of the services and interactions it concerns. */
    about: string[]
    /** Where it starts. */
    at: Place
    /** `stated` or `inferred`. */
    certainty: string
    /** The evidence across services, in order. */
    chain: Step[]
    /** Counted from 1, in bytes; where it is 1 the whole line is meant. */
    column?: number
    end_line: number
    /** A change that is safe to make. */
    fix: Fix | null
    /** `interaction`, `contract`, `environment`, `shape`, or `own` for the workspace's own rules. */
    group: string
    /** What to do. */
    help: string
    /** The code makes it possible; only a run proves it. */
    hypothesis: boolean
    /** Stable across runs and unrelated edits: `finding/RULE/SUBJECT`. */
    key: string
    /** How likely it is real by how the like came out before; absent where nothing was learnt. */
    likely: number | null
    /** What is wrong, in one clause. */
    message: string
    /** Where the running system showed it. */
    observed: Observed | null
    /** What could not be resolved and would decide the matter. */
    open: string[]
    /** The deployments in which it holds, where several were compared. */
    profiles: string[]
    /** Which memories speak of it. */
    remembered?: Remembered[]
    rule: string
    /** `error`, `warning` or `note`. */
    severity: string
    /** Why it matters here, with the numbers. */
    why: string
  }
  /** One line's replacement. */
  export interface Fix {
    /** Text on that line. */
    from: string
    line: number
    path: string
    says: string
    /** What stands in its place. */
    to: string
  }
  /** What telemetry says of a finding. */
  export interface Observed {
    /** The course over time, one value a slice: a share of failures, milliseconds (95th percentile), requests or lines. */
    series: number[]
    /** As the telemetry calls it. */
    service: string
    /** UTC. */
    since: string | null
    span: string | null
    /** How sure it is that it is no chance, from 0 to 1. */
    sure: number
    /** A trace and a span in which it can be looked up. */
    trace: string | null
    /** UTC; nothing where it is still so at the end. */
    until: string | null
  }
  /** A place that proves something; it opens in an editor. */
  export interface Place {
    /** The extractor that read it; `seam explain` tells more. */
    by: string
    /** Counted from 1. */
    line: number
    /** Workspace-relative, `/` between parts. */
    path: string
    /** What is said there, in a few words. */
    says: string
  }
  /** A memory that changed a rank, and by how much. */
  export interface Remembered {
    /** What it adds to a score; above zero raises. Absent where it moves no score. */
    by: number | null
    /** The entry's name: `seam learn show MEMORY`. */
    memory: string
    says: string
    title: string
  }
  export interface Step {
    at: Place
    column?: number
    says: string
  }
}

export namespace explain {
  export interface Request {
    /** How long the answer is at most, in bytes of its JSON: lists get shorter until it fits. Not bounded unless given. */
    bytes?: number | null
    /** How many entries each list has at most; all unless given. */
    limit?: number | null
    /** A deployment: a word of its files' paths or of its compose, Spring or .NET profile. */
    profile?: string | null
    /** `service/orders`, `orders`, `edge/a/http/b`, `endpoint/orders/GET /orders/{id}`, or an extractor (`spring`, `extractor/spring` where a service has that name too). */
    what?: string
  }
  export interface Answer {
    /** Each place of the evidence with what the file says there. */
    because: Because[]
    /** The endpoint itself, or those that the node serves. */
    endpoints: Endpoint[]
    /** The interaction itself, or those that the node or endpoint takes part in. */
    interactions: Interaction[]
    /** The key, or the id of the rule or extractor. */
    key: string
    /** `node`, `interaction`, `endpoint`, `rule`, `rules` or `extractor`. */
    kind: string
    /** Which lists were cut at the limit, and by how many entries. */
    left_out?: string[]
    node: Node | null
    owners?: Owner[]
    /** What services are built with. */
    packages?: Package[]
    /** The rule's or extractor's page, in Markdown. */
    page: string | null
    reads: Reading[]
    settings: Setting[]
    /** Tests of the services' code. */
    tests?: Test[]
    unresolved: Unresolved[]
    version: number
  }
  export interface Because {
    at: Place
    facts: Said[]
  }
  /** A way in: an HTTP route, a gRPC method. */
  export interface Endpoint {
    /** `stated`, or `inferred` where a framework serves it and no handler is written. */
    certainty?: string
    evidence: Place[]
    /** Empty where a framework answers and no handler is written. */
    handler: string
    key: string
    /** HTTP method in capitals; absent for any. */
    method: string | null
    path: string
    protocol: string
    request: string | null
    response: string | null
    /** The node's name. */
    service: string
  }
  /** What passes from one node to another, all of one kind. */
  export interface Interaction {
    /** `stated`: code does it and the address is stated. `inferred`: one link is a convention, a default, or the only candidate. */
    certainty: string
    /** The decisive place first. */
    evidence: Place[]
    /** The node's name. */
    from: string
    key: string
    /** `http`, `grpc`, `db`, `cache`, `queue-publish`, `queue-consume` and others. */
    kind: string
    operations: Operation[]
    policies: Policy[]
    to: string
  }
  /** A service, gateway, database, cache, broker, external system or tool. */
  export interface Node {
    /** Other names it answers to. */
    aliases: string[]
    evidence: Place[]
    key: string
    /** `service`, `gateway`, `database`, `cache`, `broker`, `external` or `tool`. */
    kind: string
    languages: string[]
    name: string
    /** Folders of its code. */
    roots: string[]
    /** The product, for stores and brokers. */
    system: string | null
  }
  /** One route, method, topic or table. */
  export interface Operation {
    at: Place
    /** The library or framework. */
    client: string
    /** The callee's endpoint that answers it, where one was found. */
    endpoint: string | null
    /** `GET /orders/{id}`, `Cart/AddItem`, `orders`; empty if unknown. */
    operation: string
    /** The function that does it. */
    within: string
  }
  /** Who owns a service's code: the line of CODEOWNERS that decides. */
  export interface Owner {
    at: Place
    owners: string[]
    pattern: string
    service: string
  }
  /** A package or image that a service is built with. */
  export interface Package {
    at: Place
    /** For tests and tools only. */
    development: boolean
    /** The package manager (`npm`, `maven` …), `image` for what is deployed, `base-image` for what it is built on. */
    kind: string
    package: string
    service: string
    /** As the manifest writes it: a version or a range. */
    version: string | null
  }
  /** A place that proves something; it opens in an editor. */
  export interface Place {
    /** The extractor that read it; `seam explain` tells more. */
    by: string
    /** Counted from 1. */
    line: number
    /** Workspace-relative, `/` between parts. */
    path: string
    /** What is said there, in a few words. */
    says: string
  }
  /** A resilience setting. */
  export interface Policy {
    at: Place
    /** Total attempts, the first included. */
    attempts: string | null
    detail: string
    /** A documented default rather than something stated. */
    inferred: boolean
    /** `timeout`, `retry`, `backoff`, `breaker` and others. */
    kind: string
    millis: string | null
    on: string
  }
  /** A key that code reads. */
  export interface Reading {
    at: Place
    default: string | null
    key: string
    service: string
  }
  /** One fact, in the words of its page. */
  export interface Said {
    by: string
    end_line: number
    /** `stated`, `observed` or `inferred`. */
    how: string
    line: number
    says: string
  }
  /** A key that a deployment or configuration file sets for a service. */
  export interface Setting {
    at: Place
    key: string
    profile: string | null
    service: string
    value: string
  }
  /** A test of a service's code. */
  export interface Test {
    at: Place
    /** Functions and types of the service, and request paths, that it mentions. */
    covers: string[]
    name: string
    service: string
  }
  /** Something that was seen and could not be joined, and why. */
  export interface Unresolved {
    at: Place
    service: string
    /** The value with its open holes. */
    value: string
    what: string
    why: string
  }
}

export namespace drawing {
  export interface Request {
    /** Tools too. */
    all?: boolean
    /** Only this node, and what is within `hops` interactions of it in either direction. */
    around?: string | null
    /** The findings that are counted. */
    findings?: DetectRequest
    /** `folder`, `team` (as CODEOWNERS says), `repository` or `none`; by the size of the map unless given. */
    group?: string | null
    /** One unless given. */
    hops?: number | null
    /** Only interactions of these kinds (`http`, `queue-publish` …); all if empty. */
    kinds?: string[]
    /** Names of the groups that are drawn with what is in them; all of a small map and none of a large one unless given. */
    open?: string[] | null
    /** A deployment: a word of its files' paths or of its compose, Spring or .NET profile. */
    profile?: string | null
    /** Only what findings are about. */
    troubled?: boolean
  }
  export interface DetectRequest {
    /** Keys of findings that are known already and not shown. */
    baseline?: string[]
    /** `stated`: only what needs no inference. */
    certainty?: string | null
    /** Answer as if nothing had been learnt of these findings. */
    no_memory?: boolean
    /** With telemetry: what is usual, `FROM..TO`, or another folder with normal telemetry. */
    normal?: string | null
    /** Rules that are too often wrong as well. */
    nursery?: boolean
    /** Not these rules, or groups of rules. */
    off?: string[]
    /** Deployments: words of their files' paths or of their compose, Spring or .NET profiles. With several, each finding says in which it holds. */
    profiles?: string[]
    /** Only these rules; rules of the nursery run only when named here. */
    rules?: string[]
    /** Only findings about this service, store or broker. */
    service?: string | null
    /** `error`, `warning` or `note`: this and what is more severe. `note` unless given. */
    severity?: string | null
    /** A commit, branch or tag: only what is new since then. */
    since?: string | null
    /** With telemetry: how long a slice of time is, `30s`, `5m`. */
    step?: string | null
    /** Look at what the running system said instead of code: a folder with spans, log lines or metrics, or a store that `seam serve` keeps. Only rules of the group `observed` run. */
    telemetry?: string | null
    /** With telemetry: only this time, `FROM..TO`; what comes before it tells what is usual. */
    window?: string | null
  }
  export interface Answer {
    boxes: Cell[]
    /** How it is grouped: `folder`, `team`, `repository` or `none`. */
    group: string
    /** The groupings that tell something here. */
    groupings: string[]
    /** Open groups. */
    groups: Group[]
    height: number
    interactions: number
    /** The kinds of interactions of the whole map. */
    kinds: string[]
    lines: Line[]
    /** The workspace's name, if it says one. */
    name: string | null
    /** Nodes and interactions of the whole map. */
    nodes: number
    version: number
    /** Size in pixels; the origin is left and above. */
    width: number
  }
  /** A node, or a closed group. */
  export interface Cell {
    /** Where it is declared. */
    at: Place | null
    /** The open group that it stands in. */
    group: string | null
    height: number
    /** `service`, `gateway`, `database`, `cache`, `broker`, `external`, `tool` or `group`. */
    kind: string
    /** The nodes in a closed group. */
    members: string[]
    name: string
    /** A second line: product, language, how many. */
    note: string
    trouble: Trouble
    width: number
    /** Its middle. */
    x: number
    y: number
  }
  /** A group that is drawn around what is in it. */
  export interface Group {
    height: number
    name: string
    trouble: Trouble
    width: number
    /** Its middle. */
    x: number
    y: number
  }
  /** All that passes from one box to another. */
  export interface Line {
    /** Bends between the two boxes, as `[x, y]`. */
    bends: number[][]
    /** Names of boxes. */
    from: string
    /** All of it is inferred. */
    inferred: boolean
    kinds: string[]
    /** Interactions that are not among them. */
    more: number
    /** The first of its interactions, one by one. */
    passages: Passage[]
    to: string
    trouble: Trouble
  }
  /** An interaction in short. */
  export interface Passage {
    /** The decisive place. */
    at: Place | null
    certainty: string
    /** Names of nodes. */
    from: string
    key: string
    kind: string
    /** The first few, each with its place. */
    operations: Told[]
    /** `timeout 2000 ms · retry 3 attempts`; empty if nothing is set. */
    policies: string
    to: string
    trouble: Trouble
  }
  /** A place that proves something; it opens in an editor. */
  export interface Place {
    /** The extractor that read it; `seam explain` tells more. */
    by: string
    /** Counted from 1. */
    line: number
    /** Workspace-relative, `/` between parts. */
    path: string
    /** What is said there, in a few words. */
    says: string
  }
  /** An operation and the line that does it. */
  export interface Told {
    line: number
    operation: string
    path: string
  }
  export interface Trouble {
    errors: number
    notes: number
    warnings: number
  }
}

/** Every question by name. */
export interface Asks {
  services: { request: services.Request; answer: services.Answer }
  map: { request: map.Request; answer: map.Answer }
  detect: { request: detect.Request; answer: detect.Answer }
  explain: { request: explain.Request; answer: explain.Answer }
  drawing: { request: drawing.Request; answer: drawing.Answer }
}
