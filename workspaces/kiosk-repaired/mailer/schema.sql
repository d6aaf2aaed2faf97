CREATE TABLE IF NOT EXISTS mails (
    order_id text PRIMARY KEY,
    buyer text NOT NULL,
    text text NOT NULL
);
