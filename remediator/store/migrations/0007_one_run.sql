-- A single run is paused, goes on, or is given up with what it did so far taken back.
ALTER TABLE run ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';      -- who: why; empty: it is not paused
ALTER TABLE run ADD COLUMN paused_at INTEGER;
ALTER TABLE run ADD COLUMN take_back INTEGER NOT NULL DEFAULT 0;    -- 1: when it is cancelled, what it changed goes back
