-- The two roles that work. They belong to the whole server, so another database may have made them already, or be making
-- them at this moment. Neither can log in: whoever owns the database puts one on.
DO $$
DECLARE
  role_name text;
  missing constant text := 'Ask an administrator of this server to run: '
    'CREATE ROLE bellhop_app NOLOGIN; CREATE ROLE bellhop_system NOLOGIN; '
    || format('GRANT bellhop_app, bellhop_system TO %I;', current_user);
BEGIN
  FOREACH role_name IN ARRAY ARRAY['bellhop_app', 'bellhop_system'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', role_name);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'The user % may not create the role %. %', current_user, role_name, missing
            USING ERRCODE = 'insufficient_privilege';
      END;
    END IF;

    -- Being allowed to put the role on is what counts, and trying is the one way to ask that every version understands.
    BEGIN
      EXECUTE format('SET LOCAL ROLE %I', role_name);
      RESET ROLE;
    EXCEPTION WHEN insufficient_privilege THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', role_name, current_user);
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'The user % may not act as the role %. %', current_user, role_name, missing
          USING ERRCODE = 'insufficient_privilege';
      END;
    END;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO bellhop_app, bellhop_system;

-- CreateEnum
CREATE TYPE "Plan" AS ENUM ('TRIAL', 'STARTER', 'BUSINESS');

-- CreateEnum
CREATE TYPE "PropertyKind" AS ENUM ('VILLA', 'APARTMENT', 'RIAD', 'HOTEL', 'HOUSE', 'STUDIO', 'GUESTHOUSE', 'CHALET', 'HOSTEL', 'RESORT', 'OTHER');

-- CreateEnum
CREATE TYPE "BookingStatus" AS ENUM ('PENDING', 'CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT', 'CANCELLED', 'NO_SHOW');

-- CreateEnum
CREATE TYPE "WebhookFormat" AS ENUM ('STANDARD', 'CONNECT');

-- CreateEnum
CREATE TYPE "DeliveryStatus" AS ENUM ('PENDING', 'DELIVERED', 'FAILED');

-- CreateTable
CREATE TABLE "agency" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL DEFAULT 'MAD',
    "timezone" TEXT NOT NULL DEFAULT 'Africa/Casablanca',
    "commission_basis_points" INTEGER NOT NULL DEFAULT 0,
    "plan" "Plan" NOT NULL DEFAULT 'TRIAL',
    "trial_ends_at" TIMESTAMPTZ(3),
    "demo" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "agency_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "access_token" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "secret_hash" CHAR(64) NOT NULL,
    "abilities" TEXT[],
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "access_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "ip" TEXT,
    "request_id" TEXT,
    "action" TEXT NOT NULL,
    "subject" TEXT,
    "changes" JSONB,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "agency_id" INTEGER NOT NULL,
    "token_id" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" CHAR(64) NOT NULL,
    "committed" BOOLEAN NOT NULL DEFAULT false,
    "status" INTEGER,
    "headers" JSONB,
    "body" TEXT,
    "locked_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("token_id","key")
);

-- CreateTable
CREATE TABLE "owner" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "phone" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "owner_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "property" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "owner_id" INTEGER,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "PropertyKind" NOT NULL DEFAULT 'APARTMENT',
    "city" TEXT,
    "description" TEXT,
    "units" INTEGER NOT NULL DEFAULT 1,
    "base_price_minor" INTEGER NOT NULL DEFAULT 0,
    "archived_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "property_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "room_type" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "units" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "room_type_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inventory" (
    "agency_id" INTEGER NOT NULL,
    "room_type_id" INTEGER NOT NULL,
    "date" DATE NOT NULL,
    "total" INTEGER NOT NULL,
    "sold" INTEGER NOT NULL DEFAULT 0,
    "blocked" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "inventory_pkey" PRIMARY KEY ("agency_id","room_type_id","date")
);

