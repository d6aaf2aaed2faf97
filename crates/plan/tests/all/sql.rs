//! What migrations do to those who use the tables, in several dialects.

use seam_plan::{Text, sql};

fn found(base: &str, revision: &str) -> Vec<String> {
    let text = |text| [Text { name: "m.sql", text }];
    let (changes, _) = sql::changes(&text(base), &text(revision));
    let mut found: Vec<String> = changes.iter().map(|c| format!("{} {}", c.rule.id, c.key)).collect();
    found.sort();
    found
}

#[track_caller]
fn migration(text: &str, expected: &[&str]) {
    assert_eq!(found("", text), expected, "{text}");
}

#[test]
fn drops_and_renames_are_seen_in_every_dialect() {
    migration("DROP TABLE IF EXISTS public.a, b CASCADE;", &["ban-drop-table a", "ban-drop-table b"]);
    migration("ALTER TABLE a DROP COLUMN b, DROP c;", &["ban-drop-column a.b", "ban-drop-column a.c"]);
    migration("alter table a rename column b to c;", &["renaming-column a.b"]);
    migration("ALTER TABLE a RENAME TO b;", &["renaming-table a"]);
    migration("RENAME TABLE `a` TO `b`;", &["renaming-table a"]);
    migration(
        "ALTER TABLE `a` CHANGE COLUMN `b` `c` bigint NOT NULL;",
        &["adding-not-nullable-field a.b", "changing-column-type a.b", "renaming-column a.b"],
    );
    migration("EXEC sp_rename 'dbo.a.b', 'c', 'COLUMN'\nGO\nDROP VIEW v", &["ban-drop-view v", "renaming-column a.b"]);
    migration(
        "ALTER TABLE a ALTER COLUMN b nvarchar(10) NOT NULL",
        &["adding-not-nullable-field a.b", "changing-column-type a.b"],
    );
    migration(
        "DROP SCHEMA s; DROP DATABASE d; TRUNCATE TABLE t CASCADE;",
        &["ban-drop-database d", "ban-drop-schema s", "ban-truncate-cascade t"],
    );
}

#[test]
fn columns_that_writers_do_not_know_break_them() {
    migration("ALTER TABLE a ADD COLUMN b int NOT NULL;", &["adding-required-field a.b"]);
    migration("ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 0;", &["column-added a.b"]);
    migration("ALTER TABLE a ADD b int;", &["column-added a.b"]);
    migration(
        "ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid();",
        &["adding-field-with-default a.b", "column-added a.b"],
    );
    migration("ALTER TABLE a ADD COLUMN id bigserial PRIMARY KEY;", &["adding-serial-primary-key-field a.id"]);
    migration(
        "ALTER TABLE a ALTER COLUMN b SET NOT NULL, ALTER COLUMN c DROP NOT NULL, ALTER d TYPE text USING d::text;",
        &["adding-not-nullable-field a.b", "ban-drop-not-null a.c", "changing-column-type a.d"],
    );
}

#[test]
fn constraints_and_indexes_are_looked_at() {
    migration(
        "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (id);",
        &["adding-foreign-key-constraint a"],
    );
    migration("ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (id) NOT VALID;", &[]);
    migration("ALTER TABLE a ADD CONSTRAINT k CHECK (b > 0);", &["constraint-missing-not-valid a"]);
    migration("ALTER TABLE a ADD CONSTRAINT u UNIQUE (b);", &["disallowed-unique-constraint a"]);
    migration("ALTER TABLE a ADD CONSTRAINT u UNIQUE USING INDEX i;", &[]);
    migration("CREATE INDEX i ON a (b);", &["require-concurrent-index-creation a"]);
    migration("CREATE INDEX CONCURRENTLY i ON a (b);", &[]);
    migration(
        "BEGIN; CREATE INDEX CONCURRENTLY i ON a (b); COMMIT;",
        &["ban-concurrent-index-creation-in-transaction a"],
    );
    migration("DROP INDEX i; DROP INDEX CONCURRENTLY j;", &["require-concurrent-index-deletion i"]);
}

#[test]
fn what_is_done_to_new_tables_hurts_nobody() {
    migration(
        "CREATE TABLE a (id int); CREATE INDEX i ON a (id); ALTER TABLE a ADD b int NOT NULL;",
        &["table-added a"],
    );
}

#[test]
fn what_was_there_is_no_change() {
    let old = "CREATE TABLE a (id int PRIMARY KEY, b text);\n";
    let new = format!("{old}-- 2\nALTER TABLE a\n  DROP COLUMN b;\n");
    assert_eq!(found(old, &new), ["ban-drop-column a.b"]);
    assert_eq!(found(&new, &new), Vec::<String>::new());
}

#[test]
fn dumps_of_a_schema_are_compared_column_by_column() {
    let old = "CREATE TABLE a (id int NOT NULL, b text, c varchar(10) DEFAULT 'x', d int);\nCREATE TABLE z (id int);";
    let new = "CREATE TABLE a (id bigint NOT NULL, b text NOT NULL, c character varying(10) DEFAULT 'y', e int NOT NULL);\nCREATE TABLE n (id int);";
    assert_eq!(
        found(old, new),
        [
            "adding-not-nullable-field a.b",
            "adding-required-field a.e",
            "ban-drop-column a.d",
            "ban-drop-table z",
            "changing-column-type a.id",
            "default-changed a.c",
            "table-added n",
        ]
    );
}

#[test]
fn hostile_texts_end() {
    for text in
        ["'", "$$", "$a$ x", "/*", "(((((", "ALTER TABLE", "DROP TABLE", "[x", "ALTER TABLE a ADD (", "\u{e9}\\'"]
    {
        found(text, text);
        found("", text);
    }
}
