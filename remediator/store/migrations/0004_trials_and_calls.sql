CREATE TABLE trial (                  -- runs that were let through to a half-open backend, and have not heard of it yet
  key TEXT NOT NULL,
  run TEXT NOT NULL,
  PRIMARY KEY (key, run)
) WITHOUT ROWID;
CREATE INDEX trial_by_run ON trial (run);

ALTER TABLE run ADD COLUMN called INTEGER NOT NULL DEFAULT 0; -- people were called though the run goes on
