-- How far sealing has come: every entry of an earlier transaction has its seal. It was derived from the seals themselves, which a
-- database restored into another cluster belies: its transactions are numbered anew, below those that are sealed.
CREATE TABLE "audit_position" (
    "one" BOOLEAN NOT NULL DEFAULT true CHECK ("one"),
    "xid" xid8 NOT NULL,

    CONSTRAINT "audit_position_pkey" PRIMARY KEY ("one")
);
GRANT SELECT, UPDATE ON "audit_position" TO bellhop_system;

INSERT INTO "audit_position" ("xid")
  SELECT coalesce((SELECT "entry_xid" FROM "audit_seal" ORDER BY "entry_xid" DESC LIMIT 1), '0'::xid8);

-- The position looks an entry's seal up by the entry, and nobody asks for the latest transaction any more.
DROP INDEX "audit_seal_entry_xid_entry_id_idx";

-- When each token was refused lately, by all processes together: the latest twenty times of a kind.
CREATE TABLE "token_refusal" (
    "agency_id" INTEGER NOT NULL,
    "token_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "times" TIMESTAMPTZ(3)[] NOT NULL,
    "told_at" TIMESTAMPTZ(3),

    CONSTRAINT "token_refusal_pkey" PRIMARY KEY ("token_id", "kind"),
    CONSTRAINT "token_refusal_agency_id_token_id_fkey" FOREIGN KEY ("agency_id", "token_id")
      REFERENCES "access_token"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
ALTER TABLE "token_refusal" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "token_refusal" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "token_refusal" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE ON "token_refusal" TO bellhop_app;

-- What an auditor looks for is rare among what is ordinary: a filter must find it without reading the rest.
DROP INDEX "audit_entry_agency_id_subject_idx";
CREATE INDEX "audit_entry_agency_id_subject_id_idx" ON "audit_entry"("agency_id", "subject", "id");
CREATE INDEX "audit_entry_agency_id_actor_id_idx" ON "audit_entry"("agency_id", "actor", "id");
-- A family like booking.* is a range of this order. And behind the wall an enum is no condition of an index, because its
-- comparison could tell of other agencies' rows; a predicate is none.
CREATE INDEX "audit_entry_agency_id_action_id_idx" ON "audit_entry"("agency_id", "action" COLLATE "C", "id");
CREATE INDEX "audit_entry_not_info_idx" ON "audit_entry"("agency_id", "id") WHERE "severity" <> 'INFO';
