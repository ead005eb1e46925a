-- What a relay does hundreds of times a second is done where the rows are, one round trip a step: queue, claim, settle,
-- release. They were four to six statements each, and half of what they cost was the way between the two processes.
--
-- Each of them follows its endpoints one by one, in the order of their ids where it locks several, so that every statement
-- knows its endpoint: PostgreSQL then opens one partition and not eight, and has no join whose order it could get wrong.
-- The settings at the end keep its choice to indexes: a plan is made once a connection, perhaps while the queue is empty, when
-- reading the table whole looks cheap, and is kept while it fills.
--
-- `ahead` is the number of milliseconds by which a test has moved the clock; 0 otherwise.
CREATE FUNCTION relay.now(ahead float8) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT date_trunc('milliseconds', now()) + ahead * interval '1 millisecond'
$$;

-- The abilities that decide what an endpoint may be told now: those of the token that made it, none once that is revoked or
-- expired, all where no token made it. They are asked for at dispatch and again with each attempt, because a right may be
-- taken away in between.
CREATE FUNCTION relay.rights_of(token int, agency int, at timestamptz) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF token IS NULL THEN RETURN '{*}'; END IF;
  RETURN coalesce((
    SELECT k.abilities FROM public.access_token k
    WHERE k.id = token AND k.agency_id = agency
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > at)), '{}');
END $$;

-- An endpoint's turn, locked. By its newest version, because a key that never changes would lead through all dead versions
-- of the row; whoever waits for the lock gets the version that was written meanwhile. Nobody who holds one waits for anything
-- but PostgreSQL, so a few seconds of silence mean that his process has stopped, and then the turn is let go.
CREATE FUNCTION relay.lock_turn(endpoint int) RETURNS public.endpoint_turn LANGUAGE plpgsql AS $$
DECLARE
  t public.endpoint_turn;
BEGIN
  PERFORM set_config('idle_in_transaction_session_timeout', '5s', true);
  SELECT * INTO t FROM public.endpoint_turn WHERE endpoint_id = endpoint ORDER BY version DESC LIMIT 1 FOR UPDATE;
  RETURN t;
END $$;

-- Writes a turn that its caller has locked, and says when it is to be looked at next: when its earliest delivery is due or
-- its earliest lease ends; when its slots are taken, not before one of the leases ends (a settle that frees a slot says it
-- anew); while its breaker is open, when that ends, or when the last attempt of a delivery has to be made; never, when
-- nothing waits. What is due already goes behind the endpoints that were due before it.
--
-- The turn's `waits_from` is when the earliest delivery is due. Whoever adds one says it there under the turn's lock, so none
-- can be added unseen: no wake-up is lost. `rests_until` is the end of a pause that says nothing of the endpoint's health.
CREATE FUNCTION relay.place(t public.endpoint_turn, at timestamptz, window_ms float8, rests_until timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  rate int;
  next_call timestamptz;
  earliest timestamptz;
  ending timestamptz;
  due timestamptz;
BEGIN
  IF t.in_flight = 0 THEN
    t.lease_ends := NULL;
  ELSIF t.lease_ends <= at THEN
    t.lease_ends := (
      SELECT q.due_at FROM public.delivery_queue q
      WHERE q.endpoint_id = t.endpoint_id AND q.lease IS NOT NULL AND q.due_at >= t.lease_ends
      ORDER BY q.due_at LIMIT 1);
  END IF;
  IF t.paced_to > at THEN
    rate := (SELECT w.rate_per_second FROM public.webhook_endpoint w WHERE w.id = t.endpoint_id);
    next_call := t.paced_to - (ceil(rate / 10.0) - 1) / rate * interval '1 second';
  END IF;
  earliest := greatest(t.not_before, rests_until, next_call);

  IF t.breaker = 'open' THEN
    due := greatest(least(t.waits_from, t.lease_ends), earliest, at);
    IF t.in_flight < 8 THEN
      ending := (
        SELECT q.first_at FROM public.delivery_queue q
        WHERE q.endpoint_id = t.endpoint_id AND q.lease IS NULL AND q.first_at IS NOT NULL
        ORDER BY q.first_at LIMIT 1) + window_ms * interval '1 millisecond';
      IF ending IS NOT NULL THEN due := least(due, greatest(ending, next_call, at)); END IF;
    END IF;
  ELSE
    due := greatest(coalesce(t.lease_ends, 'infinity'), at);
    IF t.in_flight < (CASE t.breaker WHEN 'closed' THEN t.slots ELSE 1 END) THEN
      due := least(due, greatest(t.waits_from, earliest, at));
    END IF;
  END IF;

  UPDATE public.endpoint_turn
  SET version = t.version + 1, due_at = due, waits_from = t.waits_from, in_flight = t.in_flight, lease_ends = t.lease_ends,
    breaker = t.breaker, not_before = t.not_before, slots = t.slots, failures = t.failures, successes = t.successes,
    trips = t.trips, window_at = t.window_at, window_tried = t.window_tried, window_failed = t.window_failed,
    paced_to = t.paced_to, tried_at = t.tried_at, succeeded_at = t.succeeded_at, failing_since = t.failing_since,
    told = t.told, news = t.news
  WHERE endpoint_id = t.endpoint_id AND version = t.version;
END $$;

-- A UUID of version 7: the milliseconds since 1970, then `n`, then chance.
CREATE FUNCTION relay.uuid7(ms bigint, n int) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(n >> 12 & 4095), 3, '0') || '8' || lpad(to_hex(n & 4095), 3, '0')
    || right(gen_random_uuid()::text, 12))::uuid
