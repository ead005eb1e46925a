-- The relay knows how each endpoint is doing, keeps its pace and its order, and its history goes by the day.
--
-- What is partitioned, and why. "delivery" and "delivery_queue" by a hash of the endpoint: all that a claim, a settle or a
-- replay touches of one endpoint lies in one partition, so a partition can move to another server with its endpoints.
-- "attempt" by the day, because it is the largest by far and is only ever added to: what is past its retention goes as a
-- table. It isn't split by endpoint as well, for eight times ninety tables would cost every reader more than they would
-- save. "outbox_event" stays whole: its id and its seq are unique across all days, and readers' cursors rely on that.
CREATE SCHEMA relay;

ALTER TABLE "webhook_endpoint"
  ADD COLUMN "rate_per_second" INTEGER,
  ADD COLUMN "ordered" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "disabled_at" TIMESTAMPTZ(3),
  ADD CONSTRAINT "webhook_endpoint_rate" CHECK ("rate_per_second" BETWEEN 1 AND 1000);

-- News of an endpoint is told to the others only: an endpoint that fails must not be sent the news of its failing.
ALTER TABLE "outbox_event" ADD COLUMN "about_endpoint_id" INTEGER;

-- Deliveries and their queue are copied into partitions.
ALTER TABLE "attempt" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "delivery_queue" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "delivery" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "endpoint_turn" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "webhook_endpoint" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "outbox_event" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "attempt" RENAME TO "attempt_before";
ALTER TABLE "delivery_queue" RENAME TO "delivery_queue_before";
ALTER TABLE "delivery" RENAME TO "delivery_before";
ALTER TABLE "endpoint_turn" RENAME TO "endpoint_turn_before";
ALTER TABLE "attempt_before" RENAME CONSTRAINT "attempt_pkey" TO "attempt_before_pkey";
ALTER TABLE "delivery_queue_before" RENAME CONSTRAINT "delivery_queue_pkey" TO "delivery_queue_before_pkey";
ALTER TABLE "delivery_before" RENAME CONSTRAINT "delivery_pkey" TO "delivery_before_pkey";
ALTER TABLE "endpoint_turn_before" RENAME CONSTRAINT "endpoint_turn_pkey" TO "endpoint_turn_before_pkey";
DROP INDEX "delivery_agency_id_endpoint_id_id_idx", "delivery_event_id_endpoint_id_replay_key", "delivery_queue_leased_idx",
  "endpoint_turn_due_at_idx";

CREATE TABLE "delivery" (
    "id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "event_id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "event_type" TEXT NOT NULL,
    "status" "DeliveryStatus" NOT NULL DEFAULT 'PENDING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "replay" INTEGER NOT NULL DEFAULT 0,
    "test" BOOLEAN NOT NULL DEFAULT false,
    "status_code" INTEGER,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "first_at" TIMESTAMPTZ(3),
    "next_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("agency_id", "id", "endpoint_id")
) PARTITION BY HASH ("endpoint_id");

-- Its foreign key to the endpoint is the delivery's.
CREATE TABLE "delivery_queue" (
    "delivery_id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lease" UUID,
    "first_at" TIMESTAMPTZ(3),
    "subject" TEXT,
    "seq" BIGINT,

    CONSTRAINT "delivery_queue_pkey" PRIMARY KEY ("endpoint_id", "delivery_id")
) PARTITION BY HASH ("endpoint_id");

DO $$
BEGIN
  FOR n IN 0..7 LOOP
    EXECUTE format('CREATE TABLE relay.delivery_%s PARTITION OF "delivery" FOR VALUES WITH (MODULUS 8, REMAINDER %s)', n, n);
    -- Small, and its rows change at every delivery: room for the new version on the same page, and a vacuum that comes early.
    EXECUTE format('CREATE TABLE relay.delivery_queue_%s PARTITION OF "delivery_queue" FOR VALUES WITH (MODULUS 8, REMAINDER %s)
      WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)', n, n);
  END LOOP;
END $$;

-- An attempt has no foreign key: checking one locks the delivery's row once more for each attempt, and dropping a day would
-- not be possible with rows that point at it. Only the relay writes attempts, from the queue's row that has both ids.
-- Those of an endpoint that is deleted can't be reached any more, and go with their day.
CREATE TABLE "attempt" (
    "agency_id" INTEGER NOT NULL,
    "delivery_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "status" "DeliveryStatus" NOT NULL,
    "status_code" INTEGER,
    "error" TEXT,
    "connect_ms" INTEGER,
    "first_byte_ms" INTEGER,
    "total_ms" INTEGER NOT NULL,
    "response_body" TEXT,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("agency_id", "delivery_id", "number", "started_at")
) PARTITION BY RANGE ("started_at");

