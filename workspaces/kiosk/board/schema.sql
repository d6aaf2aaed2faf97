CREATE TABLE IF NOT EXISTS places (
    event integer NOT NULL,
    seat text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (event, seat)
);