$$;

-- Puts deliveries into the log and the queue, due at once, and moves their endpoints' turns up. One that exists already
-- (the same event, endpoint and replay) is left alone, and one to an ordered endpoint is held back, due at infinity, while
-- something earlier of its subject is in the queue. Answers with the ids that are new.
--
-- Turns are locked before the queue is looked at: what ends meanwhile would leave behind what is held back for it.
CREATE FUNCTION relay.enqueue(
  at timestamptz, ids uuid[], agencies int[], endpoints int[], events uuid[], types text[], replays int[], tests boolean[], jobs int[]
) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  endpoint int;
  t public.endpoint_turn;
  in_order int[];
  made uuid[];
  all_new boolean; -- Then nobody has to look for each of many among as many.
BEGIN
  FOREACH endpoint IN ARRAY ARRAY(SELECT DISTINCT e FROM unnest(endpoints) e ORDER BY 1) LOOP
    t := relay.lock_turn(endpoint);
    UPDATE public.endpoint_turn
    SET version = t.version + 1, waits_from = least(t.waits_from, at),
      due_at = CASE
        WHEN t.in_flight >= CASE t.breaker WHEN 'closed' THEN t.slots ELSE 1 END THEN t.due_at
        ELSE least(t.due_at, greatest(t.not_before, at)) END
    WHERE endpoint_id = endpoint AND version = t.version;
  END LOOP;
  in_order := (SELECT array_agg(w.id) FROM public.webhook_endpoint w WHERE w.id = ANY (endpoints) AND w.ordered);

  WITH inserted AS (
    INSERT INTO public.delivery (id, agency_id, event_id, endpoint_id, event_type, replay, test, created_at, updated_at, next_at)
    SELECT u.id, u.agency, u.event, u.endpoint, u.type, u.replay, u.test, at, at, at
    FROM unnest(ids, agencies, events, endpoints, types, replays, tests) AS u(id, agency, event, endpoint, type, replay, test)
    ON CONFLICT (event_id, endpoint_id, replay) DO NOTHING
    RETURNING id
  ) SELECT array_agg(id) INTO made FROM inserted;
  all_new := cardinality(made) = cardinality(ids);

  INSERT INTO public.delivery_queue (delivery_id, agency_id, endpoint_id, due_at, replay_job_id)
  SELECT u.id, u.agency, u.endpoint, at, u.job
  FROM unnest(ids, agencies, endpoints, jobs) AS u(id, agency, endpoint, job)
  WHERE (all_new OR u.id = ANY (made)) AND (in_order IS NULL OR u.endpoint <> ALL (in_order));

  IF in_order IS NOT NULL THEN
    INSERT INTO public.delivery_queue (delivery_id, agency_id, endpoint_id, due_at, replay_job_id, subject, seq)
    SELECT u.id, u.agency, u.endpoint,
      CASE WHEN row_number() OVER (PARTITION BY u.endpoint, e.subject ORDER BY e.seq, u.id) > 1 OR EXISTS (
        SELECT 1 FROM public.delivery_queue q
        WHERE q.endpoint_id = u.endpoint AND q.subject = e.subject AND q.seq <= e.seq
      ) THEN 'infinity' ELSE at END,
      u.job, e.subject, e.seq
    FROM unnest(ids, agencies, endpoints, events, jobs) AS u(id, agency, endpoint, event, job)
    CROSS JOIN LATERAL (SELECT * FROM public.outbox_event f WHERE f.id = u.event OFFSET 0) e
    WHERE (all_new OR u.id = ANY (made)) AND u.endpoint = ANY (in_order);
  END IF;
  RETURN made;
END $$;

CREATE FUNCTION relay.queue_deliveries(ahead float8, deliveries json) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  made uuid[];
BEGIN
  SELECT relay.enqueue(relay.now(ahead), array_agg(r.id), array_agg(r.agency_id), array_agg(r.endpoint_id), array_agg(r.event_id),
    array_agg(r.event_type), array_agg(r.replay), array_agg(r.test), array_agg(r.replay_job_id))
  INTO made
  FROM json_to_recordset(deliveries) AS r(
    id uuid, agency_id int, endpoint_id int, event_id uuid, event_type text, replay int, test boolean, replay_job_id int);
  RETURN QUERY SELECT unnest(made);
END $$;

