import { describe, expect, test } from 'vitest';
import { type Answer, type Integrator, startWorld } from './support/world.ts';

/** A review that is fine, for a property that is made for it unless one is named. */
async function review(mine: Integrator, fields: object = {}): Promise<Answer> {
  const property_id = 'property_id' in fields ? fields.property_id : (await mine.property()).id;
  return mine.post('/v1/reviews', { property_id, source: 'airbnb', rating: 5, ...fields });
}

/** What is said, and the rating, the scale, the score of five and whether it is low. */
const RATINGS: [object, [number, number, number, boolean]][] = [
  [{ source: 'airbnb', rating: 5 }, [5, 5, 5, false]],
  [{ source: 'airbnb', rating: 3 }, [3, 5, 3, true]],
  [{ source: 'airbnb', rating: 3.01 }, [3.01, 5, 3.01, false]],
  [{ source: 'booking', rating: 10 }, [10, 10, 5, false]],
  [{ source: 'Agoda', rating: 6 }, [6, 10, 3, true]],
  [{ source: 'hotels.com', rating: 6.01 }, [6.01, 10, 3.01, false]], // 3.005, half up.
  [{ source: 'manual', rating: 0 }, [0, 5, 0, true]],
  [{ source: 'survey', rating: 2, rating_scale: 3 }, [2, 3, 3.33, false]],
  [{ source: 'booking', rating: 4.5, rating_scale: 5 }, [4.5, 5, 4.5, false]],
  [{ source: 'nps', rating: 87, rating_scale: 100 }, [87, 100, 4.35, false]],
  [{ source: 'google', rating: 4.666666667 }, [4.67, 5, 4.67, false]],
  [{ source: 'google', rating: 1.005 }, [1.01, 5, 1.01, true]],
];

describe('a review that is taken', () => {
  // Whoever answers for the reputation hears of a bad night the same day, or reads of it in public a week later.
  test('it leaves as one signed review.received that says all there is to know, the score out of five among it', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('review.*');
    const booking = await world.book();
    const answer = await review(world, {
      property_id: booking.property_id,
      booking_id: booking.id,
      source: ' Booking.com ',
      external_id: '4189022617',
      rating: 5.8,
      guest_name: ' Karim B. ',
      comment: 'The hot water ran out.',
      reviewed_at: '2026-08-21T18:02:00+02:00',
    });
    expect(answer.status).toBe(201);
    const told = {
      id: answer.body.data.id,
      property_id: booking.property_id,
      booking_id: booking.id,
      source: 'booking.com',
      external_id: '4189022617',
      rating: 5.8,
      rating_scale: 10,
      score: 2.9,
      low_rating: true,
      guest_name: 'Karim B.',
      comment: 'The hot water ran out.',
      reviewed_at: '2026-08-21T16:02:00+00:00',
    };
    expect(answer.body.data).toMatchObject(told);
    await world.relay();
    expect(receiver.received).toMatchObject([{ event: 'review.received', signature: 'valid', xSignature: 'valid' }]);
    const { review: heard } = receiver.received[0]!.json.data;
    expect(Object.keys(heard)).toEqual([...Object.keys(told), 'created_at']);
    expect(heard).toMatchObject(told);
    const location = answer.headers.get('location')!;
    expect((await world.get(new URL(location).pathname)).text).toBe(answer.text);
  });

  // A scale that is guessed wrong turns a perfect stay into an alarm, or hides a bad one.
  test('the score is out of five whatever the source’s scale, to hundredths and half up, and low from three down', async () => {
    const world = await startWorld();
    const { id: property_id } = await world.property();
    for (const [said, [rating, scale, score, low]] of RATINGS) {
      const { body } = await review(world, { property_id, ...said });
      expect([said, body.data]).toMatchObject([said, { rating, rating_scale: scale, score, low_rating: low }]);
    }
  });
});

