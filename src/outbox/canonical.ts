/**
 * A value as the one JSON text that it has whoever writes it: keys in the order of their code units, no blanks, numbers and
 * strings as JSON.stringify has them (RFC 8785). A hash over it can be made anew in any language.
 * What JSON has no form for is written as text.
 */
export function canonical(value: unknown): string {
  const plain = plainly(value);
  if (Array.isArray(plain)) return `[${plain.map(canonical).join(',')}]`;
  if (typeof plain !== 'object' || plain === null) return JSON.stringify(plain) ?? 'null';
  const members = Object.entries(plain).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

function plainly(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return 'toJSON' in value ? JSON.parse(JSON.stringify(value)) : value;
}
