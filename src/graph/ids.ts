/**
 * An id is the same integer everywhere. Undefined for text that can't be one: it is answered like an id that doesn't
 * exist, because to the caller it is the same mistake.
 */
export function parseId(text: string | number): number | undefined {
  if (!/^[1-9]\d{0,9}$/.test(String(text))) return undefined;
  const id = Number(text);
  return id <= 2_147_483_647 ? id : undefined;
}
