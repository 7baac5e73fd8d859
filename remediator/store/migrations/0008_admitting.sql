-- How far a large notification has been admitted stands beside it: to write it into the notification's own row
-- writes the whole body again, for every few alerts. There, ``admitted`` says what came with it.
CREATE TABLE admitting (
  notification TEXT PRIMARY KEY,
  admitted INTEGER NOT NULL,          -- of its alerts; fewer than it has
  alerts INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO admitting (notification, admitted, alerts) SELECT id, admitted, alerts FROM notification WHERE admitted < alerts;
DROP INDEX notification_open;
