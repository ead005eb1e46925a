/** An IBAN as it is kept: capitals without blanks. An empty one is none. */
export function normalIban(text: string): string | null {
  return text.replace(/\s/g, '').toUpperCase() || null;
}

/**
 * What is wrong with an IBAN, or nothing. ISO 13616: the first four characters go to the end, letters count from A = 10,
 * and the number that this spells leaves 1 when it is divided by 97; so one wrong digit, or two that are swapped, show.
 * How long a country's are is left to the bank.
 */
export function ibanProblem(text: string | null | undefined): string | false {
  const iban = text == null ? null : normalIban(text);
  if (iban === null) return false;
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) {
    return 'must be an IBAN: two letters, two digits, and 11 to 30 letters or digits';
  }
  const spelled = [...iban.slice(4), ...iban.slice(0, 4)].map((character) => Number.parseInt(character, 36)).join('');
  let rest = 0;
  for (const digit of spelled) rest = (rest * 10 + Number(digit)) % 97;
  return rest !== 1 && 'is no IBAN: its check digits don’t fit. Compare it with the owner’s bank papers';
}