-- CreateTable
CREATE TABLE "guest" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "phone" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "guest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "booking" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "room_type_id" INTEGER NOT NULL,
    "guest_id" INTEGER NOT NULL,
    "reference" TEXT NOT NULL,
    "status" "BookingStatus" NOT NULL,
    "previous_status" "BookingStatus",
    "source" TEXT NOT NULL DEFAULT 'direct',
    "check_in" DATE NOT NULL,
    "check_out" DATE NOT NULL,
    "nights" INTEGER NOT NULL,
    "guests_count" INTEGER NOT NULL,
    "adults" INTEGER,
    "children" INTEGER,
    "guest_name" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "gross_minor" INTEGER NOT NULL,
    "commission_minor" INTEGER NOT NULL,
    "net_minor" INTEGER NOT NULL,
    "cancel_reason" TEXT,
    "notes" TEXT,
    "booked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "confirmed_at" TIMESTAMPTZ(3),
    "checked_in_at" TIMESTAMPTZ(3),
    "checked_out_at" TIMESTAMPTZ(3),
    "cancelled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "booking_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "night" (
    "agency_id" INTEGER NOT NULL,
    "booking_id" INTEGER NOT NULL,
    "date" DATE NOT NULL,
    "property_id" INTEGER NOT NULL,
    "room_type_id" INTEGER NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "gross_minor" INTEGER NOT NULL,
    "net_minor" INTEGER NOT NULL,
    "tax_minor" INTEGER NOT NULL DEFAULT 0,
    "counts" BOOLEAN NOT NULL,

    CONSTRAINT "night_pkey" PRIMARY KEY ("agency_id","booking_id","date")
);

-- CreateTable
CREATE TABLE "outbox_event" (
    "id" UUID NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "agency_id" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "subject_seq" INTEGER NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "body" TEXT NOT NULL,
    "connect_type" TEXT,
    "connect_body" TEXT,
    "silent" BOOLEAN NOT NULL DEFAULT false,
    "test" BOOLEAN NOT NULL DEFAULT false,
    "dispatched_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_endpoint" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "url" TEXT NOT NULL,
    "events" TEXT[],
    "format" "WebhookFormat" NOT NULL DEFAULT 'STANDARD',
    "description" TEXT,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "disabled_reason" TEXT,
    "from_seq" BIGINT NOT NULL DEFAULT 0,
    "created_by_id" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_endpoint_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_secret" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "ciphertext" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_secret_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "endpoint_turn" (
    "endpoint_id" INTEGER NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "endpoint_turn_pkey" PRIMARY KEY ("endpoint_id")
);

-- CreateTable
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

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delivery_queue" (
    "delivery_id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lease" UUID,
    "first_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivery_queue_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "id" UUID NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "delivery_id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT NOT NULL,
    "status_code" INTEGER,
    "error" TEXT,
    "connect_ms" INTEGER,
    "first_byte_ms" INTEGER,
    "total_ms" INTEGER NOT NULL,
    "response_body" TEXT,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "access_token_secret_hash_key" ON "access_token"("secret_hash");

-- CreateIndex
CREATE UNIQUE INDEX "access_token_agency_id_id_key" ON "access_token"("agency_id", "id");

-- CreateIndex
CREATE INDEX "audit_entry_agency_id_occurred_at_idx" ON "audit_entry"("agency_id", "occurred_at");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "owner_agency_id_id_key" ON "owner"("agency_id", "id");

-- CreateIndex
CREATE INDEX "property_agency_id_updated_at_id_idx" ON "property"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "property_agency_id_id_key" ON "property"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "property_agency_id_code_key" ON "property"("agency_id", "code");

-- CreateIndex
CREATE UNIQUE INDEX "room_type_agency_id_id_key" ON "room_type"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "room_type_agency_id_property_id_code_key" ON "room_type"("agency_id", "property_id", "code");

-- CreateIndex
CREATE UNIQUE INDEX "guest_agency_id_id_key" ON "guest"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "guest_agency_id_email_key" ON "guest"("agency_id", "email");

-- CreateIndex
CREATE INDEX "booking_agency_id_updated_at_id_idx" ON "booking"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE INDEX "booking_agency_id_check_in_id_idx" ON "booking"("agency_id", "check_in", "id");

-- CreateIndex
CREATE INDEX "booking_agency_id_property_id_check_in_idx" ON "booking"("agency_id", "property_id", "check_in");

-- CreateIndex
CREATE INDEX "booking_agency_id_guest_id_idx" ON "booking"("agency_id", "guest_id");

-- CreateIndex
CREATE UNIQUE INDEX "booking_agency_id_id_key" ON "booking"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "booking_agency_id_reference_key" ON "booking"("agency_id", "reference");

