-- SQL for BI tools: views that a login role of one agency may read, and nothing else. The views belong to bellhop_reporting,
-- who owns nothing else, may read no more columns than they show, and stands behind the wall of every table: its policies ask
-- who has logged in, which no statement can change. Whoever reads with bellhop_bi reads through those eyes. Neither role can
-- log in. They belong to the whole server, so another database may have made them already, or be making them at this moment.
DO $$
DECLARE
  role_name text;
  missing constant text := 'Ask an administrator of this server to run: '
    'CREATE ROLE bellhop_reporting NOLOGIN; CREATE ROLE bellhop_bi NOLOGIN; '
    || format('GRANT bellhop_reporting TO %I; GRANT bellhop_bi TO %I WITH ADMIN OPTION;', current_user, current_user);
BEGIN
  FOREACH role_name IN ARRAY ARRAY['bellhop_reporting', 'bellhop_bi'] LOOP
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
  END LOOP;

  -- The views are given to it, so the user must be allowed to put it on.
  BEGIN
    SET LOCAL ROLE bellhop_reporting;
    RESET ROLE;
  EXCEPTION WHEN insufficient_privilege THEN
    BEGIN
      EXECUTE format('GRANT bellhop_reporting TO %I', current_user);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'The user % may not act as the role bellhop_reporting. %', current_user, missing
        USING ERRCODE = 'insufficient_privilege';
    END;
  END;
END $$;