describe('a review that is told again', () => {
  // Import tools send the whole list every night; an alert a night for one old review is an alert that nobody reads.
  test('the same again is the same review and tells nobody, and its news change it quietly', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('*');
    const { id: property_id } = await world.property();
    const said = { property_id, source: 'google', external_id: 'g-1', rating: 2, comment: 'Cold.', guest_name: 'Ana' };
    const first = await review(world, said);
    const again = await review(world, { ...said, source: 'Google ' });
    expect([again.status, again.text]).toEqual([201, first.text]);
    world.pass(60_000);
    const changed = await review(world, {
      property_id,
      source: 'google',
      external_id: 'g-1',
      rating: 4,
      comment: null,
    });
    expect(changed.body.data).toMatchObject({
      id: first.body.data.id,
      rating: 4,
      low_rating: false,
      comment: null,
      guest_name: 'Ana', // What isn't said stays.
      created_at: first.body.data.created_at,
    });
    expect(changed.body.data.updated_at > first.body.data.updated_at).toBe(true);
    await world.relay();
    expect(receiver.received.filter(({ event }) => event.startsWith('review'))).toHaveLength(1);
    const { rows } = await world.database.asAgency(world.agencyId, (client) =>
      client.query(`select action from audit_entry where subject = $1 order by id`, [`review:${first.body.data.id}`]),
    );
    expect(rows.map(({ action }) => action)).toEqual(['review.received', 'review.updated']);
    expect((await world.get('/v1/reviews')).body.meta.total).toBe(1);
  });

  test('the same id at another source, or no id at all, is another review', async () => {
    const world = await startWorld();
    const { id: property_id } = await world.property();
    await review(world, { property_id, source: 'google', external_id: '1' });
    await review(world, { property_id, source: 'airbnb', external_id: '1' });
    for (const _ask of ['one', 'another']) await review(world, { property_id, source: 'manual' });
    expect((await world.get('/v1/reviews')).body.meta.total).toBe(4);
  });

  test('two clients that bring it at once make one review and one event', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('review.received');
    const { id: property_id } = await world.property();
    const said = { property_id, external_id: 'HM1', rating: 4 };
    const answers = await Promise.all(Array.from({ length: 8 }, () => review(world, said)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.data?.id}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(201);
    await world.relay();
    expect(receiver.received).toHaveLength(1);
  });

  // Moved to another property it would spoil that one's score; whoever sends it has mixed two listings up.
  test('the review of one property can’t become another’s', async () => {
    const world = await startWorld();
    const first = await review(world, { external_id: 'x' });
    const answer = await review(world, { external_id: 'x' });
    expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, ['external_id']]);
    expect((await world.get('/v1/reviews')).body.data).toEqual([first.body.data]);
  });
});

