-- Webhooks: what an endpoint may be told is asked again whenever it is told, a selection shapes what it is sent, and a
-- replay is a job that any relay carries on.

-- CreateEnum
CREATE TYPE "WebhookReplayStatus" AS ENUM ('RUNNING', 'DONE', 'CANCELLED');

-- CreateEnum
CREATE TYPE "ReplayedStatus" AS ENUM ('FAILED', 'DELIVERED', 'MISSED');

-- AlterTable
ALTER TABLE "webhook_endpoint" ADD COLUMN     "granted" TEXT[] DEFAULT ARRAY['*']::TEXT[],
ADD COLUMN     "selection" TEXT;

-- AlterTable
ALTER TABLE "delivery_queue" ADD COLUMN     "replay_job_id" INTEGER;

-- CreateTable
CREATE TABLE "shaped_body" (
    "agency_id" INTEGER NOT NULL,
    "event_id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "body" TEXT NOT NULL,
    "abilities" TEXT[],

    CONSTRAINT "shaped_body_pkey" PRIMARY KEY ("agency_id","event_id","endpoint_id")
);

-- CreateTable
CREATE TABLE "webhook_replay_job" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "to_endpoint_id" INTEGER NOT NULL,
    "statuses" "ReplayedStatus"[],
    "events" TEXT[],
    "since" TIMESTAMPTZ(3),
    "until" TIMESTAMPTZ(3),
    "subject" TEXT,
    "delivery_ids" UUID[],
    "status" "WebhookReplayStatus" NOT NULL DEFAULT 'RUNNING',
    "matched" INTEGER NOT NULL,
    "queued" INTEGER NOT NULL DEFAULT 0,
    "done" INTEGER NOT NULL DEFAULT 0,
    "position" TEXT NOT NULL,
    "until_xid" TEXT,
    "read_whole" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_replay_job_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "shaped_body_agency_id_endpoint_id_idx" ON "shaped_body"("agency_id", "endpoint_id");

-- CreateIndex
CREATE INDEX "webhook_replay_job_agency_id_endpoint_id_idx" ON "webhook_replay_job"("agency_id", "endpoint_id");

-- CreateIndex
CREATE INDEX "webhook_replay_job_agency_id_to_endpoint_id_idx" ON "webhook_replay_job"("agency_id", "to_endpoint_id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_replay_job_agency_id_id_key" ON "webhook_replay_job"("agency_id", "id");

-- AddForeignKey
ALTER TABLE "shaped_body" ADD CONSTRAINT "shaped_body_agency_id_event_id_fkey" FOREIGN KEY ("agency_id", "event_id") REFERENCES "outbox_event"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "shaped_body" ADD CONSTRAINT "shaped_body_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_replay_job" ADD CONSTRAINT "webhook_replay_job_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_replay_job" ADD CONSTRAINT "webhook_replay_job_agency_id_to_endpoint_id_fkey" FOREIGN KEY ("agency_id", "to_endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand.

-- A relay looks for replays at every turn; those that are over are never looked at again.
CREATE INDEX "webhook_replay_job_running_idx" ON "webhook_replay_job" ("updated_at") WHERE "status" = 'RUNNING';
-- How many of a replay's deliveries wait. The deliveries that are no replay's cost this index nothing.
CREATE INDEX "delivery_queue_replay_idx" ON "delivery_queue" ("replay_job_id") WHERE "replay_job_id" IS NOT NULL;

DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY['shaped_body', 'webhook_replay_job'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY own_agency ON %I TO bellhop_app
      USING (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))
      WITH CHECK (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))', walled);
    EXECUTE format('CREATE POLICY all_agencies ON %I TO bellhop_system USING (true) WITH CHECK (true)', walled);
  END LOOP;
END $$;

GRANT SELECT ON "shaped_body" TO bellhop_app;
GRANT SELECT, INSERT, UPDATE ON "webhook_replay_job" TO bellhop_app;
GRANT USAGE ON "webhook_replay_job_id_seq" TO bellhop_app;
GRANT SELECT, INSERT, DELETE ON "shaped_body" TO bellhop_system;
GRANT SELECT, UPDATE, DELETE ON "webhook_replay_job" TO bellhop_system;

-- An endpoint that a token made was meant to be told what that token could read. The wall is lifted for the owner while
-- its rows are read and written here, and stands again after.
ALTER TABLE "webhook_endpoint" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "access_token" NO FORCE ROW LEVEL SECURITY;
UPDATE "webhook_endpoint" w SET "granted" = t."abilities" FROM "access_token" t WHERE t."id" = w."created_by_id";
ALTER TABLE "access_token" FORCE ROW LEVEL SECURITY;
ALTER TABLE "webhook_endpoint" FORCE ROW LEVEL SECURITY;
