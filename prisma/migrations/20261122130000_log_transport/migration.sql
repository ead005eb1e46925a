-- An event may be carried to the relays by another engine (RELAY_TRANSPORT). When it was handed over is kept, so that what
-- that engine loses is handed over again. No index holds it: those that wait are found by "dispatched_at" already, and a
-- column that no index holds costs a row nothing but itself.
ALTER TABLE "outbox_event" ADD COLUMN "published_at" TIMESTAMPTZ(3);

-- An ordered endpoint is told nothing while something earlier of the same subject waits to be dispatched. Without this each
-- such question would read all that waits.
CREATE INDEX "outbox_event_undispatched_subject_idx" ON "outbox_event" ("agency_id", "subject", "seq")
  WHERE "dispatched_at" IS NULL;