-- Whatever has no day of its own: what comes with the clock of a test, or of a machine that is wrong.
CREATE TABLE relay.attempt_default PARTITION OF "attempt" DEFAULT;

-- An endpoint's health is read from here without touching the attempts themselves.
CREATE INDEX "attempt_health_idx" ON "attempt" ("agency_id", "endpoint_id", "started_at") INCLUDE ("status", "total_ms");

CREATE UNIQUE INDEX "delivery_event_id_endpoint_id_replay_key" ON "delivery"("event_id", "endpoint_id", "replay");
CREATE INDEX "delivery_agency_id_endpoint_id_id_idx" ON "delivery"("agency_id", "endpoint_id", "id");

-- What waits, what is under way, what has been tried and waits for more, and what has to keep its order: each of them
-- small, and the first the only one that an ordinary delivery enters twice.
CREATE INDEX "delivery_queue_waiting_idx" ON "delivery_queue" ("endpoint_id", "due_at", "delivery_id") WHERE "lease" IS NULL;
CREATE INDEX "delivery_queue_leased_idx" ON "delivery_queue" ("endpoint_id", "due_at") WHERE "lease" IS NOT NULL;
CREATE INDEX "delivery_queue_tried_idx" ON "delivery_queue" ("endpoint_id", "first_at")
  WHERE "lease" IS NULL AND "first_at" IS NOT NULL;
CREATE INDEX "delivery_queue_ordered_idx" ON "delivery_queue" ("endpoint_id", "subject", "seq", "delivery_id")
  WHERE "subject" IS NOT NULL;