-- Turns events into one delivery for each endpoint that wants them and one errand for each reaction of our own. The caller
-- has locked the events, which are at these places, and they wait for dispatch.
--
-- An endpoint is told of what came after it in the log: by sequence and not by time, because the clocks of two machines may
-- disagree and an event must not be lost to that. A disabled one is told nothing; its owner replays what it missed.
--
-- What an endpoint's token may not read is not for that endpoint. What it could read when the endpoint was saved and no longer
-- may is withheld: in the delivery log, with the reason, to be replayed once the right is there again.
--
-- Where an agency has an ordered endpoint, nothing is fanned out before what came earlier of the same subject, whoever has
-- that: it is left for later, and the answer says `early`.
--
-- What only the program knows, it `knows`: "needs", the ability that hearing of an event takes; "errands", the kinds that
-- an event makes; "operational", the events that * does not cover; "why", what is said of what is withheld.
CREATE FUNCTION relay.fan_out(ahead float8, given tid[], knows jsonb) RETURNS TABLE (
  event_id uuid, event_type text, traceparent text, early boolean, withheld int, errands int
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  at CONSTANT timestamptz := relay.now(ahead);
  ms CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000;
  behind tid[];
  places tid[] := given;
  m record;
  queued int := 0;
  refused int := 0;
BEGIN
  LOOP
    -- The endpoints are read after the events were found, so one that was registered a moment ago is among them. The patterns
    -- that cover an event are few, so the event brings them along.
    WITH matched AS (
      SELECT e.id, e.seq, e.agency_id, e.type, knows -> 'errands' ? e.type AS makes, w.id AS endpoint_id, w.ordered, w.granted,
        coalesce(knows -> 'needs' ->> e.type, '*') AS need, relay.rights_of(w.created_by_id, w.agency_id, at) AS rights
      FROM public.outbox_event e
      LEFT JOIN LATERAL (
        SELECT * FROM public.webhook_endpoint x
        WHERE x.agency_id = e.agency_id AND x.enabled AND e.seq > x.from_seq
          AND NOT e.silent
          AND e.about_endpoint_id IS DISTINCT FROM x.id
          AND (x.format <> 'CONNECT' OR e.connect_body IS NOT NULL)
          AND x.events && ARRAY[e.type, split_part(e.type, '.', 1) || '.*',
            CASE WHEN knows -> 'operational' ? e.type THEN NULL ELSE '*' END,
            CASE WHEN x.format = 'CONNECT' THEN e.connect_type END]
        OFFSET 0
      ) w ON true
      WHERE e.ctid = ANY (places)
    ), judged AS (
      SELECT *, rights && ARRAY['*', need] AND endpoint_id IS NOT NULL AS may, granted && ARRAY['*', need] AS might,
        relay.uuid7(ms, (row_number() OVER (ORDER BY seq, endpoint_id))::int) AS delivery_id
      FROM matched
    )
    SELECT array_agg(delivery_id) FILTER (WHERE may) AS ids, array_agg(agency_id) FILTER (WHERE may) AS agencies,
      array_agg(endpoint_id) FILTER (WHERE may) AS endpoints, array_agg(id) FILTER (WHERE may) AS events,
      array_agg(type) FILTER (WHERE may) AS types, array_agg(0) FILTER (WHERE may) AS replays,
      array_agg(false) FILTER (WHERE may) AS tests,
      jsonb_agg(to_jsonb(judged)) FILTER (WHERE NOT may AND might) AS refused,
      bool_or(makes) AS makes, bool_or(ordered) AS ordered
    INTO m FROM judged;
    EXIT WHEN behind IS NOT NULL OR m.ordered IS NOT TRUE;
    behind := ARRAY(
      SELECT e.ctid FROM public.outbox_event e
      WHERE e.ctid = ANY (given)
        AND EXISTS (SELECT FROM public.webhook_endpoint w WHERE w.agency_id = e.agency_id AND w.ordered AND w.enabled)
        AND EXISTS (
          SELECT FROM public.outbox_event o
          WHERE o.agency_id = e.agency_id AND o.subject = e.subject AND o.seq < e.seq AND o.dispatched_at IS NULL
            AND o.ctid <> ALL (given)));
    EXIT WHEN behind = '{}';
    places := ARRAY(SELECT p FROM unnest(given) p WHERE p <> ALL (behind));
  END LOOP;

  IF m.makes THEN
    INSERT INTO public.errand (id, agency_id, kind, key, traceparent, due_at, created_at)
    SELECT gen_random_uuid(), e.agency_id, k.kind, e.id, e.traceparent, at, at
    FROM public.outbox_event e
    CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(knows -> 'errands' -> e.type, '[]')) AS k(kind)
    WHERE e.ctid = ANY (places) AND NOT e.silent
    ON CONFLICT (agency_id, kind, key) DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
  END IF;
  IF m.ids IS NOT NULL THEN
    PERFORM relay.enqueue(at, m.ids, m.agencies, m.endpoints, m.events, m.types, m.replays, m.tests, NULL);
  END IF;
  IF m.refused IS NOT NULL THEN
    INSERT INTO public.delivery
      (id, agency_id, event_id, endpoint_id, event_type, status, error, created_at, updated_at, finished_at)
    SELECT r.delivery_id, r.agency_id, r.id, r.endpoint_id, r.type, 'FAILED', replace(knows ->> 'why', '%s', r.need), at, at, at
    FROM jsonb_to_recordset(m.refused) AS r(delivery_id uuid, agency_id int, id uuid, endpoint_id int, type text, need text)
    ON CONFLICT (event_id, endpoint_id, replay) DO NOTHING;
    GET DIAGNOSTICS refused = ROW_COUNT;
  END IF;
  RETURN QUERY
    UPDATE public.outbox_event e SET dispatched_at = at WHERE e.ctid = ANY (places)
    RETURNING e.id, e.type, e.traceparent, false, refused, queued;
  IF behind <> '{}' THEN
    RETURN QUERY
      SELECT e.id, e.type, e.traceparent, true, 0, 0 FROM public.outbox_event e WHERE e.ctid = ANY (behind);
  END IF;
