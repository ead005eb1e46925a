-- An errand keeps the place in a trace of what it follows from, as an event does.
ALTER TABLE "errand" ADD COLUMN "traceparent" TEXT,
  ADD CONSTRAINT "errand_traceparent" CHECK ("traceparent" ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
