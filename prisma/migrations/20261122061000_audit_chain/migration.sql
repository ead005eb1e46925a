-- The audit log proves itself. Its lines gain a severity, the token's name and the transaction that wrote them; they move
-- into partitions of a month each, so that what is past its retention goes as a table and not row by row; and each
-- agency's lines are sealed into a chain of hashes.
CREATE TYPE "AuditSeverity" AS ENUM ('INFO', 'WARNING', 'CRITICAL');

-- Partitions live where no role that works may even look, so they are reached through their parents and the wall alone.
CREATE SCHEMA audit;

ALTER TABLE "audit_entry" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "audit_entry" RENAME TO "audit_entry_before";
ALTER TABLE "audit_entry_before" RENAME CONSTRAINT "audit_entry_pkey" TO "audit_entry_before_pkey";
DROP INDEX "audit_entry_agency_id_occurred_at_idx";

CREATE TABLE "audit_entry" (
    "id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "severity" "AuditSeverity" NOT NULL DEFAULT 'INFO',
    "actor" TEXT NOT NULL,
    "token_name" TEXT,
    "ip" TEXT,
    "request_id" TEXT,
    "action" TEXT NOT NULL,
    "subject" TEXT,
    "changes" JSON,
    "written_by" TEXT NOT NULL DEFAULT CURRENT_USER,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("agency_id", "id", "occurred_at")
) PARTITION BY RANGE ("occurred_at");

CREATE TABLE "audit_seal" (
    "agency_id" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "sealed_at" TIMESTAMPTZ(3) NOT NULL,
    "entry_id" UUID NOT NULL,
    "entry_xid" xid8 NOT NULL,
    "entry_occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "entry_hash" CHAR(64) NOT NULL,
    "hash" CHAR(64) NOT NULL,

    CONSTRAINT "audit_seal_pkey" PRIMARY KEY ("agency_id", "seq", "sealed_at")
) PARTITION BY RANGE ("sealed_at");

CREATE TABLE "audit_anchor" (
    "agency_id" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "seq" INTEGER NOT NULL,
    "hash" CHAR(64) NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_anchor_pkey" PRIMARY KEY ("agency_id", "day")
);

CREATE TABLE "audit_salt" (
    "agency_id" INTEGER NOT NULL,
    "entry_id" UUID NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "salt" CHAR(64) NOT NULL,

    CONSTRAINT "audit_salt_pkey" PRIMARY KEY ("agency_id", "entry_id")
);

CREATE TABLE "audit_retention" (
    "dropped_before" TIMESTAMPTZ(3) NOT NULL,
    "dropped_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_retention_pkey" PRIMARY KEY ("dropped_before")
);

CREATE INDEX "audit_entry_agency_id_occurred_at_id_idx" ON "audit_entry"("agency_id", "occurred_at", "id");
CREATE INDEX "audit_entry_agency_id_subject_idx" ON "audit_entry"("agency_id", "subject");
CREATE INDEX "audit_entry_xid_id_idx" ON "audit_entry"("xid", "id");
CREATE INDEX "audit_seal_entry_id_idx" ON "audit_seal"("entry_id");
CREATE INDEX "audit_seal_entry_xid_entry_id_idx" ON "audit_seal"("entry_xid", "entry_id");
CREATE INDEX "audit_salt_occurred_at_idx" ON "audit_salt"("occurred_at");

-- Whatever has no month of its own: what comes with the clock of a test, or of a machine that is wrong.
CREATE TABLE audit.audit_entry_default PARTITION OF "audit_entry" DEFAULT;
CREATE TABLE audit.audit_seal_default PARTITION OF "audit_seal" DEFAULT;

-- Makes the partitions of this month and the next two, and drops those of which nothing is younger than so many months.
-- It runs with its owner's rights, because nobody who works may drop a line; so it asks the server's clock and nobody's
-- word, and keeps the current month and the one before it in any case. What it has dropped stands in audit_retention.
CREATE FUNCTION audit_retain(keep_months int) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  kept_from timestamptz := date_trunc('month', now()) - make_interval(months => greatest(keep_months, 1));
  parent text;
  at text;
  part text;
  month timestamptz;
  gone bigint;
BEGIN
  FOREACH parent IN ARRAY ARRAY['audit_entry', 'audit_seal'] LOOP
    at := CASE parent WHEN 'audit_entry' THEN 'occurred_at' ELSE 'sealed_at' END;
    FOR month IN SELECT date_trunc('month', now()) + make_interval(months => n) FROM generate_series(0, 2) n LOOP
      part := parent || to_char(month, '_YYYYMM');
      CONTINUE WHEN to_regclass('audit.' || part) IS NOT NULL;
      EXECUTE format('CREATE TABLE audit.%I (LIKE public.%I INCLUDING ALL)', part, parent);
      EXECUTE format(
        'WITH moved AS (DELETE FROM audit.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO audit.%I SELECT * FROM moved',
        parent || '_default', at, month, at, month + interval '1 month', part);
      EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)',
        parent, part, month, month + interval '1 month');
    END LOOP;
    FOR part IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = to_regclass('public.' || parent) AND c.relname ~ '_\d{6}$'
        AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= kept_from
      ORDER BY c.relname
    LOOP
      EXECUTE format('DROP TABLE audit.%I', part);
      RETURN NEXT part;
    END LOOP;
    EXECUTE format('DELETE FROM audit.%I WHERE %I < %L', parent || '_default', at, kept_from);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN RETURN NEXT parent || '_default'; END IF;
  END LOOP;
  INSERT INTO public.audit_retention (dropped_before) VALUES (kept_from) ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION audit_retain(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_retain(int) TO bellhop_system;

INSERT INTO "audit_entry" ("id", "agency_id", "occurred_at", "actor", "ip", "request_id", "action", "subject", "changes", "written_by")
  SELECT "id", "agency_id", "occurred_at", "actor", "ip", "request_id", "action", "subject", "changes", 'bellhop_app'
  FROM "audit_entry_before";
DROP TABLE "audit_entry_before";
SELECT count(*) FROM audit_retain(1200);
DELETE FROM "audit_retention";

-- Each agency sees its own; what seals, verifies and drops works for all of them.
DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY['audit_entry', 'audit_seal', 'audit_anchor', 'audit_salt'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY own_agency ON %I TO bellhop_app
      USING (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))
      WITH CHECK (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))', walled);
    EXECUTE format('CREATE POLICY all_agencies ON %I TO bellhop_system USING (true) WITH CHECK (true)', walled);
  END LOOP;
END $$;

-- Lines, seals and anchors are written once. A salt may be taken away: that is what makes a commitment say nothing more.
GRANT SELECT, INSERT ON "audit_entry" TO bellhop_app, bellhop_system;
GRANT SELECT ON "audit_seal", "audit_anchor" TO bellhop_app;
GRANT SELECT, INSERT ON "audit_seal", "audit_anchor" TO bellhop_system;
GRANT SELECT, INSERT, DELETE ON "audit_salt" TO bellhop_app;
GRANT SELECT, DELETE ON "audit_salt" TO bellhop_system;
GRANT SELECT ON "audit_retention" TO bellhop_system;