-- CreateTable
CREATE TABLE "bi_role" (
    "id" SERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "role_oid" OID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bi_role_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "bi_role_role_key" ON "bi_role"("role");

-- CreateIndex
CREATE UNIQUE INDEX "bi_role_agency_id_id_key" ON "bi_role"("agency_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "bi_role_agency_id_name_key" ON "bi_role"("agency_id", "name");

-- AddForeignKey
ALTER TABLE "bi_role" ADD CONSTRAINT "bi_role_agency_id_fkey" FOREIGN KEY ("agency_id") REFERENCES "agency"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "bi_role" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "bi_role" FORCE ROW LEVEL SECURITY;
CREATE POLICY own_agency ON "bi_role" TO bellhop_app
  USING (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int))
  WITH CHECK (agency_id = (SELECT nullif(current_setting('app.agency_id', true), '')::int));
CREATE POLICY all_agencies ON "bi_role" FOR SELECT TO bellhop_system USING (true);
GRANT SELECT, INSERT, DELETE ON "bi_role" TO bellhop_app;
GRANT SELECT ON "bi_role" TO bellhop_system;
GRANT USAGE ON SEQUENCE "bi_role_id_seq" TO bellhop_app;

-- Whoever has logged in. The number beside the name, because a role that was dropped and made anew, or a copy of this database
-- on another server, could have the name and be somebody else.
CREATE POLICY own_login ON "bi_role" FOR SELECT TO bellhop_reporting
  USING (role = session_user AND role_oid = (SELECT to_regrole(quote_ident(session_user))::oid));
GRANT SELECT ON "bi_role" TO bellhop_reporting;
CREATE POLICY own_login ON "agency" FOR SELECT TO bellhop_reporting USING (id = (SELECT agency_id FROM bi_role));
GRANT SELECT ("id", "name", "currency", "timezone", "plan", "trial_ends_at", "paid_until", "grace_until", "created_at") ON "agency"
  TO bellhop_reporting;

CREATE SCHEMA reporting;
COMMENT ON SCHEMA reporting IS 'What BI tools read: one agency''s figures, without the personal data of guests. Money is in the currency beside it, dates are dates at the properties.';
GRANT USAGE ON SCHEMA reporting TO bellhop_reporting, bellhop_bi;

-- The session user and not the current one: SET ROLE changes the second. A plan that has run out is an error, because a dashboard
-- of zeros would be believed.
CREATE FUNCTION reporting.agency_id() RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own int;
  alive boolean;
BEGIN
  SELECT a.id,
    CASE a.plan
      WHEN 'TRIAL' THEN coalesce(a.trial_ends_at > now(), true)
      WHEN 'BUSINESS' THEN coalesce(a.paid_until > now(), true) OR coalesce(a.grace_until > now(), false)
      ELSE false
    END
  INTO own, alive
  FROM public.agency a;
  IF NOT alive THEN
    RAISE EXCEPTION 'Reports are part of the Business plan, and this agency''s has run out. Renew it to go on; your data is kept.'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN own;
END $$;
REVOKE ALL ON FUNCTION reporting.agency_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reporting.agency_id() TO bellhop_reporting, bellhop_bi;
COMMENT ON FUNCTION reporting.agency_id() IS 'The agency of whoever has logged in; null for who has none.';

-- The currencies that don't have two decimals, as the product knows them; a test compares all of them.
CREATE FUNCTION reporting.amount(minor numeric, currency bpchar) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN minor * CASE
  WHEN currency IN ('AFN', 'ALL', 'BIF', 'CLP', 'COP', 'DJF', 'GNF', 'HUF', 'IDR', 'IQD', 'IRR', 'ISK', 'JPY', 'KMF', 'KPW', 'KRW',
    'LAK', 'LBP', 'MGA', 'MMK', 'PKR', 'PYG', 'RWF', 'SLL', 'SOS', 'SYP', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF', 'YER') THEN 1
  WHEN currency IN ('BHD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.001
  ELSE 0.01 END;
REVOKE ALL ON FUNCTION reporting.amount(numeric, bpchar) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reporting.amount(numeric, bpchar) TO bellhop_reporting, bellhop_bi;
COMMENT ON FUNCTION reporting.amount(numeric, bpchar) IS 'An amount in minor units as a decimal number of its currency.';

-- The wall, once a query (the inner select) and not once a row.
DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY[
    'owner', 'property', 'room_type', 'inventory', 'booking', 'night', 'invoice', 'payment', 'statement', 'statement_line',
    'tax_report', 'tax_report_line', 'expense', 'review', 'cleaning_task', 'maintenance_ticket', 'report_delta', 'agency_day',
    'property_month'
  ] LOOP
    EXECUTE format('CREATE POLICY own_login ON %I FOR SELECT TO bellhop_reporting
      USING (agency_id = (SELECT reporting.agency_id()))', walled);
  END LOOP;
END $$;

-- Column by column: what isn't granted can't be shown by mistake. No name, address or word of a guest is, and no free text, into
-- which people write such things.
GRANT SELECT ("id", "agency_id", "name", "commission_basis_points", "created_at") ON "owner" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "owner_id", "code", "name", "kind", "city", "units", "base_price_minor", "active_from", "active_to",
  "commune", "tax_category", "archived_at", "created_at") ON "property" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id") ON "room_type" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id", "reference", "status", "source", "check_in", "check_out", "nights", "guests_count",
  "adults", "children", "currency", "gross_minor", "commission_minor", "net_minor", "booked_at", "confirmed_at", "checked_in_at",
  "checked_out_at", "cancelled_at") ON "booking" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "kind", "status", "number", "owner_id", "booking_id", "credits_id", "currency", "issued_on", "due_on",
  "net_minor", "tax_minor", "total_minor", "paid_minor", "sent_at", "paid_at", "voided_at", "created_at") ON "invoice" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "purpose", "status", "booking_id", "invoice_id", "amount_minor", "currency", "method", "failure_code",
  "paid_at", "failed_at", "created_at") ON "payment" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "owner_id", "from", "to", "revision", "currency", "revenue_minor", "commission_minor",
  "expenses_minor", "net_minor", "generated_at") ON "statement" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "statement_id", "position", "kind", "property_id", "booking_id", "nights", "revenue_minor",
  "commission_minor", "expense_minor", "net_minor") ON "statement_line" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "period", "from", "to", "commune", "revision", "currency", "total_minor", "generated_at")
  ON "tax_report" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "report_id", "position", "property_id", "tax", "stays", "persons", "exempt_persons", "person_nights",
  "taxable_person_nights", "amount_minor") ON "tax_report_line" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id", "date", "amount_minor", "currency", "created_at") ON "expense" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id", "booking_id", "source", "rating_hundredths", "rating_scale_hundredths",
  "score_hundredths", "low_rating", "reviewed_at", "created_at") ON "review" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id", "booking_id", "date", "status", "assigned_at", "started_at", "completed_at",
  "skipped_at", "created_at") ON "cleaning_task" TO bellhop_reporting;
GRANT SELECT ("id", "agency_id", "property_id", "booking_id", "category", "priority", "status", "vendor", "cost_minor", "currency",
  "assigned_at", "escalated_at", "resolved_at", "created_at") ON "maintenance_ticket" TO bellhop_reporting;
GRANT SELECT ON "inventory", "night", "report_delta", "agency_day", "property_month" TO bellhop_reporting;

-- ─── what the agency has ─────────────────────────────────────────────────────────────────────────────────────────

-- The condition says again what the wall does, but tells of a plan that has run out.
CREATE VIEW reporting.agency AS
SELECT id, name, currency, timezone FROM agency WHERE id = (SELECT reporting.agency_id());

