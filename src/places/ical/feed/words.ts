/**
 * How channels and people say that nights are closed, or sold, in the languages they say it in. Written as `plain` makes
 * them: small letters without accents. A summary that begins with one of them is meant, so that "Blocked for painting"
 * is, and Mrs Closedale isn't.
 */
const CLOSED = [
  ...['blocked', 'block', 'closed', 'unavailable', 'not available', 'not bookable', 'owner block', 'maintenance'],
  ...['indisponible', 'non disponible', 'pas disponible', 'bloque', 'bloquee', 'ferme', 'fermee'],
  ...['nicht verfugbar', 'nicht buchbar', 'gesperrt', 'blockiert', 'geschlossen'],
  ...['no disponible', 'bloqueado', 'bloqueada', 'cerrado', 'cerrada'],
  ...['non disponibile', 'bloccato', 'bloccata', 'chiuso', 'chiusa'],
  ...['indisponivel', 'nao disponivel', 'fechado', 'fechada'],
  ...['niet beschikbaar', 'geblokkeerd', 'gesloten'],
  ...['niedostepne', 'niedostepny', 'zablokowane', 'ikke tilgængelig', 'ikke tilgjengelig', 'ej tillganglig'],
  ...['inte tillganglig', 'ei saatavilla', 'nedostupne', 'nem elerheto', 'musait degil', 'недоступно', 'закрыто'],
  ...['غير متاح', 'غير متوفر', 'مغلق', 'محجوب', '不可用', '不可预订', '利用不可', '예약 불가'],
];

const SOLD = [
  ...['reserved', 'booked', 'reservation', 'booking', 'reserve', 'reservee', 'reservado', 'reservada', 'reserva'],
  ...['reserviert', 'gebucht', 'reservierung', 'buchung', 'prenotato', 'prenotata', 'prenotazione', 'riservato'],
  ...['gereserveerd', 'geboekt', 'reservering', 'zarezerwowane', 'rezerwacja', 'reserveret', 'reservert', 'reserverad'],
  ...['bokad', 'varattu', 'rezervovano', 'rezervace', 'foglalt', 'rezerve', 'забронировано', 'محجوز', 'حجز'],
  ...['已预订', '予約済み', '예약됨'],
];

/** Says that the nights are gone, and not why. */
const BUSY = [
  'busy',
  'occupe',
  'occupee',
  'ocupado',
  'ocupada',
  'occupato',
  'belegt',
  'bezet',
  'zajete',
  'занято',
  'مشغول',
];

export function isClosed(summary: string): boolean {
  return begins(CLOSED).test(plain(summary));
}

/** "Reserved" or "Busy", and nothing more. */
export function isGeneric(summary: string): boolean {
  const text = plain(summary);
  return text === '' || [...SOLD, ...BUSY, 'not specified', 'no title', '(no title)'].includes(text);
}

export function isSold(summary: string): boolean {
  return begins(SOLD).test(plain(summary));
}

/** "Réservée - Marie" → "Marie" */
export function nameAfterSold(summary: string): string | null {
  const [, before, name] = /^([^-–—:]{1,30}?)\s*[-–—:]\s*(\S.*)$/u.exec(summary) ?? [];
  return before && name && SOLD.includes(plain(before)) ? name.trim() : null;
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFC').toLowerCase().trim();
}

function begins(words: string[]): RegExp {
  let expression = expressions.get(words);
  if (!expression) {
    expression = new RegExp(`^(?:${words.map((word) => word.normalize('NFC')).join('|')})(?![\\p{L}\\p{N}])`, 'u');
    expressions.set(words, expression);
  }
  return expression;
}

const expressions = new Map<string[], RegExp>();
