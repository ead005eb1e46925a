-- CreateEnum
CREATE TYPE "InvoiceKind" AS ENUM ('INVOICE', 'CREDIT_NOTE');

-- CreateEnum
CREATE TYPE "InvoiceStatus" AS ENUM ('DRAFT', 'SENT', 'PAID', 'VOID');

-- CreateEnum
CREATE TYPE "PaymentPurpose" AS ENUM ('BOOKING', 'INVOICE', 'SUBSCRIPTION');

-- CreateEnum
CREATE TYPE "PaymentStatus" AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED');

-- CreateEnum
CREATE TYPE "StatementLineKind" AS ENUM ('BOOKING', 'EXPENSE');

-- CreateEnum
CREATE TYPE "TaxKind" AS ENUM ('TAXE_DE_SEJOUR', 'TPT', 'VAT');

-- CreateEnum
CREATE TYPE "TaxPeriod" AS ENUM ('MONTH', 'QUARTER');

-- AlterTable
ALTER TABLE "agency" ADD COLUMN     "grace_until" TIMESTAMPTZ(3),
ADD COLUMN     "paid_until" TIMESTAMPTZ(3),
ADD COLUMN     "subscription_version" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "owner" ADD COLUMN     "address" TEXT,
ADD COLUMN     "commission_basis_points" INTEGER,
ADD COLUMN     "iban" TEXT,
ADD COLUMN     "tax_id" TEXT,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "property" ADD COLUMN     "active_from" DATE,
ADD COLUMN     "active_to" DATE,
ADD COLUMN     "commune" TEXT,
ADD COLUMN     "tax_category" TEXT;

-- CreateTable
CREATE TABLE "invoice" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "kind" "InvoiceKind" NOT NULL DEFAULT 'INVOICE',
    "status" "InvoiceStatus" NOT NULL DEFAULT 'DRAFT',
    "number" TEXT,
    "owner_id" INTEGER,
    "booking_id" INTEGER,
    "credits_id" INTEGER,
    "customer_name" TEXT NOT NULL,
    "customer_email" TEXT,
    "customer_address" TEXT,
    "customer_tax_id" TEXT,
    "currency" CHAR(3) NOT NULL,
    "issued_on" DATE,
    "due_on" DATE,
    "net_minor" INTEGER NOT NULL,
    "tax_minor" INTEGER NOT NULL,
    "total_minor" INTEGER NOT NULL,
    "paid_minor" INTEGER NOT NULL DEFAULT 0,
    "notes" TEXT,
    "sent_at" TIMESTAMPTZ(3),
    "paid_at" TIMESTAMPTZ(3),
    "voided_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "invoice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invoice_line" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "invoice_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "description" TEXT NOT NULL,
    "quantity_thousandths" INTEGER NOT NULL,
    "unit_price_minor" INTEGER NOT NULL,
    "tax_basis_points" INTEGER NOT NULL,
    "net_minor" INTEGER NOT NULL,
    "tax_minor" INTEGER NOT NULL,

    CONSTRAINT "invoice_line_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invoice_counter" (
    "agency_id" INTEGER NOT NULL,
    "kind" "InvoiceKind" NOT NULL,
    "year" INTEGER NOT NULL,
    "last" INTEGER NOT NULL,

    CONSTRAINT "invoice_counter_pkey" PRIMARY KEY ("agency_id","kind","year")
);

-- CreateTable
CREATE TABLE "payment" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "purpose" "PaymentPurpose" NOT NULL,
    "status" "PaymentStatus" NOT NULL,
    "booking_id" INTEGER,
    "invoice_id" INTEGER,
    "amount_minor" INTEGER NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "method" TEXT NOT NULL,
    "order_id" TEXT,
    "provider_reference" TEXT,
    "failure_code" TEXT,
    "failure_reason" TEXT,
    "paid_at" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cmi_account" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "client_id" TEXT NOT NULL,
    "store_key_sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "cmi_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "expense" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "date" DATE NOT NULL,
    "label" TEXT NOT NULL,
    "amount_minor" INTEGER NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "expense_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "statement" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "from" DATE NOT NULL,
    "to" DATE NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "currency" CHAR(3) NOT NULL,
    "revenue_minor" INTEGER NOT NULL,
    "commission_minor" INTEGER NOT NULL,
    "expenses_minor" INTEGER NOT NULL,
    "net_minor" INTEGER NOT NULL,
    "sources_hash" CHAR(64) NOT NULL,
    "generated_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "statement_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "statement_line" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "statement_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "kind" "StatementLineKind" NOT NULL,
    "property_id" INTEGER NOT NULL,
    "booking_id" INTEGER,
    "label" TEXT NOT NULL,
    "nights" INTEGER NOT NULL DEFAULT 0,
    "revenue_minor" INTEGER NOT NULL DEFAULT 0,
    "commission_minor" INTEGER NOT NULL DEFAULT 0,
    "expense_minor" INTEGER NOT NULL DEFAULT 0,
    "net_minor" INTEGER NOT NULL,

    CONSTRAINT "statement_line_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tax_tariff" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "tax" "TaxKind" NOT NULL,
    "commune" TEXT,
    "category" TEXT,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "amount_minor" INTEGER,
    "rate_basis_points" INTEGER,
    "children_exempt" BOOLEAN NOT NULL DEFAULT true,
    "exempt_after_nights" INTEGER,
    "reference" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tax_tariff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tax_report" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "period" "TaxPeriod" NOT NULL,
    "from" DATE NOT NULL,
    "to" DATE NOT NULL,
    "commune" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "currency" CHAR(3) NOT NULL,
    "total_minor" INTEGER NOT NULL,
    "sources_hash" CHAR(64) NOT NULL,
    "generated_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tax_report_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tax_report_line" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "report_id" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "tariff_id" INTEGER NOT NULL,
    "tax" "TaxKind" NOT NULL,
    "stays" INTEGER NOT NULL,
    "persons" INTEGER NOT NULL,
    "exempt_persons" INTEGER NOT NULL,
    "person_nights" INTEGER NOT NULL,
    "taxable_person_nights" INTEGER NOT NULL,
    "base_minor" INTEGER NOT NULL,
    "amount_minor" INTEGER NOT NULL,

    CONSTRAINT "tax_report_line_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "invoice_agency_id_updated_at_id_idx" ON "invoice"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE INDEX "invoice_agency_id_owner_id_idx" ON "invoice"("agency_id", "owner_id");