CREATE VIEW reporting.owners AS
SELECT id, name, commission_basis_points * 0.01 AS commission_percent, created_at FROM owner;

CREATE VIEW reporting.properties AS
SELECT p.id, p.code, p.name, lower(p.kind::text) AS kind, p.city, p.units, reporting.amount(p.base_price_minor, a.currency) AS base_price,
  a.currency, p.owner_id, p.active_from, p.active_to, (p.archived_at AT TIME ZONE a.timezone)::date AS archived_on, p.commune,
  p.tax_category, p.created_at
FROM property p JOIN agency a ON a.id = p.agency_id;

-- ─── stays ───────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE VIEW reporting.bookings AS
SELECT b.id, b.reference, lower(b.status::text) AS status, b.source, b.property_id, b.check_in, b.check_out, b.nights, b.guests_count,
  b.adults, b.children, reporting.amount(b.gross_minor, b.currency) AS gross_amount,
  reporting.amount(b.commission_minor, b.currency) AS commission_amount, reporting.amount(b.net_minor, b.currency) AS net_amount, b.currency,
  b.booked_at, b.confirmed_at, b.checked_in_at, b.checked_out_at, b.cancelled_at,
  b.status IN ('CONFIRMED', 'CHECKED_IN', 'CHECKED_OUT') AS counts,
  greatest(0, b.check_in - (b.booked_at AT TIME ZONE a.timezone)::date) AS lead_days
FROM booking b JOIN agency a ON a.id = b.agency_id;

CREATE VIEW reporting.nights AS
SELECT booking_id, property_id, date, source, reporting.amount(gross_minor, currency) AS gross_amount,
  reporting.amount(net_minor, currency) AS net_amount, currency, counts, counts AND source <> 'owner' AS sold
FROM night;

CREATE VIEW reporting.reviews AS
SELECT id, property_id, booking_id, source, rating_hundredths * 0.01 AS rating, rating_scale_hundredths * 0.01 AS rating_scale,
  score_hundredths * 0.01 AS score, low_rating, reviewed_at, created_at
FROM review;

-- ─── what reports say ────────────────────────────────────────────────────────────────────────────────────────────

-- Whole years, so that months and years added up from days are whole; from 2000 on and ten years ahead at the most, so that a
-- mistyped year doesn't make every view by the day as long as its error.
CREATE VIEW reporting.span AS
SELECT greatest(date '2000-01-01', date_trunc('year', known.first::timestamp)::date) AS first_day,
  least(today.date + 3660, (date_trunc('year', known.last::timestamp) + interval '1 year - 1 day')::date) AS last_day
FROM agency a
CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE a.timezone)::date AS date) today
CROSS JOIN LATERAL (
  SELECT
    least((a.created_at AT TIME ZONE a.timezone)::date, (SELECT min(active_from) FROM property), (SELECT min(date) FROM agency_day),
      (SELECT min(date) FROM report_delta)) AS first,
    greatest(today.date + 365, (SELECT max(date) FROM agency_day), (SELECT max(date) FROM report_delta)) AS last
) known;

CREATE VIEW reporting.days AS
WITH span AS (SELECT * FROM reporting.span),
market AS (
  SELECT p.units, greatest(s.first_day, p.active_from) AS starts, least(p.active_to + 1, p.archived_on) AS ends
  FROM reporting.properties p CROSS JOIN span s
),
change AS (
  SELECT date, sum(units) AS units
  FROM (
    SELECT starts AS date, units FROM market WHERE ends > starts OR ends IS NULL
    UNION ALL SELECT ends, -units FROM market WHERE ends > starts
  ) c
  GROUP BY date
)
SELECT d::date AS date, coalesce(sum(c.units) OVER (ORDER BY d), 0)::int AS nights_available
FROM span s CROSS JOIN generate_series(s.first_day::timestamp, s.last_day, interval '1 day') d
LEFT JOIN change c ON c.date = d::date;

CREATE VIEW reporting.sources_by_day AS
SELECT date, source, currency, reporting.amount(sum(gross_minor), currency) AS gross_revenue,
  reporting.amount(sum(net_minor), currency) AS net_revenue, sum(nights)::int AS nights_booked, sum(bookings)::int AS bookings,
  sum(cancelled)::int AS cancelled, sum(stays)::int AS stays, sum(stay_nights)::int AS stay_nights, sum(lead_days)::int AS lead_days
FROM (
  SELECT date, source, currency, nights, gross_minor, net_minor, bookings, cancelled, stays, stay_nights, lead_days FROM agency_day
  UNION ALL
  SELECT date, source, currency, nights, gross_minor, net_minor, bookings, cancelled, stays, stay_nights, lead_days FROM report_delta
) told
WHERE source <> 'owner'
GROUP BY date, source, currency
HAVING sum(nights) <> 0 OR sum(bookings) <> 0;

