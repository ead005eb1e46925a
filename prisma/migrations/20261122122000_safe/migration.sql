-- An event keeps its place in the trace of the request that made it, and its webhooks carry it on in a header. What isn't
-- such a place can't be stored, so no text of anybody's choosing reaches that header.
ALTER TABLE "outbox_event" ADD COLUMN "traceparent" TEXT,
  ADD CONSTRAINT "outbox_event_traceparent" CHECK ("traceparent" ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');

-- Since when the longest transaction runs. PostgreSQL shows that of a session to its own user only, and all sessions are the
-- owner's; so it is asked with the owner's rights, and answers with the one moment and nothing else.
CREATE FUNCTION oldest_transaction() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
$$;
REVOKE ALL ON FUNCTION oldest_transaction() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oldest_transaction() TO bellhop_system;
