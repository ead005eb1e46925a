-- Sums of amounts: a month of a large agency in a currency of small units is more than 2^31.
ALTER TABLE "invoice" ALTER COLUMN "net_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "tax_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "total_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "paid_minor" SET DATA TYPE BIGINT;
ALTER TABLE "invoice_line" ALTER COLUMN "unit_price_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "net_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "tax_minor" SET DATA TYPE BIGINT;
ALTER TABLE "payment" ALTER COLUMN "amount_minor" SET DATA TYPE BIGINT;
ALTER TABLE "expense" ALTER COLUMN "amount_minor" SET DATA TYPE BIGINT;
ALTER TABLE "statement" ALTER COLUMN "revenue_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "commission_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "expenses_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "net_minor" SET DATA TYPE BIGINT;
ALTER TABLE "statement_line" ALTER COLUMN "revenue_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "commission_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "expense_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "net_minor" SET DATA TYPE BIGINT;
ALTER TABLE "tax_report" ALTER COLUMN "total_minor" SET DATA TYPE BIGINT;
ALTER TABLE "tax_report_line" ALTER COLUMN "base_minor" SET DATA TYPE BIGINT,
  ALTER COLUMN "amount_minor" SET DATA TYPE BIGINT;

-- Where a line was when it was made, and which revisions another stands in place of.
ALTER TABLE "tax_report_line" ADD COLUMN "commune" TEXT, ADD COLUMN "category" TEXT;
ALTER TABLE "statement" ADD COLUMN "superseded_at" TIMESTAMPTZ(3);
ALTER TABLE "tax_report" ADD COLUMN "superseded_at" TIMESTAMPTZ(3);

-- What a payment of the subscription pays: which plan, and for how many months.
ALTER TABLE "payment" ADD COLUMN "plan" "Plan", ADD COLUMN "months" INTEGER;

-- The owner reads what is there behind the wall for as long as this lasts; where it is no superuser, it would see nothing.
ALTER TABLE "property" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "statement" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "tax_report" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "tax_report_line" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "payment" NO FORCE ROW LEVEL SECURITY;

UPDATE "tax_report_line" l SET "commune" = nullif(trim(p."commune"), ''), "category" = nullif(trim(p."tax_category"), '')
FROM "property" p WHERE p."agency_id" = l."agency_id" AND p."id" = l."property_id";
UPDATE "statement" s SET "superseded_at" = n.generated_at
FROM (
  SELECT "agency_id", "id", lead("generated_at") OVER (PARTITION BY "agency_id", "owner_id", "from" ORDER BY "revision") AS generated_at
  FROM "statement"
) n WHERE n."agency_id" = s."agency_id" AND n."id" = s."id" AND n.generated_at IS NOT NULL;
UPDATE "tax_report" r SET "superseded_at" = n.generated_at
FROM (
  SELECT "agency_id", "id", lead("generated_at") OVER (
    PARTITION BY "agency_id", "period", "from", lower(coalesce("commune", '')) ORDER BY "revision") AS generated_at
  FROM "tax_report"
) n WHERE n."agency_id" = r."agency_id" AND n."id" = r."id" AND n.generated_at IS NOT NULL;
-- Until now every payment of the subscription was a month of Business.
UPDATE "payment" SET "plan" = 'BUSINESS', "months" = 1 WHERE "purpose" = 'SUBSCRIPTION';

ALTER TABLE "property" FORCE ROW LEVEL SECURITY;
ALTER TABLE "statement" FORCE ROW LEVEL SECURITY;
ALTER TABLE "tax_report" FORCE ROW LEVEL SECURITY;
ALTER TABLE "tax_report_line" FORCE ROW LEVEL SECURITY;
ALTER TABLE "payment" FORCE ROW LEVEL SECURITY;

-- However many processes make one report at once, one of them makes it. All communes are one place here, as each is.
CREATE UNIQUE INDEX "tax_report_revision_key"
  ON "tax_report" ("agency_id", "period", "from", lower(coalesce("commune", '')), "revision");

-- Whoever runs Bellhop may give months away.
ALTER TABLE "payment" DROP CONSTRAINT amount_positive,
  ADD CONSTRAINT amount_positive CHECK (amount_minor > 0 OR (amount_minor = 0 AND purpose = 'SUBSCRIPTION'));
ALTER TABLE "payment" ADD CONSTRAINT plan_of_a_subscription CHECK (
  (purpose = 'SUBSCRIPTION') = (plan IS NOT NULL) AND (plan IS NULL) = (months IS NULL) AND plan <> 'TRIAL' AND months > 0);
