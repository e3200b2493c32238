CREATE TABLE class (
    code TEXT PRIMARY KEY,
    base TEXT NOT NULL,
    name TEXT NOT NULL,                   -- as the learner asked to be called
    called TEXT NOT NULL DEFAULT '',      -- as the class calls the learner
    title TEXT NOT NULL DEFAULT '',
    key TEXT NOT NULL,                    -- the learner's own secret
    current INTEGER NOT NULL DEFAULT 0,   -- 1 in the row of the class that the learner is in
    given INTEGER NOT NULL DEFAULT 0,     -- the number of the last report
    taken INTEGER NOT NULL DEFAULT 0,     -- of the last one that the class has taken
    last_note INTEGER NOT NULL DEFAULT 0,
    read_note INTEGER NOT NULL DEFAULT 0, -- the last one that was closed in a notebook
    hand TEXT,                            -- what the raised hand says; NULL when it is down
    paused INTEGER NOT NULL DEFAULT 0,
    step TEXT,
    active REAL NOT NULL DEFAULT 0,       -- when a cell was run last
    idle INTEGER NOT NULL DEFAULT 0,
    heard REAL NOT NULL DEFAULT 0         -- when the class said welcome last
);
CREATE TABLE report (
    code TEXT NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,                     -- when it happened
    body TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (code, number)
);
CREATE TABLE note (
    code TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (code, number)
);
PRAGMA user_version = 1;