CREATE VIEW reporting.revenue_by_day AS
SELECT d.date, coalesce(s.gross, 0) AS gross_revenue, coalesce(s.net, 0) AS net_revenue, coalesce(s.nights, 0)::int AS nights_booked,
  round(s.gross / nullif(s.nights, 0), 2) AS adr, round(coalesce(s.gross, 0) / nullif(d.nights_available, 0), 2) AS revpar,
  d.nights_available, a.currency
FROM reporting.days d CROSS JOIN reporting.agency a
CROSS JOIN LATERAL (
  SELECT sum(gross_revenue) AS gross, sum(net_revenue) AS net, sum(nights_booked) AS nights
  FROM reporting.sources_by_day s WHERE s.date = d.date AND s.currency = a.currency
) s;

CREATE VIEW reporting.occupancy_by_day AS
SELECT d.date, round(s.nights / nullif(d.nights_available, 0)::numeric, 4) AS occupancy, s.nights AS nights_booked, d.nights_available,
  CASE WHEN adjusted.nights > 0 THEN round(s.nights / adjusted.nights::numeric, 4) END AS adjusted_occupancy,
  adjusted.nights AS adjusted_nights_available, o.blocked AS nights_blocked, o.owner AS nights_owner
FROM reporting.days d
CROSS JOIN LATERAL (SELECT coalesce(sum(nights_booked), 0)::int AS nights FROM reporting.sources_by_day s WHERE s.date = d.date) s
CROSS JOIN LATERAL (
  SELECT coalesce(sum(n.blocked), 0)::int AS blocked, coalesce(sum(n.owner), 0)::int AS owner
  FROM (
    SELECT r.property_id, i.blocked, 0 AS owner
    FROM inventory i JOIN room_type r ON r.agency_id = i.agency_id AND r.id = i.room_type_id
    WHERE i.date = d.date AND i.blocked > 0
    UNION ALL
    SELECT property_id, 0, 1 FROM night WHERE date = d.date AND source = 'owner' AND counts
  ) n
  JOIN reporting.properties p ON p.id = n.property_id
  WHERE (p.active_from <= d.date) IS NOT FALSE AND (p.active_to >= d.date) IS NOT FALSE AND (p.archived_on > d.date) IS NOT FALSE
) o
CROSS JOIN LATERAL (SELECT d.nights_available - o.blocked - o.owner AS nights) adjusted;

-- Month by month, so that a question about one doesn't add up the others.
CREATE VIEW reporting.revenue_by_property_month AS
SELECT m.month, f.property_id, f.code, f.name, f.gross_revenue, f.net_revenue, f.nights_booked,
  round(f.gross_revenue / nullif(f.nights_booked, 0), 2) AS adr, round(f.gross_revenue / nullif(f.nights_available, 0), 2) AS revpar,
  f.nights_available, f.currency
FROM (
  SELECT g::date AS month
  FROM reporting.span s CROSS JOIN generate_series(date_trunc('month', s.first_day::timestamp), s.last_day, interval '1 month') g
) m
CROSS JOIN LATERAL (
  SELECT p.id AS property_id, p.code, p.name, p.currency,
    reporting.amount(coalesce(t.gross, 0), p.currency) AS gross_revenue, reporting.amount(coalesce(t.net, 0), p.currency) AS net_revenue,
    coalesce(t.nights, 0)::int AS nights_booked, coalesce(t.all_nights, 0) AS all_nights,
    p.units * greatest(0, least(p.active_to + 1, p.archived_on, (m.month + interval '1 month')::date) - greatest(p.active_from, m.month))
      AS nights_available
  FROM reporting.properties p
  LEFT JOIN (
    SELECT n.property_id, sum(n.nights) FILTER (WHERE n.currency = a.currency) AS nights, sum(n.nights) AS all_nights,
      sum(n.gross_minor) FILTER (WHERE n.currency = a.currency) AS gross, sum(n.net_minor) FILTER (WHERE n.currency = a.currency) AS net
    FROM (
      SELECT property_id, currency, source, nights, gross_minor, net_minor FROM property_month WHERE month = m.month
      UNION ALL
      SELECT property_id, currency, source, nights, gross_minor, net_minor FROM report_delta
      WHERE date >= m.month AND date < (m.month + interval '1 month')::date
    ) n CROSS JOIN reporting.agency a
    WHERE n.source <> 'owner'
    GROUP BY n.property_id
  ) t ON t.property_id = p.id
) f
WHERE f.nights_available > 0 OR f.all_nights > 0;