-- CreateIndex
CREATE INDEX "invoice_agency_id_booking_id_idx" ON "invoice"("agency_id", "booking_id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_agency_id_id_key" ON "invoice"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_agency_id_kind_number_key" ON "invoice"("agency_id", "kind", "number");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_line_agency_id_invoice_id_position_key" ON "invoice_line"("agency_id", "invoice_id", "position");

-- CreateIndex
CREATE INDEX "payment_agency_id_updated_at_id_idx" ON "payment"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE INDEX "payment_agency_id_booking_id_idx" ON "payment"("agency_id", "booking_id");

-- CreateIndex
CREATE INDEX "payment_agency_id_invoice_id_idx" ON "payment"("agency_id", "invoice_id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_agency_id_id_key" ON "payment"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_agency_id_order_id_key" ON "payment"("agency_id", "order_id");

-- CreateIndex
CREATE UNIQUE INDEX "cmi_account_agency_id_key" ON "cmi_account"("agency_id");

-- CreateIndex
CREATE UNIQUE INDEX "cmi_account_agency_id_id_key" ON "cmi_account"("agency_id", "id");

-- CreateIndex
CREATE INDEX "expense_agency_id_property_id_date_idx" ON "expense"("agency_id", "property_id", "date");

-- CreateIndex
CREATE INDEX "expense_agency_id_updated_at_id_idx" ON "expense"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "expense_agency_id_id_key" ON "expense"("agency_id", "id");

-- CreateIndex
CREATE INDEX "statement_agency_id_updated_at_id_idx" ON "statement"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "statement_agency_id_id_key" ON "statement"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "statement_agency_id_owner_id_from_revision_key" ON "statement"("agency_id", "owner_id", "from", "revision");

-- CreateIndex
CREATE UNIQUE INDEX "statement_line_agency_id_statement_id_position_key" ON "statement_line"("agency_id", "statement_id", "position");

-- CreateIndex
CREATE INDEX "tax_tariff_agency_id_tax_valid_from_idx" ON "tax_tariff"("agency_id", "tax", "valid_from");

-- CreateIndex
CREATE INDEX "tax_tariff_agency_id_updated_at_id_idx" ON "tax_tariff"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "tax_tariff_agency_id_id_key" ON "tax_tariff"("agency_id", "id");

-- CreateIndex
CREATE INDEX "tax_report_agency_id_from_idx" ON "tax_report"("agency_id", "from");

-- CreateIndex
CREATE INDEX "tax_report_agency_id_updated_at_id_idx" ON "tax_report"("agency_id", "updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "tax_report_agency_id_id_key" ON "tax_report"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "tax_report_line_agency_id_report_id_position_key" ON "tax_report_line"("agency_id", "report_id", "position");

-- AddForeignKey
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_agency_id_owner_id_fkey" FOREIGN KEY ("agency_id", "owner_id") REFERENCES "owner"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_agency_id_credits_id_fkey" FOREIGN KEY ("agency_id", "credits_id") REFERENCES "invoice"("agency_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_agency_id_invoice_id_fkey" FOREIGN KEY ("agency_id", "invoice_id") REFERENCES "invoice"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payment" ADD CONSTRAINT "payment_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payment" ADD CONSTRAINT "payment_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payment" ADD CONSTRAINT "payment_agency_id_invoice_id_fkey" FOREIGN KEY ("agency_id", "invoice_id") REFERENCES "invoice"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cmi_account" ADD CONSTRAINT "cmi_account_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "expense" ADD CONSTRAINT "expense_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "statement" ADD CONSTRAINT "statement_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "statement" ADD CONSTRAINT "statement_agency_id_owner_id_fkey" FOREIGN KEY ("agency_id", "owner_id") REFERENCES "owner"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "statement_line" ADD CONSTRAINT "statement_line_agency_id_statement_id_fkey" FOREIGN KEY ("agency_id", "statement_id") REFERENCES "statement"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "statement_line" ADD CONSTRAINT "statement_line_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "statement_line" ADD CONSTRAINT "statement_line_agency_id_booking_id_fkey" FOREIGN KEY ("agency_id", "booking_id") REFERENCES "booking"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tax_tariff" ADD CONSTRAINT "tax_tariff_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tax_report" ADD CONSTRAINT "tax_report_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tax_report_line" ADD CONSTRAINT "tax_report_line_agency_id_report_id_fkey" FOREIGN KEY ("agency_id", "report_id") REFERENCES "tax_report"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tax_report_line" ADD CONSTRAINT "tax_report_line_agency_id_property_id_fkey" FOREIGN KEY ("agency_id", "property_id") REFERENCES "property"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tax_report_line" ADD CONSTRAINT "tax_report_line_agency_id_tariff_id_fkey" FOREIGN KEY ("agency_id", "tariff_id") REFERENCES "tax_tariff"("agency_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- "cmi_account" shows each agency its own rows.
ALTER TABLE "cmi_account" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "cmi_account" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "cmi_account" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "cmi_account" TO bellhop_app;
GRANT USAGE ON SEQUENCE "cmi_account_id_seq" TO bellhop_app;

-- "expense" shows each agency its own rows.
ALTER TABLE "expense" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "expense" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "expense" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "expense" TO bellhop_app;
GRANT USAGE ON SEQUENCE "expense_id_seq" TO bellhop_app;

-- "invoice" shows each agency its own rows.
ALTER TABLE "invoice" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "invoice" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "invoice" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "invoice" TO bellhop_app;
GRANT USAGE ON SEQUENCE "invoice_id_seq" TO bellhop_app;

-- "invoice_counter" shows each agency its own rows.
ALTER TABLE "invoice_counter" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "invoice_counter" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "invoice_counter" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "invoice_counter" TO bellhop_app;

-- "invoice_line" shows each agency its own rows.
ALTER TABLE "invoice_line" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "invoice_line" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "invoice_line" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "invoice_line" TO bellhop_app;
GRANT USAGE ON SEQUENCE "invoice_line_id_seq" TO bellhop_app;

-- "payment" shows each agency its own rows.
ALTER TABLE "payment" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "payment" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "payment" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "payment" TO bellhop_app;
GRANT USAGE ON SEQUENCE "payment_id_seq" TO bellhop_app;

-- "statement" shows each agency its own rows.
ALTER TABLE "statement" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "statement" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "statement" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "statement" TO bellhop_app;
GRANT USAGE ON SEQUENCE "statement_id_seq" TO bellhop_app;

-- "statement_line" shows each agency its own rows.
ALTER TABLE "statement_line" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "statement_line" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "statement_line" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "statement_line" TO bellhop_app;
GRANT USAGE ON SEQUENCE "statement_line_id_seq" TO bellhop_app;

-- "tax_report" shows each agency its own rows.
ALTER TABLE "tax_report" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "tax_report" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "tax_report" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "tax_report" TO bellhop_app;
GRANT USAGE ON SEQUENCE "tax_report_id_seq" TO bellhop_app;

-- "tax_report_line" shows each agency its own rows.
ALTER TABLE "tax_report_line" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "tax_report_line" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "tax_report_line" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "tax_report_line" TO bellhop_app;
GRANT USAGE ON SEQUENCE "tax_report_line_id_seq" TO bellhop_app;

-- "tax_tariff" shows each agency its own rows.
ALTER TABLE "tax_tariff" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "tax_tariff" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "tax_tariff" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
GRANT SELECT, INSERT, UPDATE, DELETE ON "tax_tariff" TO bellhop_app;
GRANT USAGE ON SEQUENCE "tax_tariff_id_seq" TO bellhop_app;

-- What must be true of a row, whoever writes it.
ALTER TABLE "invoice" ADD CONSTRAINT totals_add_up CHECK (total_minor = net_minor + tax_minor),
  ADD CONSTRAINT number_once_sent CHECK ((status = 'DRAFT') = (number IS NULL));
ALTER TABLE "payment" ADD CONSTRAINT amount_positive CHECK (amount_minor > 0);
ALTER TABLE "expense" ADD CONSTRAINT amount_not_negative CHECK (amount_minor >= 0);
ALTER TABLE "statement" ADD CONSTRAINT statement_adds_up CHECK (net_minor = revenue_minor - commission_minor - expenses_minor);
ALTER TABLE "tax_tariff" ADD CONSTRAINT one_of_amount_and_rate CHECK ((amount_minor IS NULL) <> (rate_basis_points IS NULL)),
  ADD CONSTRAINT validity_not_backwards CHECK (valid_to IS NULL OR valid_from <= valid_to);
ALTER TABLE "property" ADD CONSTRAINT activity_not_backwards CHECK (active_to IS NULL OR active_from IS NULL OR active_from <= active_to);
