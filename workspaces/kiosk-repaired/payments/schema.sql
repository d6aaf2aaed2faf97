CREATE TABLE IF NOT EXISTS charges (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    key text UNIQUE,
    order_id text NOT NULL,
    buyer text NOT NULL,
    cents integer NOT NULL
);

CREATE TABLE IF NOT EXISTS refunds (
    order_id text PRIMARY KEY,
    cents integer NOT NULL
);

CREATE TABLE IF NOT EXISTS accounts (
    buyer text PRIMARY KEY,
    points integer NOT NULL
);