-- ─── money ───────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE VIEW reporting.invoices AS
SELECT id, lower(kind::text) AS kind, lower(status::text) AS status, number, owner_id, booking_id, credits_id, issued_on, due_on,
  reporting.amount(net_minor, currency) AS net_amount, reporting.amount(tax_minor, currency) AS tax_amount,
  reporting.amount(total_minor, currency) AS total_amount, reporting.amount(paid_minor, currency) AS paid_amount, currency,
  sent_at, paid_at, voided_at, created_at
FROM invoice;

CREATE VIEW reporting.payments AS
SELECT id, lower(purpose::text) AS purpose, lower(status::text) AS status, booking_id, invoice_id,
  reporting.amount(amount_minor, currency) AS amount, currency, method, failure_code, paid_at, failed_at, created_at
FROM payment;

CREATE VIEW reporting.statements AS
SELECT s.id, s.owner_id, s."from", s."to", s.revision,
  NOT EXISTS (SELECT FROM statement n WHERE n.agency_id = s.agency_id AND n.owner_id = s.owner_id AND n."from" = s."from"
    AND n.revision > s.revision) AS latest,
  reporting.amount(s.revenue_minor, s.currency) AS revenue, reporting.amount(s.commission_minor, s.currency) AS commission,
  reporting.amount(s.expenses_minor, s.currency) AS expenses, reporting.amount(s.net_minor, s.currency) AS net, s.currency, s.generated_at
FROM statement s;

CREATE VIEW reporting.statement_lines AS
SELECT l.id, l.statement_id, l.position, lower(l.kind::text) AS kind, l.property_id, l.booking_id, l.nights,
  reporting.amount(l.revenue_minor, s.currency) AS revenue, reporting.amount(l.commission_minor, s.currency) AS commission,
  reporting.amount(l.expense_minor, s.currency) AS expense, reporting.amount(l.net_minor, s.currency) AS net, s.currency
FROM statement_line l JOIN statement s ON s.agency_id = l.agency_id AND s.id = l.statement_id;

CREATE VIEW reporting.tax_reports AS
SELECT r.id, to_char(r."from", CASE r.period WHEN 'QUARTER' THEN 'YYYY"-Q"Q' ELSE 'YYYY-MM' END) AS period,
  lower(r.period::text) AS granularity, r."from", r."to", r.commune, r.revision,
  NOT EXISTS (SELECT FROM tax_report n WHERE n.agency_id = r.agency_id AND n.period = r.period AND n."from" = r."from"
    AND n.commune IS NOT DISTINCT FROM r.commune AND n.revision > r.revision) AS latest,
  reporting.amount(r.total_minor, r.currency) AS total, r.currency, r.generated_at
FROM tax_report r;

CREATE VIEW reporting.tax_report_lines AS
SELECT l.id, l.report_id, l.position, l.property_id, lower(l.tax::text) AS tax, l.stays, l.persons, l.exempt_persons, l.person_nights,
  l.taxable_person_nights, reporting.amount(l.amount_minor, r.currency) AS amount, r.currency
FROM tax_report_line l JOIN tax_report r ON r.agency_id = l.agency_id AND r.id = l.report_id;

CREATE VIEW reporting.expenses AS
SELECT id, property_id, date, reporting.amount(amount_minor, currency) AS amount, currency, created_at FROM expense;

-- ─── operations ──────────────────────────────────────────────────────────────────────────────────────────────────

CREATE VIEW reporting.cleaning_tasks AS
SELECT id, property_id, booking_id, date, lower(status::text) AS status, assigned_at, started_at, completed_at, skipped_at, created_at
FROM cleaning_task;

CREATE VIEW reporting.maintenance_tickets AS
SELECT id, property_id, booking_id, category, lower(priority::text) AS priority, lower(status::text) AS status, vendor,
  reporting.amount(cost_minor, currency) AS cost, currency, assigned_at, escalated_at, resolved_at, created_at
FROM maintenance_ticket;

