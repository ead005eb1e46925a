-- CreateEnum
CREATE TYPE "Weekday" AS ENUM ('MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN');

-- CreateEnum
CREATE TYPE "IcalChannel" AS ENUM ('AIRBNB', 'BOOKING', 'VRBO', 'OTHER');

-- CreateEnum
CREATE TYPE "IcalSyncStatus" AS ENUM ('OK', 'HELD', 'FAILED');

-- CreateEnum
CREATE TYPE "IcalEventKind" AS ENUM ('RESERVATION', 'BLOCK');

-- CreateEnum
CREATE TYPE "IcalEventState" AS ENUM ('BOOKED', 'BLOCKED', 'ECHO', 'CONFLICT', 'ENDED');

-- CreateEnum
CREATE TYPE "IcalConflictKind" AS ENUM ('OVERLAP', 'DOUBLE_IMPORT', 'ECHO_SUSPECTED');

-- CreateEnum
CREATE TYPE "IcalConflictResolution" AS ENUM ('EVENT_GONE', 'NIGHTS_FREED', 'MANUAL');

-- CreateEnum
CREATE TYPE "CleaningStatus" AS ENUM ('TODO', 'ASSIGNED', 'IN_PROGRESS', 'COMPLETED', 'SKIPPED');

-- CreateEnum
CREATE TYPE "MaintenancePriority" AS ENUM ('LOW', 'NORMAL', 'HIGH', 'URGENT');

-- CreateEnum
CREATE TYPE "MaintenanceStatus" AS ENUM ('OPEN', 'ASSIGNED', 'RESOLVED');

