-- Budgets of distinct targets, storms, repeats, approvals by several people, undo, windows of maintenance.
ALTER TABLE run ADD COLUMN persons INTEGER NOT NULL DEFAULT 1;     -- how many must approve what is shown
ALTER TABLE run ADD COLUMN approvers TEXT NOT NULL DEFAULT '';     -- out of these, by comma; empty: anybody
ALTER TABLE run ADD COLUMN undoes TEXT NOT NULL DEFAULT '';        -- the run that this one takes back
CREATE INDEX run_line ON run (held_scope, created_at)               -- heads of lines, those behind them left out
  WHERE finished_at IS NULL AND held_scope <> '' AND held_by <> 'order';
CREATE INDEX run_claimed ON run (rule) WHERE finished_at IS NULL AND claimed >= 0;
CREATE INDEX run_undo ON run (undoes) WHERE undoes <> '';
ALTER TABLE pause ADD COLUMN kind TEXT NOT NULL DEFAULT 'pause';   -- or maintenance

ALTER TABLE episode ADD COLUMN flapping INTEGER NOT NULL DEFAULT 0; -- it came back too often: one trouble until it is quiet

CREATE TABLE approval (               -- one person's yes to what a run has shown
  run TEXT NOT NULL,
  shown TEXT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (run, shown, who)
) WITHOUT ROWID;

CREATE TABLE touched (                -- when a target was last taken into a budget's scope, and by whom before
  scope TEXT NOT NULL,
  target TEXT NOT NULL,
  at INTEGER NOT NULL,
  run TEXT NOT NULL,
  was_at INTEGER,
  was_run TEXT,
  PRIMARY KEY (scope, target)
) WITHOUT ROWID;
CREATE INDEX touched_newest ON touched (scope, at);
CREATE INDEX touched_by_run ON touched (run);

CREATE TABLE remedied (               -- a rule changed a target
  target TEXT NOT NULL,
  rule TEXT NOT NULL,
  at INTEGER NOT NULL,
  run TEXT NOT NULL,
  PRIMARY KEY (target, rule, at)
) WITHOUT ROWID;

CREATE TABLE storm (
  scope TEXT PRIMARY KEY,             -- "rule NAME" or "everything"
  since INTEGER NOT NULL,
  until INTEGER,                      -- NULL: a person ends it
  episodes INTEGER NOT NULL,
  evidence TEXT NOT NULL,             -- the run that gathers evidence for all
  told INTEGER NOT NULL DEFAULT 0     -- whether people were called for those held too long
) WITHOUT ROWID;

CREATE INDEX episode_firing ON episode (alertname) WHERE closed_at IS NULL AND resolved_at IS NULL;
CREATE INDEX decision_by_rule ON decision (rule, episode);          -- episode ids are in the order of time

CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at > (SELECT max(at) FROM audit) - 34214400000000          -- 396 days
BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END;

ALTER TABLE run ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT '';
CREATE TABLE rung (                   -- who is told next of a run that called people, unless somebody acknowledges
  run TEXT NOT NULL,
  n INTEGER NOT NULL,
  name TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  PRIMARY KEY (run, n)
) WITHOUT ROWID;
CREATE INDEX rung_due ON rung (due_at);