-- Every view and every column says what it is; BI tools show it beside the name.
COMMENT ON VIEW reporting.agency IS 'The agency itself: one row.';
COMMENT ON VIEW reporting.owners IS 'Who properties belong to.';
COMMENT ON VIEW reporting.properties IS 'What is rented out, archived properties included.';
COMMENT ON VIEW reporting.bookings IS 'Every stay, whatever became of it.';
COMMENT ON VIEW reporting.nights IS 'Every night of every stay, with what it earns. Revenue is the sum of those that are sold.';
COMMENT ON VIEW reporting.reviews IS 'What guests have given as ratings.';
COMMENT ON VIEW reporting.span IS 'The days that the views by day and by month tell of: whole years, from the first in which anything was on the market, sold or of the agency to the next, or as far as nights are sold.';
COMMENT ON VIEW reporting.days IS 'Every day of the span, with the nights on the market.';
COMMENT ON VIEW reporting.sources_by_day IS 'What was sold by day, source of the booking and currency, and the bookings that arrive on the day. The owner''s own stays are left out.';
COMMENT ON VIEW reporting.revenue_by_day IS 'The series of GET /v1/reports/revenue by the day, in the agency''s currency alone.';
COMMENT ON VIEW reporting.occupancy_by_day IS 'The series of GET /v1/reports/occupancy by the day; nights in every currency count.';
COMMENT ON VIEW reporting.revenue_by_property_month IS 'The properties of GET /v1/reports/revenue, month by month, in the agency''s currency alone. A property has no row for a month in which it was off the market and sold nothing.';
COMMENT ON VIEW reporting.invoices IS 'Invoices and credit notes, drafts included.';
COMMENT ON VIEW reporting.payments IS 'Money that came, or was to come.';
COMMENT ON VIEW reporting.statements IS 'The monthly statements of owners, with all their revisions. Add up those that are the latest.';
COMMENT ON VIEW reporting.statement_lines IS 'The stays and expenses of statements.';
COMMENT ON VIEW reporting.tax_reports IS 'Tax reports, with all their revisions. Add up those that are the latest, and either months or quarters.';
COMMENT ON VIEW reporting.tax_report_lines IS 'What tax reports owe, by property and tax.';
COMMENT ON VIEW reporting.expenses IS 'What properties have cost their owners.';
COMMENT ON VIEW reporting.cleaning_tasks IS 'Places to be made ready, and how that went.';
COMMENT ON VIEW reporting.maintenance_tickets IS 'Things to be mended, and what that cost.';
DO $$
DECLARE
  told record;
