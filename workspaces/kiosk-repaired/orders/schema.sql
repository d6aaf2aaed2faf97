CREATE TABLE IF NOT EXISTS orders (
    id text PRIMARY KEY,
    request text NOT NULL UNIQUE,
    event integer NOT NULL,
    seat text NOT NULL,
    buyer text NOT NULL,
    cents integer NOT NULL,
    status text NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What is still to be told to others, written with the change that it tells of.
CREATE TABLE IF NOT EXISTS outbox (
    id bigserial PRIMARY KEY,
    target text NOT NULL,
    body jsonb NOT NULL,
    due timestamptz NOT NULL DEFAULT now(),
    pause interval NOT NULL DEFAULT '500 milliseconds'
);