-- CreateIndex
CREATE INDEX "night_agency_id_date_property_id_idx" ON "night"("agency_id", "date", "property_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_seq_key" ON "outbox_event"("seq");

-- CreateIndex
CREATE INDEX "outbox_event_agency_id_xid_seq_idx" ON "outbox_event"("agency_id", "xid", "seq");

-- CreateIndex
CREATE INDEX "outbox_event_xid_seq_idx" ON "outbox_event"("xid", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_agency_id_id_key" ON "outbox_event"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_endpoint_agency_id_id_key" ON "webhook_endpoint"("agency_id", "id");

-- CreateIndex
CREATE INDEX "webhook_secret_agency_id_endpoint_id_idx" ON "webhook_secret"("agency_id", "endpoint_id");

-- CreateIndex
CREATE INDEX "endpoint_turn_due_at_idx" ON "endpoint_turn"("due_at");

-- CreateIndex
CREATE UNIQUE INDEX "endpoint_turn_agency_id_endpoint_id_key" ON "endpoint_turn"("agency_id", "endpoint_id");

-- CreateIndex
CREATE INDEX "delivery_agency_id_endpoint_id_id_idx" ON "delivery"("agency_id", "endpoint_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "delivery_agency_id_id_key" ON "delivery"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "delivery_event_id_endpoint_id_replay_key" ON "delivery"("event_id", "endpoint_id", "replay");

-- CreateIndex
CREATE INDEX "delivery_queue_endpoint_id_due_at_delivery_id_idx" ON "delivery_queue"("endpoint_id", "due_at", "delivery_id");

-- CreateIndex
CREATE UNIQUE INDEX "delivery_queue_agency_id_delivery_id_key" ON "delivery_queue"("agency_id", "delivery_id");

-- CreateIndex
CREATE INDEX "attempt_agency_id_delivery_id_number_idx" ON "attempt"("agency_id", "delivery_id", "number");

-- AddForeignKey
ALTER TABLE "access_token" ADD CONSTRAINT "access_token_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "owner" ADD CONSTRAINT "owner_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "property" ADD CONSTRAINT "property_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "property" ADD CONSTRAINT "property_agency_id_owner_id_fkey" FOREIGN KEY ("agency_id", "owner_id") REFERENCES "owner"("agency_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room_type" ADD CONSTRAINT "room_type_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_agency_id_room_type_id_fkey" FOREIGN KEY ("agency_id", "room_type_id") REFERENCES "room_type"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "guest" ADD CONSTRAINT "guest_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "booking" ADD CONSTRAINT "booking_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "booking" ADD CONSTRAINT "booking_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "booking" ADD CONSTRAINT "booking_agency_id_room_type_id_fkey" FOREIGN KEY ("agency_id", "room_type_id") REFERENCES "room_type"("agency_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "booking" ADD CONSTRAINT "booking_agency_id_guest_id_fkey" FOREIGN KEY ("agency_id", "guest_id") REFERENCES "guest"("agency_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "night" ADD CONSTRAINT "night_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_secret" ADD CONSTRAINT "webhook_secret_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "endpoint_turn" ADD CONSTRAINT "endpoint_turn_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_agency_id_event_id_fkey" FOREIGN KEY ("agency_id", "event_id") REFERENCES "outbox_event"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_agency_id_endpoint_id_fkey" FOREIGN KEY ("agency_id", "endpoint_id") REFERENCES "webhook_endpoint"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery_queue" ADD CONSTRAINT "delivery_queue_agency_id_delivery_id_fkey" FOREIGN KEY ("agency_id", "delivery_id") REFERENCES "delivery"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_agency_id_delivery_id_fkey" FOREIGN KEY ("agency_id", "delivery_id") REFERENCES "delivery"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What must never be, whoever writes.
ALTER TABLE "agency"
  ADD CONSTRAINT "agency_commission_share" CHECK ("commission_basis_points" BETWEEN 0 AND 10000);
ALTER TABLE "property"
  ADD CONSTRAINT "property_has_units" CHECK ("units" >= 1),
  ADD CONSTRAINT "property_price_not_negative" CHECK ("base_price_minor" >= 0);
ALTER TABLE "room_type"
  ADD CONSTRAINT "room_type_has_units" CHECK ("units" >= 1);
ALTER TABLE "inventory"
  ADD CONSTRAINT "inventory_not_oversold" CHECK ("sold" >= 0 AND "blocked" >= 0 AND "sold" + "blocked" <= "total");
ALTER TABLE "booking"
  ADD CONSTRAINT "booking_has_a_night" CHECK ("check_out" > "check_in"),
  ADD CONSTRAINT "booking_nights" CHECK ("nights" = "check_out" - "check_in"),
  ADD CONSTRAINT "booking_has_a_guest" CHECK ("guests_count" >= 1),
  ADD CONSTRAINT "booking_amounts_not_negative" CHECK ("gross_minor" >= 0 AND "commission_minor" >= 0 AND "net_minor" >= 0),
  ADD CONSTRAINT "booking_net" CHECK ("net_minor" = "gross_minor" - "commission_minor");
ALTER TABLE "night"
  ADD CONSTRAINT "night_amounts_not_negative" CHECK ("gross_minor" >= 0 AND "net_minor" >= 0 AND "tax_minor" >= 0);

-- Dispatch asks for the few events that nobody has dispatched, however long the log.
CREATE INDEX "outbox_event_undispatched_idx" ON "outbox_event" ("seq") WHERE "dispatched_at" IS NULL;
-- A claim counts an endpoint's calls in flight. Without this it reads all that waits there: beside one endpoint with
-- 200,000 retries waiting, 180 deliveries a second instead of 1,550.
CREATE INDEX "delivery_queue_leased_idx" ON "delivery_queue" ("endpoint_id", "due_at") WHERE "lease" IS NOT NULL;

-- Small tables whose rows change at every delivery: room for the new version on the same page, and a vacuum that comes early.
ALTER TABLE "delivery_queue" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE "endpoint_turn" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

-- The wall between agencies. A connection says whom it serves in app.agency_id; one that doesn't sees nothing. It is
-- forced on the owner too, and asked once a query (the inner select), not once a row.
DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY[
    'access_token', 'audit_entry', 'idempotency_key', 'owner', 'property', 'room_type', 'inventory', 'guest', 'booking',
    'night', 'outbox_event', 'webhook_endpoint', 'webhook_secret', 'endpoint_turn', 'delivery', 'delivery_queue', 'attempt'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY own_agency ON %I TO bellhop_app
      USING (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))
      WITH CHECK (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))', walled);
  END LOOP;
END $$;

ALTER TABLE "agency" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "agency" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "agency" TO bellhop_app
  USING (id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));

-- What works across agencies gets past the wall, but only at the platform's own tables: no stay, no guest, no price.
DO $$
DECLARE
  platform text;
BEGIN
  FOREACH platform IN ARRAY ARRAY[
    'agency', 'access_token', 'audit_entry', 'idempotency_key', 'outbox_event', 'webhook_endpoint', 'webhook_secret',
    'endpoint_turn', 'delivery', 'delivery_queue', 'attempt'
  ] LOOP
    EXECUTE format('CREATE POLICY all_agencies ON %I TO bellhop_system USING (true) WITH CHECK (true)', platform);
  END LOOP;
END $$;

-- Nobody may do anything that isn't said here. Lines of the audit log and attempts at a delivery are written once.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE, DELETE ON
  "owner", "property", "room_type", "inventory", "guest", "booking", "night",
  "idempotency_key", "webhook_endpoint", "webhook_secret" TO bellhop_app;
GRANT SELECT, INSERT, UPDATE ON "access_token", "endpoint_turn" TO bellhop_app;
GRANT SELECT, UPDATE ON "agency" TO bellhop_app;
GRANT SELECT, INSERT ON "audit_entry", "outbox_event", "delivery", "delivery_queue" TO bellhop_app;
GRANT SELECT ON "attempt" TO bellhop_app;
GRANT USAGE ON
  "access_token_id_seq", "owner_id_seq", "property_id_seq", "room_type_id_seq", "guest_id_seq", "booking_id_seq",
  "outbox_event_seq_seq", "webhook_endpoint_id_seq", "webhook_secret_id_seq" TO bellhop_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON
  "agency", "access_token", "idempotency_key", "outbox_event", "webhook_endpoint", "webhook_secret",
  "endpoint_turn", "delivery", "delivery_queue", "attempt" TO bellhop_system;
GRANT SELECT, INSERT ON "audit_entry" TO bellhop_system;
GRANT USAGE ON
  "agency_id_seq", "access_token_id_seq", "outbox_event_seq_seq", "webhook_endpoint_id_seq", "webhook_secret_id_seq"
  TO bellhop_system;
