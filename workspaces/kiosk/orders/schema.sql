CREATE TABLE IF NOT EXISTS orders (
    id text PRIMARY KEY,
    event integer NOT NULL,
    seat text NOT NULL,
    buyer text NOT NULL,
    cents integer NOT NULL,
    status text NOT NULL
);