BEGIN
  FOR told IN
    SELECT DISTINCT ON (a.attrelid, a.attnum) c.relname, a.attname, w.says
    FROM (VALUES
      (NULL, 'id', 'The same number as in GraphQL, REST and webhooks.'),
      (NULL, 'name', 'What people call it.'),
      (NULL, 'code', 'What the agency calls it.'),
      (NULL, 'currency', 'The ISO 4217 code of the amounts in the row.'),
      (NULL, 'created_at', 'When it was written down.'),
      (NULL, 'status', 'Where it is in its life.'),
      (NULL, 'kind', 'What sort it is of.'),
      (NULL, 'source', 'Where the booking comes from: airbnb, booking, direct …; owner is the owner''s own stay.'),
      (NULL, 'owner_id', 'The owner: reporting.owners.'),
      (NULL, 'property_id', 'The property: reporting.properties.'),
      (NULL, 'booking_id', 'The stay: reporting.bookings.'),
      (NULL, 'invoice_id', 'The invoice: reporting.invoices.'),
      (NULL, 'statement_id', 'The statement: reporting.statements.'),
      (NULL, 'report_id', 'The tax report: reporting.tax_reports.'),
      (NULL, 'position', 'Its place among the lines, from 1.'),
      (NULL, 'from', 'The first day.'),
      (NULL, 'to', 'The last day, itself included.'),
      (NULL, 'revision', 'Counts the versions of one period, from 1.'),
      (NULL, 'latest', 'Whether it is the last revision, which stands in place of those before.'),
      (NULL, 'generated_at', 'When it was made.'),
      (NULL, 'commune', 'The commune that it is taxed in.'),
      (NULL, 'paid_at', 'When it was paid.'),
      (NULL, 'assigned_at', 'When it was last given to somebody.'),
      (NULL, 'date', 'The day, at the properties.'),
      (NULL, 'gross_revenue', 'What guests pay for the nights sold.'),
      (NULL, 'net_revenue', 'Gross less commission.'),
      (NULL, 'nights_booked', 'Nights sold.'),
      (NULL, 'nights_available', 'Nights on the market, sold or not: units by the days on which they are.'),
      (NULL, 'adr', 'Average daily rate: gross by nights sold; null without any.'),
      (NULL, 'revpar', 'Gross by the nights on the market; null without any.'),
      (NULL, 'gross_amount', 'What the guest pays.'),
      (NULL, 'net_amount', 'Gross less commission.'),
      (NULL, 'counts', 'Whether the booking is confirmed, checked in or checked out.'),
      (NULL, 'nights', 'How many nights the stay has.'),
      (NULL, 'revenue', 'What the nights earned.'),
      (NULL, 'commission', 'What the agency and the channels keep of that.'),
      (NULL, 'net', 'What the owner is paid: revenue less commission less expenses. Below 0, they owe it.'),
      (NULL, 'amount', 'How much, in the currency beside it.'),
      ('agency', 'currency', 'The currency that its reports add up.'),
      ('agency', 'timezone', 'The IANA name of the time zone in which its days begin.'),
      ('owners', 'name', 'What the owner is called.'),
      ('owners', 'commission_percent', 'What the agency keeps of a stay at their properties; null is the agency''s own share.'),
      ('properties', 'city', 'Where it is.'),
      ('properties', 'units', 'How many of it there are to rent out.'),
      ('properties', 'base_price', 'The price of a night where no rate says otherwise.'),
      ('properties', 'active_from', 'The first day on the market; null is unbounded.'),
      ('properties', 'active_to', 'The last day on the market; null is unbounded.'),
      ('properties', 'archived_on', 'The day on which it was archived, and off the market from then on.'),
      ('properties', 'tax_category', 'The category that it is taxed as.'),
      ('bookings', 'reference', 'What the agency and the guest call the booking.'),
      ('bookings', 'check_in', 'The first night.'),
      ('bookings', 'check_out', 'The day of departure; not a night of the stay.'),
      ('bookings', 'guests_count', 'How many guests there are, children included.'),
      ('bookings', 'adults', 'How many of them are adults, where that is known.'),
      ('bookings', 'children', 'How many of them are children, where that is known.'),
      ('bookings', 'commission_amount', 'What the agency or the channel keeps of the gross.'),
      ('bookings', 'booked_at', 'When it was made.'),
      ('bookings', 'confirmed_at', 'When it was confirmed, where that is known.'),
      ('bookings', 'checked_in_at', 'When the guest came.'),
      ('bookings', 'checked_out_at', 'When the guest left.'),
      ('bookings', 'cancelled_at', 'When it was cancelled, where that is known.'),
      ('bookings', 'lead_days', 'Days from the day of booking to the day of arrival, 0 at least.'),
      ('nights', 'sold', 'Whether it counts and isn''t the owner''s own: what revenue adds up.'),
      ('reviews', 'source', 'Where it was given: airbnb, booking, google …'),
      ('reviews', 'rating', 'As the guest gave it.'),
      ('reviews', 'rating_scale', 'The best rating that could be given.'),
      ('reviews', 'score', 'The rating out of 5, so that ratings of all sources compare.'),
      ('reviews', 'low_rating', 'Whether the score is 3 or less.'),
      ('reviews', 'reviewed_at', 'When the guest gave it.'),
      ('span', 'first_day', 'The first day.'),
      ('span', 'last_day', 'The last day, itself included.'),
      ('sources_by_day', 'bookings', 'Bookings that arrive on the day, whatever became of them.'),
      ('sources_by_day', 'cancelled', 'Those of them that were cancelled.'),
      ('sources_by_day', 'stays', 'Those of them that count.'),
      ('sources_by_day', 'stay_nights', 'The nights of the stays that arrive on the day.'),
      ('sources_by_day', 'lead_days', 'Their days from booking to arrival, added up.'),
      ('occupancy_by_day', 'occupancy', 'Nights sold by the nights on the market; 1 is all, null where there are none.'),
      ('occupancy_by_day', 'adjusted_occupancy', 'Nights sold by the nights that could be sold.'),
      ('occupancy_by_day', 'adjusted_nights_available', 'Nights on the market that were neither blocked nor the owner''s own.'),
      ('occupancy_by_day', 'nights_blocked', 'Nights on the market that were blocked.'),
      ('occupancy_by_day', 'nights_owner', 'Nights on the market on which the owner stayed.'),
      ('revenue_by_property_month', 'month', 'The first day of the month.'),
      ('invoices', 'number', 'Without gaps by year; null while it is a draft.'),
      ('invoices', 'credits_id', 'The invoice that a credit note takes back.'),
      ('invoices', 'issued_on', 'The day on which it was sent.'),
      ('invoices', 'due_on', 'The day by which it is to be paid.'),
      ('invoices', 'net_amount', 'The sum of the lines before tax.'),
      ('invoices', 'tax_amount', 'The tax on them.'),
      ('invoices', 'total_amount', 'Net and tax.'),
      ('invoices', 'paid_amount', 'What has been paid of it.'),
      ('invoices', 'sent_at', 'When it was sent.'),
      ('invoices', 'voided_at', 'When it was taken back.'),
      ('payments', 'purpose', 'What is paid: booking, invoice or subscription.'),
      ('payments', 'method', 'cmi, card, transfer, cash …'),
      ('payments', 'failure_code', 'What the provider says of one that failed.'),
      ('payments', 'failed_at', 'When it failed.'),
      ('statements', 'expenses', 'What was spent on the properties.'),
      ('statement_lines', 'nights', 'Nights of the stay in the month; 0 for an expense.'),
      ('statement_lines', 'expense', 'What was spent.'),
      ('statement_lines', 'net', 'Revenue less commission less expense.'),
      ('tax_reports', 'period', 'The quarter or the month: 2026-Q3, 2026-07.'),
      ('tax_reports', 'granularity', 'Whether it is of a month or of a quarter.'),
      ('tax_reports', 'commune', 'Of the properties in this commune alone; null for all of them.'),
      ('tax_reports', 'total', 'The sum of the lines.'),
      ('tax_report_lines', 'tax', 'taxe_de_sejour, tpt or vat.'),
      ('tax_report_lines', 'stays', 'How many bookings have nights in it.'),
      ('tax_report_lines', 'persons', 'How many guests these are for.'),
      ('tax_report_lines', 'exempt_persons', 'How many of them are exempt.'),
      ('tax_report_lines', 'person_nights', 'Every guest''s every night.'),
      ('tax_report_lines', 'taxable_person_nights', 'Those of them that no rule exempts.'),
      ('cleaning_tasks', 'date', 'The day on which it is to be done.'),
      ('cleaning_tasks', 'started_at', 'When it was begun.'),
      ('cleaning_tasks', 'completed_at', 'When it was done.'),
      ('cleaning_tasks', 'skipped_at', 'When it was left out.'),
      ('maintenance_tickets', 'category', 'The agency''s own words: plumbing, electricity …'),
      ('maintenance_tickets', 'priority', 'How soon it has to be mended.'),
      ('maintenance_tickets', 'vendor', 'The firm that mends it.'),
      ('maintenance_tickets', 'cost', 'What mending it cost; null while that isn''t known.'),
      ('maintenance_tickets', 'escalated_at', 'When it last became urgent.'),
      ('maintenance_tickets', 'resolved_at', 'When it was mended.')
    ) w (of_view, of_column, says)
    JOIN pg_class c ON c.relnamespace = 'reporting'::regnamespace AND c.relkind = 'v' AND (w.of_view IS NULL OR w.of_view = c.relname)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.of_column
    ORDER BY a.attrelid, a.attnum, w.of_view NULLS LAST
  LOOP
    EXECUTE format('COMMENT ON COLUMN reporting.%I.%I IS %L', told.relname, told.attname, told.says);
  END LOOP;