END $$;

-- Fans out the events of these ids that wait for dispatch. Whoever else has one of them lets go of it within milliseconds.
CREATE FUNCTION relay.fan_out_named(ahead float8, ids uuid[], knows jsonb) RETURNS TABLE (
  event_id uuid, event_type text, traceparent text, early boolean, withheld int, errands int
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM public.outbox_event e WHERE e.id = ANY (ids) AND e.dispatched_at IS NULL ORDER BY e.seq FOR UPDATE;
  RETURN QUERY SELECT * FROM relay.fan_out(ahead,
    ARRAY(SELECT e.ctid FROM public.outbox_event e WHERE e.id = ANY (ids) AND e.dispatched_at IS NULL ORDER BY e.seq), knows);
END $$;

-- Fans out events that nobody has looked at yet. They are found by their state and not by "after the last seq": a transaction
-- that draws a low seq may commit after one with a higher, and a cursor would have passed it by.
--
-- One relay at a time does so. Two would put the events of one booking into the queue in the order in which they commit; and
-- a second one would wait for most of the same endpoints' turns anyway. It waits for nobody else's locks for long: all that is
-- claimed in the same statement would wait with it. What was refused before is `passed` by.
CREATE FUNCTION relay.dispatch(ahead float8, most int, looks_from bigint, knows jsonb, passed bigint[]) RETURNS TABLE (
  looked int, reached bigint, dispatched int, withheld int, errands int, traced json
) LANGUAGE plpgsql ROWS 1
SET lock_timeout = '100ms' AS $$
#variable_conflict use_column
DECLARE
  places tid[];
BEGIN
  looked := 0;
  IF pg_try_advisory_xact_lock(7215307) THEN
    SELECT array_agg(e.place), max(e.seq), count(*) INTO places, reached, looked FROM (
      SELECT ctid AS place, seq FROM public.outbox_event
      WHERE dispatched_at IS NULL AND seq >= looks_from AND seq <> ALL (passed)
      ORDER BY seq
      LIMIT most
      FOR UPDATE SKIP LOCKED
    ) e;
  END IF;
  IF looked > 0 THEN
    SELECT count(*) FILTER (WHERE NOT f.early), max(f.withheld), max(f.errands),
      json_agg(json_build_object('id', f.event_id, 'type', f.event_type, 'traceparent', f.traceparent))
        FILTER (WHERE f.traceparent IS NOT NULL AND NOT f.early)
    INTO dispatched, withheld, errands, traced
    FROM relay.fan_out(ahead, places, knows) f;
  END IF;
  RETURN NEXT;
END $$;

-- What an ordered endpoint is told of a subject waits while something earlier of that subject is in the queue. When that
-- has ended, the next one is due. The caller holds the endpoint's turn. Answers whether something has become due.
CREATE FUNCTION relay.release_held(endpoint int, about text, at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  next record;
BEGIN
  SELECT q.delivery_id, q.due_at INTO next FROM public.delivery_queue q
  WHERE q.endpoint_id = endpoint AND q.subject = about
  ORDER BY q.seq, q.delivery_id LIMIT 1;
  IF next.due_at IS DISTINCT FROM 'infinity'::timestamptz THEN RETURN false; END IF;
  UPDATE public.delivery_queue q SET due_at = at WHERE q.endpoint_id = endpoint AND q.delivery_id = next.delivery_id;
  RETURN true;
END $$;

-- Claims up to `room` deliveries that are due, and answers with what is to be sent. Endpoints take turns, those that have
-- waited longest first, and each gets what its free slots, its breaker and its rate allow. A turn that another relay holds is
-- left to that relay. `looks_from` is where the front of the queue of turns is known to be.
--
-- Where turns were looked at there is a last row without a delivery: how many they were, and since when the first was due.
CREATE FUNCTION relay.claim(
  ahead float8, room int, lease_ms float8, window_ms float8, most_attempts int, crowded boolean, looks_from timestamptz,
  crash text
) RETURNS TABLE (
  turns int, turn_due_at timestamptz, delivery_id uuid, agency_id int, endpoint_id int, attempt int, lease uuid, first_at timestamptz,
  claimed_at timestamptz, crashed_at timestamptz, last boolean, event_id uuid, event_type text, test boolean, subject text,
  subject_seq int, traceparent text, event_name text, body text, url text, selection text, rights text[],
  shaped_body text, shaped_abilities text[], sealed_secrets text[]
) LANGUAGE plpgsql ROWS 64 AS $$
#variable_conflict use_column
DECLARE
  at CONSTANT timestamptz := relay.now(ahead);
  until CONSTANT timestamptz := at + lease_ms * interval '1 millisecond';
  looked record;
  first_due timestamptz;
  t public.endpoint_turn;
  is_open boolean;
  slots int;
  most int;
  calls int;
  burst float8;
  gone record;
  waits record;
  ids uuid[];
  taken int;
  expired int;
  spent uuid[];
  ended timestamptz[];
  left_over int := room;
  seen int := 0;
BEGIN
  -- Nobody waits for the disk here: what a crash of the server may take back is what was on its way just then, and that is
  -- dispatched and claimed anew. Whatever follows from a claim is written after it, and waits for all that was.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR looked IN
    SELECT x AS turn, w.rate_per_second AS rate, w.format = 'CONNECT' AS connect, w.url, w.selection,
      relay.rights_of(w.created_by_id, w.agency_id, at) AS rights,
      ARRAY(
        SELECT k.ciphertext FROM public.webhook_secret k
        WHERE k.agency_id = w.agency_id AND k.endpoint_id = w.id AND (k.expires_at IS NULL OR k.expires_at > at)
        ORDER BY k.id DESC) AS secrets
    FROM public.endpoint_turn x
    JOIN public.webhook_endpoint w ON w.id = x.endpoint_id AND w.enabled
    WHERE x.due_at <= at AND x.due_at >= looks_from
    ORDER BY x.due_at
    LIMIT 32
    FOR UPDATE OF x SKIP LOCKED
  LOOP
    EXIT WHEN left_over = 0; -- Those that are left keep their place before these.
    t := looked.turn;
    first_due := coalesce(first_due, t.due_at);
    seen := seen + 1;
    is_open := t.breaker = 'open' AND coalesce(t.not_before > at, false);
    slots := CASE WHEN is_open THEN 8 WHEN t.breaker = 'closed' THEN t.slots ELSE 1 END;
    most := CASE WHEN crowded THEN least(slots, 2) ELSE slots END;
    calls := greatest(0, least(most - t.in_flight, left_over));
    IF looked.rate IS NOT NULL THEN
      -- A rate is kept with one time, until which it has been used up: each call moves it on by the time that one call is
      -- worth. At most a tenth of a second's calls come at once, so that no second ever has noticeably more than its share.
      burst := ceil(looked.rate / 10.0) - greatest(0, extract(epoch FROM t.paced_to - at)) * looked.rate;
      calls := greatest(0, least(calls, floor(burst + 1e-6)));
    END IF;
    ids := '{}';
    expired := 0;
    spent := '{}';
    ended := '{}';

    -- A lease that has ended: its relay is gone. What has attempts left is attempted anew; what has none is handed out all
    -- the same, with `crashed_at`, to be settled without a call.
    IF NOT is_open AND t.lease_ends <= at THEN
      FOR gone IN
        SELECT q.* FROM public.delivery_queue q
        WHERE q.endpoint_id = t.endpoint_id AND q.lease IS NOT NULL AND q.due_at >= t.lease_ends AND q.due_at <= at
        ORDER BY q.due_at
        LIMIT least(slots, left_over)
      LOOP
        ids := ids || gone.delivery_id;
        expired := expired + 1;
        IF gone.attempt >= most_attempts THEN
          spent := spent || gone.delivery_id;
          ended := ended || gone.due_at;
          CONTINUE;
        END IF;
        INSERT INTO public.attempt
          (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status, error, total_ms)
        VALUES (gen_random_uuid(), gone.agency_id, gone.delivery_id, t.endpoint_id, gone.attempt,
          gone.due_at - lease_ms * interval '1 millisecond', 'crashed', 'PENDING', crash, lease_ms);
      END LOOP;
    END IF;
    -- The time of these ends while the endpoint is left alone: their last attempt is made.
    IF is_open THEN
      ids := ARRAY(
        SELECT q.delivery_id FROM public.delivery_queue q
        WHERE q.endpoint_id = t.endpoint_id AND q.lease IS NULL AND q.first_at IS NOT NULL
          AND q.first_at <= at - window_ms * interval '1 millisecond'
        ORDER BY q.first_at
        LIMIT calls);
    ELSE
      IF t.not_before > at THEN calls := 0; END IF;
      calls := least(calls, left_over - cardinality(ids));
      -- One more than is taken says what the endpoint waits for then. The look begins where something can be, so that it
      -- doesn't pass over what long transactions keep of the past.
      t.waits_from := 'infinity';
      FOR waits IN
        SELECT q.delivery_id, q.due_at FROM public.delivery_queue q
        WHERE q.endpoint_id = t.endpoint_id AND q.lease IS NULL AND q.due_at >= (looked.turn).waits_from
        ORDER BY q.due_at, q.delivery_id
        LIMIT calls + 1
      LOOP
        IF calls = 0 OR waits.due_at > at THEN
          t.waits_from := waits.due_at;
          EXIT;
        END IF;
        ids := ids || waits.delivery_id;
        calls := calls - 1;
      END LOOP;
    END IF;

    taken := cardinality(ids);
    IF taken > 0 THEN
      -- The subqueries are asked row by row, whatever PostgreSQL thinks of the tables' sizes. An endpoint that changed to
      -- Connect's format after the dispatch may wait for an event that has no such form.
      RETURN QUERY
        WITH leased AS (
          UPDATE public.delivery_queue q
          SET due_at = until, lease = gen_random_uuid(), first_at = coalesce(q.first_at, at),
            attempt = q.attempt + CASE WHEN q.lease IS NOT NULL AND q.attempt >= most_attempts THEN 0 ELSE 1 END
          WHERE q.endpoint_id = t.endpoint_id AND q.delivery_id = ANY (ids)
          RETURNING q.delivery_id, q.attempt, q.lease, q.first_at
        )
        SELECT NULL::int, NULL::timestamptz, l.delivery_id, t.agency_id, t.endpoint_id, l.attempt, l.lease, l.first_at, at,
          ended[array_position(spent, l.delivery_id)], is_open,
          d.event_id, e.type, d.test, e.subject, e.subject_seq, e.traceparent,
          CASE WHEN looked.connect AND e.connect_body IS NOT NULL THEN e.connect_type ELSE e.type END,
          CASE WHEN looked.connect AND e.connect_body IS NOT NULL THEN e.connect_body ELSE e.body END,
          looked.url, looked.selection, looked.rights, s.body, s.abilities, looked.secrets
        FROM leased l
        CROSS JOIN LATERAL (
          SELECT f.event_id, f.test FROM public.delivery f
          WHERE f.agency_id = t.agency_id AND f.id = l.delivery_id AND f.endpoint_id = t.endpoint_id OFFSET 0
        ) d
        CROSS JOIN LATERAL (SELECT * FROM public.outbox_event f WHERE f.id = d.event_id OFFSET 0) e
        LEFT JOIN LATERAL (
          SELECT f.body, f.abilities FROM public.shaped_body f
          WHERE looked.selection IS NOT NULL
            AND f.agency_id = t.agency_id AND f.event_id = d.event_id AND f.endpoint_id = t.endpoint_id OFFSET 0
        ) s ON true;

      left_over := left_over - taken;
      t.in_flight := t.in_flight + taken - expired;
      t.lease_ends := least(t.lease_ends, until);
      IF t.breaker = 'open' AND NOT is_open THEN
        t.breaker := 'half_open';
        t.not_before := NULL;
      END IF;
      IF looked.rate IS NOT NULL THEN
        t.paced_to := greatest(t.paced_to, at) + taken::float8 / looked.rate * interval '1 second';
      END IF;
    END IF;
    PERFORM relay.place(t, at, window_ms,
      CASE WHEN crowded AND taken = 0 AND most <= t.in_flight AND slots > t.in_flight THEN at + interval '250 milliseconds' END);
  END LOOP;
  IF seen > 0 THEN
    turns := seen;
    turn_due_at := first_due;
    RETURN NEXT;
  END IF;
END $$;

-- Writes results down: the attempts, the deliveries' new states, their places in the queue, their endpoints' turns. A result
-- whose lease is no longer the row's changes nothing: the attempt took longer than its lease and is somebody else's now, or
-- the endpoint is gone. Answers with those that were settled, and whether more
-- is due to their endpoints.
--
-- Who holds a turn for long, an owner who deletes a large backlog, holds up his own results only: the caller is told after half a
-- second that the lock is not to be had, and settles endpoint by endpoint.
--
-- An endpoint that is well and stays so needs nobody's judgement. What becomes of the breakers of the others is for the
-- caller to decide (relay.judged), in the same transaction; who can't asks for `well_only`, and then their results stay as they are.
CREATE FUNCTION relay.settle(ahead float8, window_ms float8, results json, well_only boolean) RETURNS TABLE (
  attempt_id uuid, of_replay boolean, disabled boolean, well boolean, more boolean
) LANGUAGE plpgsql ROWS 64
SET lock_timeout = '500ms' AS $$
#variable_conflict use_column
DECLARE
  at CONSTANT timestamptz := relay.now(ahead);
  own record;
  t public.endpoint_turn;
  gone int[];
  is_well boolean;
  ours uuid[];
  ended uuid[];
  again uuid[];
  replays uuid[];
  subjects text[];
  about text;
  settled uuid[] := '{}';
BEGIN
  -- Before any turn is held: the owner who is changing an endpoint at this moment holds its row, and waits for its turn.
  IF EXISTS (SELECT FROM json_to_recordset(results) AS g(disables boolean) WHERE g.disables) THEN
    WITH disabled AS (
      UPDATE public.webhook_endpoint w
      SET enabled = false, disabled_reason = 'It answered 410 Gone.', disabled_at = at, updated_at = at
      WHERE w.enabled AND w.id IN (
        SELECT q.endpoint_id FROM json_to_recordset(results) AS g(endpoint_id int, delivery_id uuid, lease uuid, disables boolean)
        JOIN public.delivery_queue q ON q.endpoint_id = g.endpoint_id AND q.delivery_id = g.delivery_id
          AND q.lease IS NOT DISTINCT FROM g.lease
        WHERE g.disables)
      RETURNING w.id, w.agency_id
    ), told_of AS (
      INSERT INTO public.errand (id, agency_id, kind, key, due_at, created_at)
      SELECT gen_random_uuid(), w.agency_id, 'webhook.disabled', w.id || ':' || gen_random_uuid(), at, at FROM disabled w
    ) SELECT array_agg(w.id) INTO gone FROM disabled w;
  END IF;

  FOR own IN
    SELECT g.endpoint_id AS id, bool_and(g.outcome = 'ok' AND g.total_ms <= 2000) AS all_well, min(g.next_at) AS next_at,
      array_agg(g.attempt_id) AS attempts, array_agg(g.delivery_id) AS ids, array_agg(g.lease) AS leases, array_agg(g.number) AS numbers,
      array_agg(g.status) AS states, array_agg(g.status_code) AS codes, array_agg(g.error) AS errors,
      array_agg(g.first_at) AS firsts, array_agg(g.next_at) AS nexts
    FROM json_to_recordset(results) AS g(
      endpoint_id int, attempt_id uuid, delivery_id uuid, lease uuid, outcome text, total_ms int, number int, status public."DeliveryStatus",
      status_code int, error text, first_at timestamptz, next_at timestamptz)
    GROUP BY g.endpoint_id
    ORDER BY g.endpoint_id
  LOOP
    t := relay.lock_turn(own.id);
    CONTINUE WHEN t.endpoint_id IS NULL;
    is_well := own.all_well AND t.breaker = 'closed' AND t.slots = 8 AND t.failures = 0 AND t.failing_since IS NULL AND NOT t.told
      AND (t.not_before > at) IS NOT TRUE AND (t.window_failed = 0 OR t.window_at <= at - interval '5 minutes');
    CONTINUE WHEN well_only AND NOT is_well;

    -- Those whose lease is still the row's. A relay that slept may come with two results of one delivery, its own old one among
    -- them, so from here on results go by their attempts. An equal lease, instead, would be sought among all of the endpoint's.
    SELECT array_agg(u.attempt), array_agg(u.id) FILTER (WHERE u.next_at IS NULL),
      array_agg(u.id) FILTER (WHERE u.next_at IS NOT NULL),
      array_agg(u.attempt) FILTER (WHERE was.replay_job_id IS NOT NULL),
      array_agg(was.subject) FILTER (WHERE was.subject IS NOT NULL AND u.next_at IS NULL)
    INTO ours, ended, again, replays, subjects
    FROM unnest(own.attempts, own.ids, own.leases, own.nexts) AS u(attempt, id, lease, next_at)
    CROSS JOIN LATERAL (
      SELECT q.subject, q.replay_job_id FROM public.delivery_queue q
      WHERE q.endpoint_id = own.id AND q.delivery_id = u.id AND q.lease IS NOT DISTINCT FROM u.lease OFFSET 0) was;
    CONTINUE WHEN ours IS NULL;
    IF ended IS NOT NULL THEN
      DELETE FROM public.delivery_queue q WHERE q.endpoint_id = own.id AND q.delivery_id = ANY (ended);
    END IF;
    IF again IS NOT NULL THEN
      UPDATE public.delivery_queue q
      SET lease = NULL, due_at = (
        SELECT u.next_at FROM unnest(own.attempts, own.ids, own.nexts) AS u(attempt, id, next_at)
        WHERE u.id = q.delivery_id AND u.attempt = ANY (ours))
      WHERE q.endpoint_id = own.id AND q.delivery_id = ANY (again);
    END IF;

    UPDATE public.delivery d
    SET status = u.status, attempts = u.number, status_code = u.code, error = u.error, first_at = u.first_at,
      next_at = u.next_at, finished_at = CASE WHEN u.next_at IS NULL THEN at END, updated_at = at
    FROM unnest(own.attempts, own.ids, own.states, own.numbers, own.codes, own.errors, own.firsts, own.nexts)
      AS u(attempt, id, status, number, code, error, first_at, next_at)
    WHERE d.agency_id = t.agency_id AND d.endpoint_id = own.id AND d.id = ANY (ended || again) AND d.id = u.id
      AND u.attempt = ANY (ours);

    settled := settled || ours;
    t.in_flight := greatest(0, t.in_flight - cardinality(ours));
    t.waits_from := least(t.waits_from, own.next_at);
    FOREACH about IN ARRAY coalesce(subjects, '{}') LOOP
      IF relay.release_held(own.id, about, at) THEN t.waits_from := least(t.waits_from, at); END IF;
    END LOOP;
    IF is_well THEN
      t.tried_at := at;
      t.succeeded_at := at;
    END IF;
    PERFORM relay.place(t, at, window_ms, NULL);
    RETURN QUERY
      SELECT m.id, m.id = ANY (replays) IS TRUE, own.id = ANY (gone) IS TRUE, is_well, t.waits_from <= at
      FROM unnest(ours) AS m(id);
  END LOOP;

  INSERT INTO public.attempt (id, agency_id, delivery_id, endpoint_id, number, started_at, outcome, status, status_code,
    error, connect_ms, first_byte_ms, total_ms, response_body)
  SELECT g.attempt_id, g.agency_id, g.delivery_id, g.endpoint_id, g.number, g.started_at, g.outcome, g.status, g.status_code,
    g.error, g.connect_ms, g.first_byte_ms, g.total_ms, g.response_body
  FROM json_to_recordset(results) AS g(
    attempt_id uuid, agency_id int, delivery_id uuid, endpoint_id int, number int, started_at timestamptz, outcome text,
    status public."DeliveryStatus", status_code int, error text, connect_ms int, first_byte_ms int, total_ms int, response_body text)
  WHERE g.attempt_id = ANY (settled);
END $$;

-- Writes what was judged of endpoints whose turns the caller holds.
CREATE FUNCTION relay.judged(ahead float8, window_ms float8, conditions json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  at CONSTANT timestamptz := relay.now(ahead);
  t public.endpoint_turn;
  c public.endpoint_turn;
BEGIN
  FOR c IN SELECT * FROM json_populate_recordset(NULL::public.endpoint_turn, conditions) LOOP
    t := relay.lock_turn(c.endpoint_id);
    CONTINUE WHEN t.endpoint_id IS NULL;
    t.breaker := c.breaker;
    t.not_before := c.not_before;
    t.slots := c.slots;
    t.failures := c.failures;
    t.successes := c.successes;
    t.trips := c.trips;
    t.window_at := c.window_at;
    t.window_tried := c.window_tried;
    t.window_failed := c.window_failed;
    t.tried_at := c.tried_at;
    t.succeeded_at := c.succeeded_at;
    t.failing_since := c.failing_since;
    t.told := c.told;
    t.news := c.news;
    PERFORM relay.place(t, at, window_ms, NULL);
  END LOOP;
END $$;

-- Gives back what was claimed and has not been begun, as if it had never been claimed: due at once, or after a while, and
-- then the time in which it may be tried has begun all the same.
CREATE FUNCTION relay.release(ahead float8, window_ms float8, after_ms float8, leases json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  at CONSTANT timestamptz := relay.now(ahead);
  due CONSTANT timestamptz := at + after_ms * interval '1 millisecond';
  endpoint int;
  r record;
  t public.endpoint_turn;
  given int;
BEGIN
  FOR endpoint IN SELECT DISTINCT g.endpoint_id FROM json_to_recordset(leases) AS g(endpoint_id int) ORDER BY 1 LOOP
    t := relay.lock_turn(endpoint);
    given := 0;
    FOR r IN
      SELECT * FROM json_to_recordset(leases) AS g(endpoint_id int, delivery_id uuid, lease uuid) WHERE g.endpoint_id = endpoint
    LOOP
      UPDATE public.delivery_queue q
      SET lease = NULL, due_at = due, attempt = q.attempt - 1,
        first_at = CASE WHEN q.attempt > 1 OR after_ms > 0 THEN q.first_at END
      WHERE q.endpoint_id = endpoint AND q.delivery_id = r.delivery_id AND q.lease IS NOT DISTINCT FROM r.lease;
      IF FOUND THEN given := given + 1; END IF;
    END LOOP;
    CONTINUE WHEN given = 0;
    t.in_flight := greatest(0, t.in_flight - given);
    t.waits_from := least(t.waits_from, due);
    PERFORM relay.place(t, at, window_ms, NULL);
  END LOOP;
END $$;

-- What is called from outside keeps its plans to indexes, row by row.
DO $$
DECLARE
  called regprocedure;
BEGIN
  FOR called IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'relay'::regnamespace
      AND proname IN ('queue_deliveries', 'fan_out_named', 'dispatch', 'claim', 'settle', 'judged', 'release')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', called);
    EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', called);
    EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', called);
    EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', called);
    EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', called);
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA relay TO bellhop_app, bellhop_system;
