-- Times are microseconds since 1970, JSON is text, ids are time-ordered text.
CREATE TABLE notification (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  group_key TEXT NOT NULL,
  alerts INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  admitted INTEGER NOT NULL,          -- how many of its alerts have been admitted
  body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX notification_open ON notification (id) WHERE admitted < alerts;

CREATE TABLE rejected (               -- bodies that can never become right; bounded
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  body BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE episode (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  alertname TEXT NOT NULL,
  labels TEXT NOT NULL,
  annotations TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 1,
  resolved_at INTEGER,                -- "resolved" was heard; closes after the grace
  closed_at INTEGER,
  decided INTEGER NOT NULL DEFAULT 0, -- rules that matched
  previous TEXT,
  notification TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX episode_open ON episode (fingerprint) WHERE closed_at IS NULL;
CREATE INDEX episode_resolved ON episode (resolved_at) WHERE closed_at IS NULL AND resolved_at IS NOT NULL;
CREATE INDEX episode_history ON episode (fingerprint, opened_at DESC);

CREATE TABLE decision (
  episode TEXT NOT NULL,
  rule TEXT NOT NULL,
  verdict TEXT NOT NULL,              -- run, joined, held, refused
  guard TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  until INTEGER,
  run TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (episode, rule)
) WITHOUT ROWID;
CREATE INDEX decision_by_run ON decision (run) WHERE run IS NOT NULL; -- the episodes that a run deals with

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  guide TEXT NOT NULL,
  target TEXT NOT NULL,
  same TEXT NOT NULL,                 -- digest of rule, guide, parameters, target: an equal alert joins
  status TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL,                 -- as it binds now: rule and daemon
  may_act INTEGER NOT NULL DEFAULT 1, -- 0: a rule before it acts on this episode; it only observes
  priority INTEGER NOT NULL,
  plan TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER,
  due_at INTEGER,                     -- when to look at it again
  deadline INTEGER,
  waiting_since INTEGER,
  held_by TEXT NOT NULL DEFAULT '',
  held_scope TEXT NOT NULL DEFAULT '',
  held_until INTEGER,
  claimed INTEGER NOT NULL DEFAULT -1,
  shown TEXT NOT NULL DEFAULT '',
  approved TEXT NOT NULL DEFAULT '',
  approved_by TEXT NOT NULL DEFAULT '',
  approval_reason TEXT NOT NULL DEFAULT '',
  cancelled_by TEXT NOT NULL DEFAULT '',
  resolved_at INTEGER
) WITHOUT ROWID;
CREATE INDEX run_open ON run (created_at) WHERE finished_at IS NULL;
CREATE INDEX run_same ON run (same) WHERE finished_at IS NULL;
CREATE INDEX run_held ON run (held_scope, created_at) WHERE finished_at IS NULL AND held_scope <> '';
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE step (
  run TEXT NOT NULL,
  key TEXT NOT NULL,                  -- 0/diagnose/pool; superseded ones end in ~N
  phase TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  step TEXT NOT NULL,
  action TEXT NOT NULL,
  remedy TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 1,
  args TEXT NOT NULL,
  before TEXT,
  output TEXT,
  error TEXT NOT NULL DEFAULT '',
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE lock (
  scope TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lock_by_run ON lock (run);

CREATE TABLE spent (                  -- the n-th run that was let through in a scope
  scope TEXT NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  run TEXT NOT NULL,
  PRIMARY KEY (scope, n)
) WITHOUT ROWID;
CREATE INDEX spent_by_run ON spent (run);

CREATE TABLE changed (                -- when a target was last changed
  target TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  run TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE breaker (
  key TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  failures INTEGER NOT NULL,
  until INTEGER,
  trials INTEGER NOT NULL,
  total INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE pause (
  scope TEXT PRIMARY KEY,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  until INTEGER,
  at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  reporter TEXT NOT NULL,
  run TEXT NOT NULL,
  telling TEXT NOT NULL,
  topic TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1, -- raised when the run changed while the row waited
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (reporter, run, telling, topic)
);
CREATE INDEX outbox_order ON outbox (reporter, id);

CREATE TABLE receipt (
  reporter TEXT NOT NULL,
  run TEXT NOT NULL,
  channel TEXT NOT NULL,
  ts TEXT NOT NULL,
  PRIMARY KEY (reporter, run)
) WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
);