describe('many reviews at once', () => {
  const many = (property_id: number, count: number, fields: object = {}) =>
    Array.from({ length: count }, (_, i) => ({
      property_id,
      source: 'google',
      external_id: `g-${i}`,
      rating: 4,
      ...fields,
    }));

  test('an import says what was new, changed and known, tells of the new ones only, and can be repeated', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('review.received');
    const { id } = await world.property();
    const imported = async (reviews: object[]) => (await world.post('/v1/reviews/import', { reviews })).body.data;
    expect(await imported(many(id, 3))).toEqual({ created: 3, updated: 0, unchanged: 0 });
    expect(await imported(many(id, 3))).toEqual({ created: 0, updated: 0, unchanged: 3 });
    const [first, ...others] = many(id, 5);
    expect(await imported([{ ...first, comment: 'Lovely' }, ...others])).toEqual({
      created: 2,
      updated: 1,
      unchanged: 2,
    });
    expect(await imported([])).toEqual({ created: 0, updated: 0, unchanged: 0 });
    await world.relay();
    expect(receiver.received.map(({ json }) => json.data.review.external_id).sort()).toEqual(
      [0, 1, 2, 3, 4].map((n) => `g-${n}`),
    );
    expect((await world.get('/v1/reviews?sort=id_asc')).body.data[0]).toMatchObject({ comment: 'Lovely', rating: 4 });
  });

  test('it costs the same few statements for two reviews as for a thousand', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const costs = (reviews: object[]) =>
      world.statements(async () => {
        const answer = await world.post('/v1/reviews/import', { reviews });
        expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
      });
    const few = await costs(many(id, 2, { source: 'a' }));
    expect(await costs(many(id, 1_000, { source: 'b' }))).toBe(few);
    const changed = await costs(many(id, 2, { source: 'a', rating: 3 }));
    expect(await costs(many(id, 1_000, { source: 'b', rating: 3 }))).toBe(changed);
    const tooMany = await world.post('/v1/reviews/import', { reviews: many(id, 1_001, { source: 'c' }) });
    expect([tooMany.status, Object.keys(tooMany.body.errors)]).toEqual([422, ['reviews']]);
    expect((await world.get('/v1/reviews?per_page=1')).body.meta.total).toBe(1_002);
  });

  // Half an import can't be told from a whole one, and is sent again in whole.
  test('one bad row stops all of them, and each is named with its place', async () => {
    const world = await startWorld();
    const receiver = await world.subscribe('review.received');
    const { id } = await world.property();
    const [good, ...rest] = many(id, 6);
    const asked = async (reviews: object[]) => {
      const answer = await world.post('/v1/reviews/import', { reviews });
      return [answer.status, Object.keys(answer.body.errors)];
    };
    expect(
      await asked([
        good!,
        { ...rest[0], rating: 6 },
        { ...rest[1], source: ' ' },
        { ...rest[2], reviewed_at: '2999-01-01T00:00:00Z' },
        { ...rest[3], external_id: 'g-0' },
      ]),
    ).toEqual([422, ['reviews.1.rating', 'reviews.2.source', 'reviews.3.reviewed_at', 'reviews.4.external_id']]);
    expect(await asked([good!, { ...rest[0], property_id: 999_999 }, { ...rest[1], booking_id: 999_999 }])).toEqual([
      422,
      ['reviews.1.property_id', 'reviews.2.booking_id'],
    ]);
    expect(await asked([good!, { ...rest[0], rating: 'good', stars: 5 }])).toEqual([
      422,
      ['reviews.1.stars', 'reviews.1.rating'],
    ]);
    await world.relay();
    expect(receiver.received).toEqual([]);
    expect((await world.get('/v1/reviews')).body.data).toEqual([]);
  });

  test('two imports of the same reviews at once, in whatever order, make each of them once', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    const reviews = many(id, 60);
    const answers = await Promise.all(
      [reviews, reviews.toReversed(), reviews].map((list) => world.post('/v1/reviews/import', { reviews: list })),
    );
    const sum = (key: string) => answers.reduce((all, { body }) => all + body.data[key], 0);
    expect([sum('created'), sum('updated'), sum('unchanged')]).toEqual([60, 0, 120]);
  });
});

const REFUSED: [what: string, wrong: object, field: string][] = [
  ['a rating above its scale', { rating: 5.5 }, 'rating'],
  ['a rating out of ten at a source of fives', { source: 'vrbo', rating: 9.8 }, 'rating'],
  ['a negative rating', { rating: -0.5 }, 'rating'],
  ['a rating that is no number', { rating: 'five' }, 'rating'],
  ['a scale of nothing', { rating: 0, rating_scale: 0 }, 'rating_scale'],
  ['a scale above a hundred', { rating: 1, rating_scale: 101 }, 'rating_scale'],
  ['no source', { source: '   ' }, 'source'],
  ['a source of sixty letters', { source: 'x'.repeat(60) }, 'source'],
  ['an empty external id', { external_id: ' ' }, 'external_id'],
  ['a comment as long as a book', { comment: 'x'.repeat(10_001) }, 'comment'],
  ['a guest’s name as long as a page', { guest_name: 'x'.repeat(201) }, 'guest_name'],
  ['a review from next month', { reviewed_at: '2027-06-01T00:00:00Z' }, 'reviewed_at'],
  ['a day that isn’t in the calendar', { reviewed_at: '2027-02-30T00:00:00Z' }, 'reviewed_at'],
  ['a year that no calendar here has', { reviewed_at: '-100000-01-01T00:00:00Z' }, 'reviewed_at'],
  ['the year before the first', { reviewed_at: '0001-01-01T00:00:00+14:00' }, 'reviewed_at'],
  ['a year of five digits', { reviewed_at: '+010000-01-01T00:00:00Z' }, 'reviewed_at'],
  ['no property', { property_id: 999_999 }, 'property_id'],
  ['no booking', { booking_id: 999_999 }, 'booking_id'],
  ['a field that there isn’t', { stars: 5 }, 'stars'],
];