END $$;

-- Everything in the schema is bellhop_reporting's, and bellhop_bi may read it.
GRANT CREATE ON SCHEMA reporting TO bellhop_reporting;
DO $$
DECLARE
  shown text;
BEGIN
  FOR shown IN SELECT viewname FROM pg_views WHERE schemaname = 'reporting' LOOP
    EXECUTE format('GRANT SELECT ON reporting.%I TO bellhop_bi', shown);
    EXECUTE format('ALTER VIEW reporting.%I OWNER TO bellhop_reporting', shown);
  END LOOP;
END $$;
ALTER FUNCTION reporting.agency_id() OWNER TO bellhop_reporting;
REVOKE CREATE ON SCHEMA reporting FROM bellhop_reporting;

-- Ends what BI sessions have had open for too long. A session can lift its own limits, and a transaction that stays open holds back
-- the event log of every agency, which is read up to the oldest one that runs. It runs with its owner's rights, because nobody who
-- works may end a session; and it sees only the roles that its owner has.
CREATE FUNCTION bi_end_long(seconds int) RETURNS SETOF text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH long AS MATERIALIZED ( -- First found and then ended: PostgreSQL may ask conditions in any order.
    SELECT a.pid, a.usename FROM pg_stat_activity a
    WHERE a.xact_start < clock_timestamp() - make_interval(secs => greatest(seconds, 1))
      AND EXISTS (SELECT FROM pg_auth_members m WHERE m.member = a.usesysid AND m.roleid = to_regrole('bellhop_bi'))
      AND pg_has_role(current_user, a.usesysid, 'USAGE')
  )
  SELECT usename::text FROM long WHERE pg_terminate_backend(pid)
$$;
REVOKE ALL ON FUNCTION bi_end_long(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bi_end_long(int) TO bellhop_system;