-- CreateEnum
CREATE TYPE "WhatsappMessageStatus" AS ENUM ('PREPARED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "ErrandStatus" AS ENUM ('PENDING', 'DONE', 'FAILED');

-- AlterTable
ALTER TABLE "booking" ADD COLUMN     "channel_reference" TEXT;

-- AlterTable
ALTER TABLE "property" ADD COLUMN     "check_in_time" TEXT NOT NULL DEFAULT '15:00',
ADD COLUMN     "check_out_time" TEXT NOT NULL DEFAULT '11:00',
ADD COLUMN     "cleaning_assignee" TEXT,
ADD COLUMN     "cleaning_at_check_out" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "cleaning_checklist" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "rate" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "name" TEXT,
    "from" DATE NOT NULL,
    "to" DATE NOT NULL,
    "weekdays" "Weekday"[] DEFAULT ARRAY[]::"Weekday"[],
    "price_minor" INTEGER NOT NULL,
    "min_stay" INTEGER NOT NULL DEFAULT 1,
    "closed_to_arrival" BOOLEAN NOT NULL DEFAULT false,
    "closed_to_departure" BOOLEAN NOT NULL DEFAULT false,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "pushed" BOOLEAN NOT NULL DEFAULT false,
    "rank" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rate_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ical_source" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "channel" "IcalChannel" NOT NULL,
    "url_sealed" TEXT NOT NULL,
    "url_hash" CHAR(64) NOT NULL,
    "url_shown" TEXT NOT NULL,
    "etag" TEXT,
    "last_modified" TEXT,
    "status" "IcalSyncStatus",
    "reason" TEXT,
    "message" TEXT,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "last_sync_at" TIMESTAMPTZ(3),
    "last_success_at" TIMESTAMPTZ(3),
    "next_sync_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "ical_source_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ical_event" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "source_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "uid" TEXT NOT NULL,
    "code" TEXT,
    "summary" TEXT,
    "kind" "IcalEventKind" NOT NULL,
    "state" "IcalEventState" NOT NULL,
    "check_in" DATE NOT NULL,
    "check_out" DATE NOT NULL,
    "misses" INTEGER NOT NULL DEFAULT 0,
    "missing_since" TIMESTAMPTZ(3),
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ical_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ical_conflict" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "source_id" INTEGER NOT NULL,
    "ical_event_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "kind" "IcalConflictKind" NOT NULL,
    "nights" TEXT[],
    "uid" TEXT NOT NULL,
    "summary" TEXT,
    "check_in" DATE NOT NULL,
    "check_out" DATE NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "resolution" "IcalConflictResolution",
    "resolved_at" TIMESTAMPTZ(3),
    "note" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ical_conflict_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ical_feed" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "source_id" INTEGER,
    "channel" "IcalChannel" NOT NULL,
    "key_hash" CHAR(64) NOT NULL,
    "last_read_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ical_feed_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cleaning_task" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "date" DATE NOT NULL,
    "status" "CleaningStatus" NOT NULL DEFAULT 'TODO',
    "assignee" TEXT,
    "checklist" JSONB NOT NULL DEFAULT '[]',
    "before_photos" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "after_photos" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "notes" TEXT,
    "skip_reason" TEXT,
    "rescheduled_to_id" INTEGER,
    "made_by_event" UUID,
    "assigned_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "skipped_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "cleaning_task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "maintenance_ticket" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "title" TEXT NOT NULL,
    "description" TEXT,
    "category" TEXT,
    "priority" "MaintenancePriority" NOT NULL DEFAULT 'NORMAL',
    "status" "MaintenanceStatus" NOT NULL DEFAULT 'OPEN',
    "assignee" TEXT,
    "vendor" TEXT,
    "cost_minor" INTEGER,
    "currency" CHAR(3) NOT NULL,
    "photos" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "resolution" TEXT,
    "assigned_at" TIMESTAMPTZ(3),
    "escalated_at" TIMESTAMPTZ(3),
    "resolved_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "maintenance_ticket_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "source" TEXT NOT NULL,
    "external_id" TEXT,
    "rating_hundredths" INTEGER NOT NULL,
    "rating_scale_hundredths" INTEGER NOT NULL,
    "score_hundredths" INTEGER NOT NULL,
    "low_rating" BOOLEAN NOT NULL,
    "guest_name" TEXT,
    "comment" TEXT,
    "reviewed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "review_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "whatsapp_account" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "phone_number_id" TEXT NOT NULL,
    "token_sealed" TEXT NOT NULL,
    "app_secret_sealed" TEXT NOT NULL,
    "verify_token_sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "whatsapp_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "whatsapp_template" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "parameters" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "whatsapp_template_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "whatsapp_message" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "to" TEXT NOT NULL,
    "template" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "status" "WhatsappMessageStatus" NOT NULL DEFAULT 'PREPARED',
    "reason" TEXT,
    "error_code" TEXT,
    "send_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "provider_id" TEXT,
    "queued_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),
    "cancelled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "whatsapp_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "errand" (
    "id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "status" "ErrandStatus" NOT NULL DEFAULT 'PENDING',
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lease" UUID,
    "first_at" TIMESTAMPTZ(3),
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "errand_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "rate_agency_id_property_id_to_idx" ON "rate"("agency_id", "property_id", "to");

-- CreateIndex
CREATE INDEX "rate_agency_id_updated_at_id_idx" ON "rate"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "rate_agency_id_id_key" ON "rate"("agency_id", "id");

-- CreateIndex
CREATE INDEX "ical_source_next_sync_at_idx" ON "ical_source"("next_sync_at");

-- CreateIndex
CREATE UNIQUE INDEX "ical_source_agency_id_id_key" ON "ical_source"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ical_source_agency_id_property_id_url_hash_key" ON "ical_source"("agency_id", "property_id", "url_hash");

-- CreateIndex
CREATE INDEX "ical_event_agency_id_source_id_check_out_idx" ON "ical_event"("agency_id", "source_id", "check_out");

-- CreateIndex
CREATE INDEX "ical_event_agency_id_property_id_check_out_idx" ON "ical_event"("agency_id", "property_id", "check_out");

-- CreateIndex
CREATE INDEX "ical_event_agency_id_booking_id_idx" ON "ical_event"("agency_id", "booking_id");

-- CreateIndex
CREATE UNIQUE INDEX "ical_event_agency_id_id_key" ON "ical_event"("agency_id", "id");

-- CreateIndex
CREATE INDEX "ical_conflict_agency_id_ical_event_id_idx" ON "ical_conflict"("agency_id", "ical_event_id");

-- CreateIndex
CREATE INDEX "ical_conflict_agency_id_updated_at_id_idx" ON "ical_conflict"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ical_conflict_agency_id_id_key" ON "ical_conflict"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ical_feed_key_hash_key" ON "ical_feed"("key_hash");

-- CreateIndex
CREATE INDEX "ical_feed_agency_id_property_id_idx" ON "ical_feed"("agency_id", "property_id");

-- CreateIndex
CREATE UNIQUE INDEX "ical_feed_agency_id_id_key" ON "ical_feed"("agency_id", "id");

-- CreateIndex
CREATE INDEX "cleaning_task_agency_id_date_id_idx" ON "cleaning_task"("agency_id", "date", "id");

-- CreateIndex
CREATE INDEX "cleaning_task_agency_id_property_id_date_idx" ON "cleaning_task"("agency_id", "property_id", "date");

-- CreateIndex
CREATE INDEX "cleaning_task_agency_id_booking_id_idx" ON "cleaning_task"("agency_id", "booking_id");

-- CreateIndex
CREATE INDEX "cleaning_task_agency_id_updated_at_id_idx" ON "cleaning_task"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "cleaning_task_agency_id_id_key" ON "cleaning_task"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "cleaning_task_agency_id_made_by_event_key" ON "cleaning_task"("agency_id", "made_by_event");

-- CreateIndex
CREATE INDEX "maintenance_ticket_agency_id_status_id_idx" ON "maintenance_ticket"("agency_id", "status", "id");

-- CreateIndex
CREATE INDEX "maintenance_ticket_agency_id_property_id_idx" ON "maintenance_ticket"("agency_id", "property_id");

-- CreateIndex
CREATE INDEX "maintenance_ticket_agency_id_booking_id_idx" ON "maintenance_ticket"("agency_id", "booking_id");

-- CreateIndex
CREATE INDEX "maintenance_ticket_agency_id_updated_at_id_idx" ON "maintenance_ticket"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "maintenance_ticket_agency_id_id_key" ON "maintenance_ticket"("agency_id", "id");

-- CreateIndex
CREATE INDEX "review_agency_id_property_id_idx" ON "review"("agency_id", "property_id");

-- CreateIndex
CREATE INDEX "review_agency_id_booking_id_idx" ON "review"("agency_id", "booking_id");

-- CreateIndex
CREATE INDEX "review_agency_id_updated_at_id_idx" ON "review"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "review_agency_id_id_key" ON "review"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "review_agency_id_source_external_id_key" ON "review"("agency_id", "source", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_account_agency_id_key" ON "whatsapp_account"("agency_id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_account_agency_id_id_key" ON "whatsapp_account"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_template_agency_id_id_key" ON "whatsapp_template"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_template_agency_id_name_language_key" ON "whatsapp_template"("agency_id", "name", "language");

-- CreateIndex
CREATE INDEX "whatsapp_message_agency_id_booking_id_idx" ON "whatsapp_message"("agency_id", "booking_id");

-- CreateIndex
CREATE INDEX "whatsapp_message_agency_id_updated_at_id_idx" ON "whatsapp_message"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_message_agency_id_id_key" ON "whatsapp_message"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "whatsapp_message_agency_id_provider_id_key" ON "whatsapp_message"("agency_id", "provider_id");

-- CreateIndex
CREATE UNIQUE INDEX "errand_agency_id_id_key" ON "errand"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "errand_agency_id_kind_key_key" ON "errand"("agency_id", "kind", "key");

-- AddForeignKey
ALTER TABLE "rate" ADD CONSTRAINT "rate_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_source" ADD CONSTRAINT "ical_source_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_event" ADD CONSTRAINT "ical_event_agency_id_source_id_fkey" FOREIGN KEY ("agency_id", "source_id") REFERENCES "ical_source"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_event" ADD CONSTRAINT "ical_event_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_event" ADD CONSTRAINT "ical_event_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_conflict" ADD CONSTRAINT "ical_conflict_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_conflict" ADD CONSTRAINT "ical_conflict_agency_id_source_id_fkey" FOREIGN KEY ("agency_id", "source_id") REFERENCES "ical_source"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_conflict" ADD CONSTRAINT "ical_conflict_agency_id_ical_event_id_fkey" FOREIGN KEY ("agency_id", "ical_event_id") REFERENCES "ical_event"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_conflict" ADD CONSTRAINT "ical_conflict_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_feed" ADD CONSTRAINT "ical_feed_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ical_feed" ADD CONSTRAINT "ical_feed_agency_id_source_id_fkey" FOREIGN KEY ("agency_id", "source_id") REFERENCES "ical_source"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cleaning_task" ADD CONSTRAINT "cleaning_task_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cleaning_task" ADD CONSTRAINT "cleaning_task_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cleaning_task" ADD CONSTRAINT "cleaning_task_agency_id_rescheduled_to_id_fkey" FOREIGN KEY ("agency_id", "rescheduled_to_id") REFERENCES "cleaning_task"("agency_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "maintenance_ticket" ADD CONSTRAINT "maintenance_ticket_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "maintenance_ticket" ADD CONSTRAINT "maintenance_ticket_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review" ADD CONSTRAINT "review_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review" ADD CONSTRAINT "review_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "whatsapp_account" ADD CONSTRAINT "whatsapp_account_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "whatsapp_template" ADD CONSTRAINT "whatsapp_template_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "whatsapp_message" ADD CONSTRAINT "whatsapp_message_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "whatsapp_message" ADD CONSTRAINT "whatsapp_message_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- "cleaning_task" shows each agency its own rows.
ALTER TABLE "cleaning_task" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "cleaning_task" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "cleaning_task" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "cleaning_task" TO bellhop_app;
GRANT USAGE ON SEQUENCE "cleaning_task_id_seq" TO bellhop_app;

-- "errand" shows each agency its own rows.
ALTER TABLE "errand" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "errand" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "errand" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT ON "errand" TO bellhop_app;

-- "ical_conflict" shows each agency its own rows.
ALTER TABLE "ical_conflict" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "ical_conflict" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "ical_conflict" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ical_conflict" TO bellhop_app;
GRANT USAGE ON SEQUENCE "ical_conflict_id_seq" TO bellhop_app;

-- "ical_event" shows each agency its own rows.
ALTER TABLE "ical_event" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "ical_event" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "ical_event" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ical_event" TO bellhop_app;
GRANT USAGE ON SEQUENCE "ical_event_id_seq" TO bellhop_app;

-- "ical_feed" shows each agency its own rows.
ALTER TABLE "ical_feed" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "ical_feed" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "ical_feed" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ical_feed" TO bellhop_app;
GRANT USAGE ON SEQUENCE "ical_feed_id_seq" TO bellhop_app;

-- "ical_source" shows each agency its own rows.
ALTER TABLE "ical_source" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "ical_source" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "ical_source" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ical_source" TO bellhop_app;
GRANT USAGE ON SEQUENCE "ical_source_id_seq" TO bellhop_app;

-- "maintenance_ticket" shows each agency its own rows.
ALTER TABLE "maintenance_ticket" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "maintenance_ticket" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "maintenance_ticket" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "maintenance_ticket" TO bellhop_app;
GRANT USAGE ON SEQUENCE "maintenance_ticket_id_seq" TO bellhop_app;

-- "rate" shows each agency its own rows.
ALTER TABLE "rate" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "rate" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "rate" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "rate" TO bellhop_app;
GRANT USAGE ON SEQUENCE "rate_id_seq" TO bellhop_app;

-- "review" shows each agency its own rows.
ALTER TABLE "review" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "review" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "review" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "review" TO bellhop_app;
GRANT USAGE ON SEQUENCE "review_id_seq" TO bellhop_app;

-- "whatsapp_account" shows each agency its own rows.
ALTER TABLE "whatsapp_account" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "whatsapp_account" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "whatsapp_account" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "whatsapp_account" TO bellhop_app;
GRANT USAGE ON SEQUENCE "whatsapp_account_id_seq" TO bellhop_app;

-- "whatsapp_message" shows each agency its own rows.
ALTER TABLE "whatsapp_message" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "whatsapp_message" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "whatsapp_message" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "whatsapp_message" TO bellhop_app;
GRANT USAGE ON SEQUENCE "whatsapp_message_id_seq" TO bellhop_app;

-- "whatsapp_template" shows each agency its own rows.
ALTER TABLE "whatsapp_template" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "whatsapp_template" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "whatsapp_template" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "whatsapp_template" TO bellhop_app;
GRANT USAGE ON SEQUENCE "whatsapp_template_id_seq" TO bellhop_app;

-- What must be true of a row, whoever writes it.
ALTER TABLE "property"
  ADD CONSTRAINT times_are_times CHECK (check_in_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' AND check_out_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$');
ALTER TABLE "rate"
  ADD CONSTRAINT price_not_negative CHECK (price_minor >= 0),
  ADD CONSTRAINT season_not_backwards CHECK ("from" <= "to"),
  ADD CONSTRAINT min_stay_positive CHECK (min_stay >= 1);
ALTER TABLE "ical_event" ADD CONSTRAINT stay_not_backwards CHECK (check_in < check_out);
ALTER TABLE "maintenance_ticket" ADD CONSTRAINT cost_not_negative CHECK (cost_minor >= 0);
ALTER TABLE "review" ADD CONSTRAINT rating_within_scale CHECK (rating_hundredths BETWEEN 0 AND rating_scale_hundredths);

-- One open conflict an event.
CREATE UNIQUE INDEX one_open_conflict ON "ical_conflict" (agency_id, ical_event_id) WHERE resolved_at IS NULL;
-- The bookings of a channel by its own code.
CREATE INDEX booking_channel_reference ON "booking" (agency_id, channel_reference) WHERE channel_reference IS NOT NULL;
-- The errands still to be run, and nothing else.
CREATE INDEX errand_due ON "errand" (due_at) WHERE status = 'PENDING';

-- The relay runs errands for all agencies. The timer sees when which source is due, and nothing else of it; whoever comes
-- with the key of a feed is known by its hash.
CREATE POLICY all_agencies ON "errand" TO bellhop_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON "errand" TO bellhop_system;
CREATE POLICY all_agencies ON "ical_source" TO bellhop_system USING (true) WITH CHECK (true);
GRANT SELECT (id, agency_id, next_sync_at), UPDATE (next_sync_at) ON "ical_source" TO bellhop_system;
CREATE POLICY all_agencies ON "ical_feed" TO bellhop_system USING (true) WITH CHECK (true);
GRANT SELECT (id, agency_id, property_id, key_hash, revoked_at) ON "ical_feed" TO bellhop_system;