describe('what is refused', () => {
  test('what can’t be true of a review is refused by its field’s name, and nothing is taken', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id: property_id } = await world.property();
    for (const [what, wrong, field] of REFUSED) {
      const answer = await review(world, { property_id, ...wrong });
      expect([what, answer.status, Object.keys(answer.body.errors)]).toEqual([what, 422, [field]]);
    }
    expect((await world.get('/v1/reviews')).body.data).toEqual([]);
  });

  test('a booking of another property is refused, and both doors refuse alike', async () => {
    const world = await startWorld();
    const { id: booking_id } = await world.book();
    const { id: property_id } = await world.property();
    const answer = await review(world, { property_id, booking_id });
    expect([answer.status, Object.keys(answer.body.errors)]).toEqual([422, ['booking_id']]);
    const { body } = await world.graphql('mutation ($input: ReviewInput!) { createReview(input: $input) { id } }', {
      input: { propertyId: property_id, bookingId: booking_id, source: 'airbnb', rating: 5 },
    });
    expect(body.errors[0].extensions).toMatchObject({ code: 'VALIDATION', fields: { bookingId: expect.anything() } });
  });

  // Tools that cut texts by length leave half an emoji behind; that must not cost a night's import.
  test('a text that was cut in the middle of an emoji is taken', async () => {
    const world = await startWorld();
    const answer = await review(world, { comment: 'Lovely \ud83d', external_id: 'e' });
    expect([answer.status, answer.body.data.comment]).toEqual([201, 'Lovely \ufffd']);
    const { body } = await world.graphql('mutation ($input: ReviewInput!) { createReview(input: $input) { id } }', {
      input: { propertyId: answer.body.data.property_id, source: 'airbnb', rating: 5, comment: 'a\0b' },
    });
    expect(body.errors[0].extensions.code).toBe('VALIDATION');
  });
});

describe('who sees what', () => {
  test('another agency’s properties, bookings and reviews are not there', async () => {
    const world = await startWorld();
    const other = await world.anotherAgency();
    const theirs = await other.book();
    const foreign = await review(other, { property_id: theirs.property_id, external_id: 'same' });
    expect((await review(world, { property_id: theirs.property_id })).body.errors).toHaveProperty('property_id');
    expect((await review(world, { booking_id: theirs.id })).body.errors).toHaveProperty('booking_id');
    expect((await world.get(`/v1/reviews/${foreign.body.data.id}`)).status).toBe(404);
    const mine = await review(world, { external_id: 'same' }); // The id is the source's; each agency has its own.
    expect(mine.status).toBe(201);
    expect((await world.get('/v1/reviews')).body.data).toEqual([mine.body.data]);
  });

  test('reviews:read reads and reviews:write takes, and the stay behind a review needs bookings:read', async () => {
    const world = await startWorld();
    const booking = await world.book();
    const reader = await world.withAbilities('reviews:read');
    const writer = await world.withAbilities('reviews:write');
    const said = { property_id: booking.property_id, booking_id: booking.id };
    const { id } = (await review(writer, said)).body.data;
    expect((await writer.post('/v1/reviews/import', { reviews: [] })).status).toBe(200);
    expect((await writer.get('/v1/reviews')).status).toBe(403);
    expect((await reader.get('/v1/reviews')).body.data).toHaveLength(1);
    expect((await reader.get(`/v1/reviews/${id}`)).status).toBe(200);
    expect((await review(reader, said)).status).toBe(403);
    expect((await reader.post('/v1/reviews/import', { reviews: [] })).status).toBe(403);
    const behind = `{ review(id: ${id}) { booking { id } } }`;
    expect((await reader.graphql(behind)).body.errors[0].extensions.code).toBe('FORBIDDEN');
    const both = await world.withAbilities('reviews:read', 'bookings:read');
    expect((await both.graphql(behind)).body.data.review.booking.id).toBe(String(booking.id));
  });

  test('only who may read reviews may be told of them', async () => {
    const world = await startWorld();
    const hook = { url: 'https://example.com/hooks', events: ['review.received'] };
    expect((await world.post('/v1/webhooks', hook)).status).toBe(201);
    const { body } = await world.get('/v1/webhook-events');
    const told = body.data.find(({ event }: { event: string }) => event === 'review.received');
    expect(told).toMatchObject({ ability: 'reviews:read', connect_event: null });
  });
});

