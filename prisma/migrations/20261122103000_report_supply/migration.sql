-- CreateTable
CREATE TABLE "supply_delta" (
    "id" BIGSERIAL NOT NULL,
    "agency_id" INTEGER NOT NULL,
    "property_id" INTEGER NOT NULL,
    "date" DATE NOT NULL,
    "units" INTEGER NOT NULL DEFAULT 0,
    "blocked" INTEGER NOT NULL DEFAULT 0,
    "owner" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "supply_delta_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agency_supply" (
    "agency_id" INTEGER NOT NULL,
    "date" DATE NOT NULL,
    "units" INTEGER NOT NULL,
    "blocked" INTEGER NOT NULL,
    "owner" INTEGER NOT NULL,

    CONSTRAINT "agency_supply_pkey" PRIMARY KEY ("agency_id","date")
);

-- CreateTable
CREATE TABLE "property_off" (
    "agency_id" INTEGER NOT NULL,
    "month" DATE NOT NULL,
    "property_id" INTEGER NOT NULL,
    "blocked" INTEGER NOT NULL,
    "owner" INTEGER NOT NULL,

    CONSTRAINT "property_off_pkey" PRIMARY KEY ("agency_id","month","property_id")
);

-- CreateIndex
CREATE INDEX "supply_delta_agency_id_date_idx" ON "supply_delta"("agency_id", "date");

-- The days on which a property is on the market. Archiving ends it on the day itself, at the property.
CREATE FUNCTION market_days(p property) RETURNS daterange LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN ends <= p.active_from THEN daterange 'empty' ELSE daterange(p.active_from, ends) END
  FROM (SELECT least(p.active_to + 1,
    (p.archived_at AT TIME ZONE (SELECT timezone FROM agency WHERE id = p.agency_id))::date) AS ends) e
$$;

-- The nights of a property that are not for sale, on the market or not.
CREATE FUNCTION nights_off(agency int, property int) RETURNS TABLE (date date, blocked int, owner int) LANGUAGE sql STABLE AS $$
  SELECT i.date, i.blocked, 0 FROM inventory i JOIN room_type r ON r.agency_id = i.agency_id AND r.id = i.room_type_id
  WHERE r.agency_id = agency AND r.property_id = property AND i.blocked > 0
  UNION ALL
  SELECT n.date, 0, 1 FROM night n WHERE n.agency_id = agency AND n.property_id = property AND n.source = 'owner' AND n.counts
$$;

CREATE INDEX "night_owner_property_idx" ON "night" ("agency_id", "property_id", "date") WHERE "source" = 'owner' AND "counts";

-- The owner reads what is there behind the wall for as long as this lasts.
ALTER TABLE "agency" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "property" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "room_type" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "inventory" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "night" NO FORCE ROW LEVEL SECURITY;

INSERT INTO "supply_delta" (agency_id, property_id, date, units)
SELECT p.agency_id, p.id, coalesce(lower(m.days), '-infinity'), p.units
FROM "property" p CROSS JOIN LATERAL (SELECT market_days(p) AS days) m WHERE NOT isempty(m.days)
UNION ALL
SELECT p.agency_id, p.id, upper(m.days), -p.units
FROM "property" p CROSS JOIN LATERAL (SELECT market_days(p) AS days) m WHERE upper(m.days) IS NOT NULL;

INSERT INTO "supply_delta" (agency_id, property_id, date, blocked, owner)
SELECT p.agency_id, p.id, o.date, sum(o.blocked), sum(o.owner)
FROM "property" p CROSS JOIN LATERAL (SELECT market_days(p) AS days) m CROSS JOIN LATERAL nights_off(p.agency_id, p.id) o
WHERE o.date <@ m.days
GROUP BY p.agency_id, p.id, o.date;

ALTER TABLE "agency" FORCE ROW LEVEL SECURITY;
ALTER TABLE "property" FORCE ROW LEVEL SECURITY;
ALTER TABLE "room_type" FORCE ROW LEVEL SECURITY;
ALTER TABLE "inventory" FORCE ROW LEVEL SECURITY;
ALTER TABLE "night" FORCE ROW LEVEL SECURITY;

-- What a property adds to the supply, or takes away; and its nights off with it, where its days on the market have changed.
CREATE FUNCTION report_supply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  agency int := coalesce(NEW.agency_id, OLD.agency_id);
  property int := coalesce(NEW.id, OLD.id);
  before daterange := 'empty';
  after daterange := 'empty';
BEGIN
  IF TG_OP <> 'INSERT' THEN before := market_days(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN after := market_days(NEW); END IF;
  INSERT INTO supply_delta (agency_id, property_id, date, units)
  SELECT agency, property, at, sum(units)
  FROM (
    SELECT coalesce(lower(before), '-infinity'::date) AS at, -OLD.units AS units WHERE NOT isempty(before)
    UNION ALL SELECT upper(before), OLD.units
    UNION ALL SELECT coalesce(lower(after), '-infinity'::date), NEW.units WHERE NOT isempty(after)
    UNION ALL SELECT upper(after), -NEW.units
  ) change
  WHERE at IS NOT NULL
  GROUP BY at HAVING sum(units) <> 0;
  IF TG_OP <> 'INSERT' AND before IS DISTINCT FROM after THEN
    INSERT INTO supply_delta (agency_id, property_id, date, blocked, owner)
    SELECT agency, property, o.date, sum(sign * o.blocked), sum(sign * o.owner)
    FROM nights_off(agency, property) o
    CROSS JOIN LATERAL (SELECT (o.date <@ after)::int - (o.date <@ before)::int AS sign) s
    WHERE sign <> 0
    GROUP BY o.date;
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER report_inserted AFTER INSERT ON "property" FOR EACH ROW EXECUTE FUNCTION report_supply();
CREATE TRIGGER report_updated AFTER UPDATE OF units, active_from, active_to, archived_at ON "property" FOR EACH ROW
  WHEN ((OLD.units, OLD.active_from, OLD.active_to, OLD.archived_at)
    IS DISTINCT FROM (NEW.units, NEW.active_from, NEW.active_to, NEW.archived_at))
  EXECUTE FUNCTION report_supply();
-- Before, because the nights go with it.
CREATE TRIGGER report_deleted BEFORE DELETE ON "property" FOR EACH ROW EXECUTE FUNCTION report_supply();

-- What a night off adds, on the market. The property is held, so that its days don't change meanwhile: whoever changes them
-- waits for this night, or this night for them.
CREATE FUNCTION add_night_off(agency int, property int, at date, blocked int, owner int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  place property%ROWTYPE;
BEGIN
  SELECT * INTO place FROM property p WHERE p.agency_id = agency AND p.id = property FOR SHARE;
  IF FOUND AND at <@ market_days(place) THEN
    INSERT INTO supply_delta (agency_id, property_id, date, blocked, owner) VALUES (agency, property, at, blocked, owner);
  END IF;
END $$;

CREATE FUNCTION report_blocked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  agency int := coalesce(NEW.agency_id, OLD.agency_id);
  room int := coalesce(NEW.room_type_id, OLD.room_type_id);
BEGIN
  PERFORM add_night_off(agency, r.property_id, coalesce(NEW.date, OLD.date), coalesce(NEW.blocked, 0) - coalesce(OLD.blocked, 0), 0)
  FROM room_type r WHERE r.agency_id = agency AND r.id = room;
  RETURN NULL;
END $$;

CREATE TRIGGER report_inserted AFTER INSERT ON "inventory" FOR EACH ROW WHEN (NEW.blocked > 0)
  EXECUTE FUNCTION report_blocked();
CREATE TRIGGER report_updated AFTER UPDATE ON "inventory" FOR EACH ROW WHEN (OLD.blocked <> NEW.blocked)
  EXECUTE FUNCTION report_blocked();
CREATE TRIGGER report_deleted AFTER DELETE ON "inventory" FOR EACH ROW WHEN (OLD.blocked > 0)
  EXECUTE FUNCTION report_blocked();

CREATE FUNCTION report_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.source = 'owner' AND OLD.counts THEN
    PERFORM add_night_off(OLD.agency_id, OLD.property_id, OLD.date, 0, -1);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.source = 'owner' AND NEW.counts THEN
    PERFORM add_night_off(NEW.agency_id, NEW.property_id, NEW.date, 0, 1);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER report_owner_inserted AFTER INSERT ON "night" FOR EACH ROW WHEN (NEW.source = 'owner' AND NEW.counts)
  EXECUTE FUNCTION report_owner();
CREATE TRIGGER report_owner_updated AFTER UPDATE ON "night" FOR EACH ROW
  WHEN ((OLD.source = 'owner' AND OLD.counts) OR (NEW.source = 'owner' AND NEW.counts))
  EXECUTE FUNCTION report_owner();
CREATE TRIGGER report_owner_deleted AFTER DELETE ON "night" FOR EACH ROW WHEN (OLD.source = 'owner' AND OLD.counts)
  EXECUTE FUNCTION report_owner();

ALTER TABLE "supply_delta" SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.05);

-- Each agency sees its own rows.
DO $$
DECLARE
  walled text;
BEGIN
  FOREACH walled IN ARRAY ARRAY['supply_delta', 'agency_supply', 'property_off'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format('CREATE POLICY own_agency ON %I TO bellhop_app
      USING (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))
      WITH CHECK (agency_id = (SELECT nullif(current_setting(''app.agency_id'', true), '''')::int))', walled);
  END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON "supply_delta" TO bellhop_app;
GRANT SELECT, INSERT, UPDATE ON "agency_supply", "property_off" TO bellhop_app;
GRANT USAGE ON SEQUENCE "supply_delta_id_seq" TO bellhop_app;

CREATE POLICY all_agencies ON "supply_delta" FOR SELECT TO bellhop_system USING (true);
GRANT SELECT (agency_id) ON "supply_delta" TO bellhop_system;
