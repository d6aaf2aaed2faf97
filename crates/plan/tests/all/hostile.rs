//! Texts that are broken in many ways: comparing ends, nothing panics, and nothing differs from itself.

use seam_plan::{KINDS, Kind, Options, Text, compare};

const SEEDS: &[(Kind, &str)] = &[
    (
        Kind::OpenApi,
        "openapi: 3.1.0\ninfo: {title: t, version: 1.0.0}\npaths:\n  /a/{id}:\n    parameters: [{name: id, in: path, required: true, schema: {type: string}}]\n    get:\n      deprecated: true\n      x-sunset: 2030-01-01\n      security: [{k: [r]}]\n      parameters: [{name: q, in: query, explode: true, schema: {type: object, properties: {x: {type: integer, maximum: 3}}}}]\n      responses:\n        '200': {description: d, headers: {H: {schema: {type: string}}}, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}\n    post:\n      requestBody: {required: true, content: {application/json: {schema: {oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}}}}\n      responses: {default: {description: d}}\nwebhooks: {w: {post: {responses: {'200': {description: d}}}}}\ncomponents:\n  securitySchemes: {k: {type: oauth2, flows: {implicit: {authorizationUrl: u, scopes: {r: d}}}}}\n  schemas:\n    A: {type: object, required: [n], properties: {n: {type: [string, 'null'], enum: [a, b]}, a: {$ref: '#/components/schemas/A'}, l: {type: array, items: {allOf: [{$ref: '#/components/schemas/A'}, {description: x}]}}}, discriminator: {propertyName: n, mapping: {a: A}}}\n",
    ),
    (
        Kind::OpenApi,
        "swagger: '2.0'\ninfo: {title: t, version: '1'}\nparameters: {p: {name: b, in: body, schema: {$ref: '#/definitions/A'}}}\npaths:\n  /a:\n    post:\n      consumes: [application/json]\n      parameters: [{$ref: '#/parameters/p'}, {name: f, in: query, type: array, items: {type: string}, collectionFormat: multi}]\n      responses: {200: {description: d, schema: {$ref: '#/definitions/A'}}}\ndefinitions: {A: {type: object, properties: {x: {type: integer, format: int32}}}}\n",
    ),
    (
        Kind::Proto,
        "edition = \"2023\";\npackage a.b;\noption features.field_presence = IMPLICIT;\nmessage M {\n  reserved 4 to 6, \"old\";\n  string name = 1 [features = { utf8_validation: NONE }];\n  map<string, M> by = 3;\n  oneof w { int32 x = 7; M y = 8; }\n  extensions 100 to max;\n}\nextend M { E e = 100; }\nenum E { A = 0; B = -1; }\nservice S { rpc Do(stream M) returns (M) { option idempotency_level = IDEMPOTENT; } }\n",
    ),
    (
        Kind::GraphQl,
        "\"\"\"d\"\"\" directive @d(a: [Int!] = [1]) repeatable on FIELD | OBJECT\ntype A implements I & J @d(a: 1) { f(x: In = {y: 1}): [A!]! }\ninterface I { f: Int }\nunion U = A | B\nenum E { X Y }\ninput In { y: Int! z: In }\nextend type A { g: E }\nschema { query: A }\n",
    ),
    (
        Kind::Avro,
        "{\"type\": \"record\", \"name\": \"a.R\", \"fields\": [{\"name\": \"x\", \"type\": [\"null\", \"R\", {\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\"], \"default\": \"A\"}], \"default\": null}, {\"name\": \"m\", \"type\": {\"type\": \"map\", \"values\": {\"type\": \"fixed\", \"name\": \"F\", \"size\": 4}}}]}",
    ),
    (
        Kind::JsonSchema,
        "{$ref: '#/$defs/n', $defs: {n: {type: object, required: [v], additionalProperties: {type: string}, patternProperties: {'^a': {type: integer}}, properties: {v: {oneOf: [{type: integer, multipleOf: 2}, {enum: [a]}]}, next: {$ref: '#/$defs/n'}, not: {not: {type: string}}, l: {type: array, prefixItems: [{type: string}], items: false}}}}}",
    ),
    (
        Kind::AsyncApi,
        "asyncapi: 3.0.0\nchannels: {o: {address: a.b, parameters: {p: {}}, messages: {m: {$ref: '#/components/messages/m'}}}}\noperations: {s: {action: send, channel: {$ref: '#/channels/o'}, reply: {}}}\ncomponents: {messages: {m: {contentType: application/json, correlationId: {location: x}, payload: {schema: {type: object, properties: {x: {type: integer}}}}}}}\n",
    ),
    (
        Kind::Sql,
        "BEGIN;\nCREATE TABLE IF NOT EXISTS public.\"A\" (id bigserial PRIMARY KEY, b numeric(10,2) NOT NULL DEFAULT 0 CHECK (b > 0), UNIQUE (b));\nALTER TABLE a ADD COLUMN c text NOT NULL, DROP COLUMN d, ALTER e TYPE int USING e::int;\nCREATE UNIQUE INDEX i ON a (b);\nDO $x$ begin; end $x$;\nEXEC sp_rename 'a.b', 'c', 'COLUMN'\nGO\nDROP TABLE z;\n",
    ),
];

/// Xorshift: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

fn broken(text: &str, numbers: &mut Numbers) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(chars.len());
        match numbers.below(6) {
            0 => drop(chars.drain(at..(at + numbers.below(30)).min(chars.len()))),
            1 => chars.insert(
                at,
                ['{', '}', '[', ']', '"', '\'', ':', '\n', '$', '\\', 'é', '-', '(', ';', '|', '&'][numbers.below(16)],
            ),
            2 => {
                let end = (at + numbers.below(60)).min(chars.len());
                let part: Vec<char> = chars[at..end].to_vec();
                let to = numbers.below(chars.len());
                chars.splice(to..to, part);
            }
            3 => chars.truncate(at.max(1)),
            4 => {
                let other = numbers.below(chars.len());
                chars.swap(at, other);
            }
            _ => {
                let word: Vec<char> = ["null", "0", "-1", "true", "[]", "{}", "'#'", "9999999999999999999"]
                    [numbers.below(8)]
                .chars()
                .collect();
                chars.splice(at..at, word);
            }
        }
        if chars.is_empty() {
            chars.push(' ');
        }
    }
    chars.into_iter().collect()
}

#[test]
fn broken_texts_are_compared_as_far_as_they_go() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let options = Options { today: Some(20_000), versioning: true, ..Options::default() };
    for round in 0..100 {
        for (kind, seed) in SEEDS {
            let text = broken(seed, &mut numbers);
            // A text of one kind is now and then taken for another.
            let kind = if round % 10 == 0 { KINDS[numbers.below(KINDS.len())] } else { *kind };
            let of = |text| [Text { name: "contract", text }];
            let (same, _) = compare(&of(&text), &of(&text), kind, &options);
            assert_eq!(same, [], "{kind:?} differs from itself:\n{text}");
            compare(&of(seed), &of(&text), kind, &options);
            compare(&of(&text), &of(seed), kind, &options);
        }
    }
}
