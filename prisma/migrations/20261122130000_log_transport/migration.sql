-- An ordered endpoint is told nothing while something earlier of the same subject waits to be dispatched. Without this each
-- such question would read all that waits.
CREATE INDEX "outbox_event_undispatched_subject_idx" ON "outbox_event" ("agency_id", "subject", "seq")
  WHERE "dispatched_at" IS NULL;