-- An endpoint's turn is found by its newest version: while a long transaction elsewhere keeps PostgreSQL from cleaning up,
-- a key that never changes leads through all of a row's dead versions, and every claim would take longer than the last.
CREATE TABLE "endpoint_turn" (
    "endpoint_id" INTEGER NOT NULL,
    "version" BIGINT NOT NULL DEFAULT 0,
    "agency_id" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT 'infinity',
    "waits_from" TIMESTAMPTZ(3) NOT NULL DEFAULT '-infinity',
    "in_flight" INTEGER NOT NULL DEFAULT 0,
    "lease_ends" TIMESTAMPTZ(3),
    "breaker" TEXT NOT NULL DEFAULT 'closed',
    "not_before" TIMESTAMPTZ(3),
    "slots" INTEGER NOT NULL DEFAULT 8,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "successes" INTEGER NOT NULL DEFAULT 0,
    "trips" INTEGER NOT NULL DEFAULT 0,
    "window_at" TIMESTAMPTZ(3),
    "window_tried" INTEGER NOT NULL DEFAULT 0,
    "window_failed" INTEGER NOT NULL DEFAULT 0,
    "paced_to" TIMESTAMPTZ(3),
    "tried_at" TIMESTAMPTZ(3),
    "succeeded_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "told" BOOLEAN NOT NULL DEFAULT false,
    "news" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "endpoint_turn_pkey" PRIMARY KEY ("endpoint_id", "version"),
    CONSTRAINT "endpoint_turn_breaker" CHECK ("breaker" IN ('closed', 'open', 'half_open')),
    CONSTRAINT "endpoint_turn_slots" CHECK ("slots" BETWEEN 1 AND 8)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

CREATE INDEX "endpoint_turn_due_at_idx" ON "endpoint_turn"("due_at");

-- Makes the partitions of the day of "at" and the next two, and drops those of which nothing is younger than so many days.
-- It runs with its owner's rights, because nobody who works may create a table or drop one.
CREATE FUNCTION attempt_retain(at timestamptz, keep_days int) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  kept_from timestamptz := date_trunc('day', at) - make_interval(days => greatest(keep_days, 1));
  day timestamptz;
  part text;
  gone bigint;
BEGIN
  FOR day IN SELECT date_trunc('day', at) + make_interval(days => n) FROM generate_series(0, 2) n LOOP
    part := 'attempt_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('relay.' || part) IS NOT NULL;
    EXECUTE format('CREATE TABLE relay.%I (LIKE public.attempt INCLUDING ALL)', part);
    EXECUTE format('WITH moved AS (DELETE FROM relay.attempt_default WHERE started_at >= %L AND started_at < %L RETURNING *)
      INSERT INTO relay.%I SELECT * FROM moved', day, day + interval '1 day', part);
    EXECUTE format('ALTER TABLE public.attempt ATTACH PARTITION relay.%I FOR VALUES FROM (%L) TO (%L)',
      part, day, day + interval '1 day');
  END LOOP;
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.attempt'::regclass AND c.relname ~ '_\d{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') + interval '1 day' <= kept_from
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE relay.%I', part);
    RETURN NEXT part;
  END LOOP;
  DELETE FROM relay.attempt_default WHERE started_at < kept_from;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN RETURN NEXT 'attempt_default'; END IF;
END $$;
REVOKE ALL ON FUNCTION attempt_retain(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attempt_retain(timestamptz, int) TO bellhop_system;

-- Every day that has attempts gets its partition before they are copied.
SELECT attempt_retain(day, 36500) FROM (
  SELECT DISTINCT date_trunc('day', "started_at", 'UTC') AS day FROM "attempt_before" UNION SELECT now()
) days;

INSERT INTO "delivery" ("id", "agency_id", "event_id", "endpoint_id", "event_type", "status", "attempts", "replay", "test",
    "status_code", "error", "created_at", "first_at", "next_at", "finished_at", "updated_at")
  SELECT "id", "agency_id", "event_id", "endpoint_id", "event_type", "status", "attempts", "replay", "test",
    "status_code", "error", "created_at", "first_at", "next_at", "finished_at", "updated_at"
  FROM "delivery_before";
INSERT INTO "delivery_queue" ("delivery_id", "agency_id", "endpoint_id", "due_at", "attempt", "lease", "first_at")
  SELECT "delivery_id", "agency_id", "endpoint_id", "due_at", "attempt", "lease", "first_at" FROM "delivery_queue_before";
-- Which state an attempt has left its delivery in: that of the delivery, if it was the last.
INSERT INTO "attempt" ("agency_id", "delivery_id", "number", "started_at", "id", "endpoint_id", "outcome", "status",
    "status_code", "error", "connect_ms", "first_byte_ms", "total_ms", "response_body")
  SELECT a."agency_id", a."delivery_id", a."number", a."started_at", a."id", a."endpoint_id", a."outcome",
    CASE WHEN a."number" = d."attempts" THEN d."status" ELSE 'PENDING' END,
    a."status_code", a."error", a."connect_ms", a."first_byte_ms", a."total_ms", a."response_body"
  FROM "attempt_before" a JOIN "delivery_before" d ON d."id" = a."delivery_id";
INSERT INTO "endpoint_turn" ("endpoint_id", "agency_id", "due_at", "in_flight", "lease_ends")
  SELECT w."id", w."agency_id", coalesce(min(q."due_at"), 'infinity'), count(q."lease"),
    min(q."due_at") FILTER (WHERE q."lease" IS NOT NULL)
  FROM "webhook_endpoint" w LEFT JOIN "delivery_queue_before" q ON q."endpoint_id" = w."id"
  GROUP BY w."id";
DROP TABLE "attempt_before", "delivery_queue_before", "delivery_before", "endpoint_turn_before";

ALTER TABLE "endpoint_turn" ADD CONSTRAINT "endpoint_turn_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_agency_id_event_id_fkey" FOREIGN KEY ("agency_id", "event_id") REFERENCES "outbox_event"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "delivery_queue" ADD CONSTRAINT "delivery_queue_delivery_fkey" FOREIGN KEY ("agency_id", "delivery_id", "endpoint_id") REFERENCES "delivery"("agency_id", "id", "endpoint_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Whoever registers an endpoint gives it its turn, so that nobody who queues a delivery has to ask whether there is one.
CREATE FUNCTION give_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.endpoint_turn (endpoint_id, agency_id) VALUES (NEW.id, NEW.agency_id);
  RETURN NULL;
END $$;
CREATE TRIGGER give_turn AFTER INSERT ON "webhook_endpoint" FOR EACH ROW EXECUTE FUNCTION give_turn();

ALTER TABLE "webhook_endpoint" FORCE ROW LEVEL SECURITY;
ALTER TABLE "outbox_event" FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY['endpoint_turn', 'delivery', 'delivery_queue', 'attempt'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY own_agency ON %I TO bellhop_app
      USING (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))
      WITH CHECK (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))', walled);
    EXECUTE format('CREATE POLICY all_agencies ON %I TO bellhop_system USING (true) WITH CHECK (true)', walled);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON "endpoint_turn" TO bellhop_app;
GRANT SELECT, INSERT ON "delivery", "delivery_queue" TO bellhop_app;
GRANT SELECT ON "attempt" TO bellhop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON "endpoint_turn", "delivery", "delivery_queue", "attempt" TO bellhop_system;
