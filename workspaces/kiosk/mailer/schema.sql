CREATE TABLE IF NOT EXISTS mails (
    id bigserial PRIMARY KEY,
    order_id text NOT NULL,
    buyer text NOT NULL,
    text text NOT NULL
);
