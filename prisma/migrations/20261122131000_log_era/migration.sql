-- The event log is read in the order of the transactions that wrote it. Another cluster numbers its transactions anew, so a log that
-- was dumped and restored there would go on below its own end: readers would see nothing new for millions of transactions, or
-- pass it over. So what transactions are numbered by is shifted, for each cluster that the log has lived in to where no
-- other has been: by as many eras of 2^44 transactions as there were clusters before.
CREATE TABLE "log_era" (
    "one" BOOLEAN NOT NULL DEFAULT true CHECK ("one"),
    "cluster" TEXT,
    "shift" BIGINT NOT NULL DEFAULT 0 CHECK ("shift" >= 0),

    CONSTRAINT "log_era_pkey" PRIMARY KEY ("one")
);
GRANT SELECT ON "log_era" TO bellhop_app;
GRANT SELECT, UPDATE ON "log_era" TO bellhop_system;

-- Where a transaction of this cluster stands in the log. Stable, so that it is of the same moment as the rows beside it.
CREATE FUNCTION log_position(at xid8) RETURNS xid8 LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ((SELECT shift FROM public.log_era) + at::text::bigint)::text::xid8;
END $$;

-- The cluster, and how often it has gone on from a backup or a replica, where numbers may be given out a second time.
CREATE FUNCTION log_cluster() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN OTHERS THEN
  RETURN 'unknown'; -- A hosted PostgreSQL that keeps it to itself.
END $$;

ALTER TABLE "outbox_event" ALTER COLUMN "xid" SET DEFAULT log_position(pg_current_xact_id());
ALTER TABLE "outbox_event" NO FORCE ROW LEVEL SECURITY;
-- No cluster's, where it has been restored already: the next start begins another era.
INSERT INTO "log_era" ("cluster")
  SELECT CASE WHEN coalesce(max("xid") < pg_snapshot_xmax(pg_current_snapshot()), true) THEN log_cluster() END
  FROM (SELECT "xid" FROM "outbox_event" ORDER BY "xid" DESC LIMIT 1) latest;
ALTER TABLE "outbox_event" FORCE ROW LEVEL SECURITY;
