import { type GraphQLSchema, isEnumType, isInputObjectType, isObjectType } from 'graphql';

/**
 * What a name means wherever it stands, because a thing has one name everywhere. A field that means more than its name, or
 * has a unit or a rule, says so itself; this is for the others, so that nothing in GraphiQL or the OpenAPI document is
 * left without a word.
 */
const WORDS: Record<string, string> = {
  id: 'The same number in GraphQL, REST and webhooks.',
  name: 'What people call it.',
  description: 'In the agency’s own words.',
  city: 'Where it is.',
  code: 'What the agency calls it; unique in the agency.',
  kind: 'What sort of place it is.',
  status: 'Where it is in its life.',
  currency: 'The ISO 4217 code of the amounts beside it.',
  notes: 'For the agency’s own people.',
  source: 'Where it comes from: airbnb, booking, direct …',
  email: 'Their e-mail address.',
  phone: 'Their telephone number, as it was given.',
  channel: 'Whose calendar it is.',
  action: 'What was done, or would be.',
  photos: 'The addresses of photos.',
  priority: 'How soon it has to be seen to.',
  url: 'An http or https address.',
  events: 'Event names, `family.*` or `*`.',
  event: 'The event’s name.',
  summary: 'In a sentence.',
  format: 'The envelope that it is sent in.',
  enabled: 'Whether it is called.',
  disabledReason: 'Why it isn’t called, where somebody or something has said so.',
  archived: 'Whether it is off the market.',
  nights: 'How many nights the stay has.',
  adults: 'How many of the guests are adults, where that is known.',
  children: 'How many of the guests are children, where that is known.',
  guestsCount: 'How many guests there are, children included.',
  guestName: 'The guest’s name.',
  guestPhone: 'The guest’s telephone number.',
  checkIn: 'The first night.',
  checkOut: 'The day of departure; not a night of the stay.',
  cancelReason: 'What was said when it was cancelled.',
  commissionAmount: 'What the channel or the agency keeps of it.',
  basePrice: 'Price of a night where no rate says otherwise.',
  property: 'The property that it belongs to.',
  propertyId: 'The id of the property.',
  roomTypeId: 'The id of the room type.',
  guest: 'The guest’s profile.',
  guestId: 'The id of the guest’s profile.',
  owner: 'Who owns it.',
  ownerId: 'The id of the owner.',
  booking: 'The stay that it belongs to.',
  bookingId: 'The id of the booking.',
  endpoint: 'The webhook endpoint.',
  endpointId: 'The id of the webhook endpoint.',
  agency: 'The agency of the token.',
  agencyId: 'The id of the agency.',
  token: 'The token that asks.',
  abilities: 'What it may do; `*` is everything.',
  limits: 'How often it may ask.',
  plan: 'The agency’s subscription.',
  test: 'Whether a test button made it.',
  number: 'Which one it is, from 1.',
  statusCode: 'The HTTP status of the answer; null where there was none.',
  attempts: 'How often it was tried.',
  attemptCount: 'How often it was tried.',
  connectMs: 'Milliseconds until the request could be written.',
  firstByteMs: 'Milliseconds until the answer began.',
  totalMs: 'Milliseconds until the end.',
  createdAt: 'When it was made.',
  updatedAt: 'When it last changed.',
  archivedAt: 'When it was taken off the market.',
  confirmedAt: 'When it was confirmed.',
  checkedInAt: 'When the guest was checked in.',
  checkedOutAt: 'When the guest was checked out.',
  cancelledAt: 'When it was cancelled.',
  expiresAt: 'Until when it works; null is for good.',
  lastUsedAt: 'When it was last used, to the minute.',
  trialEndsAt: 'When the trial ends or ended.',
  startedAt: 'When it began.',
  finishedAt: 'When it ended, well or not.',
  nextAttemptAt: 'When it will be tried again.',
  nodes: 'The rows of the page.',
  edges: 'The rows of the page, each with its cursor.',
  node: 'The row.',
  pageInfo: 'Where the page lies in the list.',
  hasNextPage: 'Whether there are rows after this page.',
  hasPreviousPage: 'Whether there are rows before this page.',
  startCursor: 'The cursor of the first row.',
  endCursor: 'The cursor of the last row.',
};

/** Gives every field without a description the word of its name, and every input type a sentence. */
export function describe(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isObjectType(type) || isInputObjectType(type)) {
      type.description ??= sentenceOf(type.name);
      for (const field of Object.values(type.getFields())) field.description ??= WORDS[field.name];
    } else if (isEnumType(type)) type.description ??= sentenceOf(type.name);
  }
  return schema;
}

/** What a type's name says by its form. */
function sentenceOf(name: string): string | undefined {
  const noun = (stem: string) => stem.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  const forms: [RegExp, (stem: string) => string][] = [
    [/^Create(\w+)Input$/, (stem) => `What a new ${noun(stem)} is made of.`],
    [/^Update(\w+)Input$/, (stem) => `What of a ${noun(stem)} is to change; what isn’t given stays as it is.`],
    [/^(\w+)Connection$/, (stem) => `A page of a list: ${noun(stem)}.`],
    [/^(\w+)Edge$/, (stem) => `A row of a list (${noun(stem)}) and its cursor.`],
    [/^(\w+)Order$/, (stem) => `What the list is ordered by: ${noun(stem)}. Ties are broken by id.`],
  ];
  for (const [form, say] of forms) {
    const stem = form.exec(name)?.[1];
    if (stem) return say(stem);
  }
  return undefined;
}
