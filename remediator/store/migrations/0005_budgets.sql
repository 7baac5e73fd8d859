-- Budgets: places are numbered, so that one look-up tells whether a scope can be full at all.
ALTER TABLE touched ADD COLUMN n INTEGER NOT NULL DEFAULT 0;        -- the n-th that was taken in its scope
ALTER TABLE touched ADD COLUMN was_n INTEGER;
UPDATE touched SET n = (
  SELECT numbered.n FROM (
    SELECT scope, target, row_number() OVER (PARTITION BY scope ORDER BY at, target) AS n FROM touched
  ) numbered WHERE numbered.scope = touched.scope AND numbered.target = touched.target
);
DROP INDEX touched_newest;
CREATE INDEX touched_newest ON touched (scope, n);
