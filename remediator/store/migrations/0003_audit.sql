-- Whatever is decided and changed is appended to the audit trail as it happens, with what was there before and after.
ALTER TABLE audit ADD COLUMN before TEXT;
ALTER TABLE audit ADD COLUMN after TEXT;
ALTER TABLE audit ADD COLUMN more TEXT;     -- what else belongs to this kind of entry
CREATE INDEX audit_people ON audit (id) WHERE what NOT IN ('decision', 'change');

-- What there is already comes first, so that the trail is whole.
INSERT INTO audit (at, who, what, subject, detail, more)
SELECT at, 'remediator', 'decision', episode, reason,
  json_object('rule', rule, 'verdict', verdict, 'guard', guard, 'until', until, 'run', run)
FROM decision ORDER BY at;
INSERT INTO audit (at, who, what, subject, before, after, detail, more)
SELECT coalesce(s.finished_at, s.started_at), coalesce(nullif(r.approved_by, ''), 'remediator'), 'change', s.run,
  CASE WHEN length(s.before) <= 8000 THEN s.before END, CASE WHEN length(s.output) <= 8000 THEN s.output END, s.error,
  json_object('run', s.run, 'step', s.key, 'phase', s.phase, 'action', s.action, 'remedy', s.remedy,
    'outcome', s.outcome, 'rule', r.rule, 'target', r.target,
    'args', CASE WHEN length(s.args) <= 8000 THEN json(s.args) END)
FROM step s JOIN run r ON r.id = s.run
WHERE s.phase IN ('act', 'undo') AND s.outcome <> 'intent' AND NOT (s.phase = 'act' AND r.undoes <> '')
ORDER BY 1;

CREATE TRIGGER decision_is_told AFTER INSERT ON decision
BEGIN
  INSERT INTO audit (at, who, what, subject, detail, more) VALUES (NEW.at, 'remediator', 'decision', NEW.episode,
    NEW.reason, json_object('rule', NEW.rule, 'verdict', NEW.verdict, 'guard', NEW.guard, 'until', NEW.until,
    'run', NEW.run));
END;

-- A run that is held is judged again and again; what is new is told.
CREATE TRIGGER decision_is_told_when_it_changes AFTER UPDATE ON decision
WHEN NEW.verdict <> OLD.verdict OR NEW.guard <> OLD.guard OR NEW.run IS NOT OLD.run
BEGIN
  INSERT INTO audit (at, who, what, subject, detail, before, after, more) VALUES (NEW.at, 'remediator', 'decision',
    NEW.episode, NEW.reason, json_object('verdict', OLD.verdict, 'guard', OLD.guard),
    json_object('verdict', NEW.verdict, 'guard', NEW.guard), json_object('rule', NEW.rule, 'verdict', NEW.verdict,
    'guard', NEW.guard, 'until', NEW.until, 'run', NEW.run));
END;

CREATE TRIGGER change_is_told AFTER UPDATE OF outcome ON step
WHEN NEW.phase IN ('act', 'undo') AND NEW.outcome <> OLD.outcome AND NEW.outcome <> 'intent'
BEGIN
  INSERT INTO audit (at, who, what, subject, before, after, detail, more)
  SELECT coalesce(NEW.finished_at, NEW.started_at), coalesce(nullif(r.approved_by, ''), 'remediator'), 'change',
    NEW.run, CASE WHEN length(NEW.before) <= 8000 THEN NEW.before END,
    CASE WHEN length(NEW.output) <= 8000 THEN NEW.output END, NEW.error,
    json_object('run', NEW.run, 'step', NEW.key, 'phase', NEW.phase, 'action', NEW.action, 'remedy', NEW.remedy,
      'outcome', NEW.outcome, 'rule', r.rule, 'target', r.target,
      'args', CASE WHEN length(NEW.args) <= 8000 THEN json(NEW.args) END)
  FROM run r WHERE r.id = NEW.run;
END;

-- Decisions are as many as alerts: they are kept as long as runs are, a week at least. All else is kept for 396 days.
DROP TRIGGER audit_is_kept;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at > (SELECT at FROM audit ORDER BY id DESC LIMIT 1)
  - CASE OLD.what WHEN 'decision' THEN 604800000000 ELSE 34214400000000 END
BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END;
