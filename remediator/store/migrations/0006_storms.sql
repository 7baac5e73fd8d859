-- The runs that came in a storm are told in its digests, and few of them on their own.
ALTER TABLE run ADD COLUMN storm TEXT NOT NULL DEFAULT '';           -- the run that looks for all of that storm
ALTER TABLE run ADD COLUMN told_alone INTEGER NOT NULL DEFAULT 0;    -- it is told on its own all the same
CREATE INDEX run_storm ON run (storm, status) WHERE storm <> '';
ALTER TABLE storm ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;       -- how many of its runs are
ALTER TABLE storm ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;       -- 1: people were told of its end
CREATE INDEX storm_evidence ON storm (evidence);

ALTER TABLE run ADD COLUMN mode_reason TEXT NOT NULL DEFAULT '';     -- why its mode is stricter than its rule's
