-- Who keeps a copy of the list of tokens asks for what has changed.
ALTER TABLE "access_token" ADD COLUMN "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- The owner reads what is there behind the wall for as long as this lasts; where it is no superuser, it would see nothing.
ALTER TABLE "access_token" NO FORCE ROW LEVEL SECURITY;
UPDATE "access_token" SET "updated_at" = coalesce("revoked_at", "created_at");
ALTER TABLE "access_token" FORCE ROW LEVEL SECURITY;