describe('the list', () => {
  test('it is filtered by property, stay, source, low rating and time, and ordered by score', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const booking = await world.book({ check_in: '2027-05-02', check_out: '2027-05-03' });
    const { property_id } = booking;
    const a = (
      await review(world, { property_id, booking_id: booking.id, rating: 2, reviewed_at: '2027-01-01T00:00:00Z' })
    ).body.data;
    const b = (await review(world, { property_id, source: 'booking', rating: 9, reviewed_at: '2027-02-01T00:00:00Z' }))
      .body.data;
    const c = (await review(world, { rating: 5 })).body.data;
    const ids = async (query: string) =>
      (await world.get(`/v1/reviews?${query}`)).body.data.map(({ id }: { id: number }) => id);
    expect(await ids('')).toEqual([c.id, b.id, a.id]);
    expect(await ids(`property_id=${property_id}`)).toEqual([b.id, a.id]);
    expect(await ids(`booking_id=${booking.id}`)).toEqual([a.id]);
    expect(await ids('source=airbnb,google')).toEqual([c.id, a.id]);
    expect(await ids('low_rating=true')).toEqual([a.id]);
    expect(await ids('low_rating=false')).toEqual([c.id, b.id]);
    expect(await ids('reviewed_from=2027-01-15T00:00:00Z')).toEqual([b.id]);
    expect(await ids('reviewed_to=2027-01-15T00:00:00Z')).toEqual([a.id]);
    expect(await ids('sort=score_asc')).toEqual([a.id, b.id, c.id]);
    expect(await ids('sort=score_desc&per_page=2&cursor=')).toEqual([c.id, b.id]);
    const csv = await world.get('/v1/reviews?format=csv&sort=score_asc&per_page=1');
    expect(csv.text.split('\n')[1]).toContain(',airbnb,,2,5,2,true,');
  });

  test('it is one statement at five rows and at fifty, and says in GraphQL what it says in /v1', async () => {
    const world = await startWorld();
    const { id: property_id } = await world.property();
    const more = (from: number, to: number) =>
      world.post('/v1/reviews/import', {
        reviews: Array.from({ length: to - from }, (_, i) => ({
          property_id,
          source: 'google',
          external_id: `g-${from + i}`,
          rating: ((from + i) % 51) / 10,
        })),
      });
    await more(0, 5);
    const list = () => world.get('/v1/reviews?per_page=100&sort=id_asc');
    await list();
    const few = await world.statements(list);
    await more(5, 50);
    expect(await world.statements(list)).toBe(few);
    const rest = (await list()).body.data;
    expect(rest).toHaveLength(50);
    const fields = 'id rating rating_scale: ratingScale score low_rating: lowRating';
    const { body } = await world.graphql(`{ reviews(first: 100, orderBy: ID_ASC) { nodes { ${fields} } } }`);
    const same = rest.map(({ id, rating, rating_scale, score, low_rating }: Record<string, unknown>) => ({
      id: String(id),
      rating,
      rating_scale,
      score,
      low_rating,
    }));
    expect(body.data.reviews.nodes).toEqual(same);
  });

  // The planner is an optimisation: without it every byte must be the same.
  test('with the planner and without, the answers are the same to the byte', async () => {
    const planned = await startWorld({ today: '2027-05-01' });
    const answers = [];
    for (const world of [planned, await startWorld({ today: '2027-05-01', env: { BELLHOP_PLANNER: 'off' } })]) {
      const { id: property_id } = await world.property({ code: 'P', name: 'Villa' });
      const reviews = [0, 0.1, 1.15, 2.3, 4.35, 4.67, 5].map((rating) => ({ property_id, source: 'x', rating }));
      await world.post('/v1/reviews/import', { reviews });
      const { text } = await world.get('/v1/reviews?sort=id_asc&cursor=');
      answers.push(text.replaceAll(/"(created|updated)_at":"[^"]*"|http:[^"]*/g, ''));
    }
    expect(answers[0]).toContain('"rating":4.35');
    expect(answers[1]).toBe(answers[0]);
  });
});
