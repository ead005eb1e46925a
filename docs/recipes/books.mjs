// Double-entry books in a folder: a file for each event that was booked, and a journal that is printed from them.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The columns of the Fichier des écritures comptables, which Sage, Indy and Macompta.ma take in. */
const COLUMNS = [
  ...['JournalCode', 'JournalLib', 'EcritureNum', 'EcritureDate', 'CompteNum', 'CompteLib', 'CompAuxNum', 'CompAuxLib'],
  ...['PieceRef', 'PieceDate', 'EcritureLib', 'Debit', 'Credit', 'EcritureLet', 'DateLet', 'ValidDate'],
  ...['Montantdevise', 'Idevise'],
];

const JOURNALS = { VT: 'Ventes', AC: 'Achats', BQ: 'Banque' };

/** Opens the books in `folder`. An entry is `{event, journal, date, piece, label, currency, party, rows, …}`. */
export function openBooks(folder) {
  const entries = join(folder, 'entries');
  mkdirSync(entries, { recursive: true });
  const read = (file) => JSON.parse(readFileSync(join(entries, file), 'utf8'));
  return {
    all: () =>
      readdirSync(entries)
        .filter((file) => file.endsWith('.json'))
        .map(read),
    has: (event) => existsSync(join(entries, `${event}.json`)),
    keep: (name, content) => write(join(folder, name), content),
    /** Books an entry, under the id of its event: a file is there whole or not at all, so nothing is booked twice. */
    book(entry) {
      refuseUnbalanced(entry);
      const number = this.all().length + 1;
      write(join(entries, `${entry.event}.json`), JSON.stringify({ number, ...entry }, null, 2));
      this.print();
    },
    /** From the entries, so that a journal that was not finished is finished by the next one. */
    print() {
      const lines = this.all()
        .sort((a, b) => a.number - b.number)
        .flatMap(linesOf);
      write(join(folder, 'journal.txt'), [COLUMNS, ...lines].map((cells) => `${cells.join('\t')}\r\n`).join(''));
    },
  };
}

/** How many decimals a currency has: 2 for MAD and EUR, 3 for TND. */
export const decimalsOf = (currency) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;

/** An amount in the currency's smallest unit, because sums of decimals are off by a cent sooner or later. */
export const minor = (amount, currency) => Math.round(amount * 10 ** decimalsOf(currency));

/** A row on the debit side, or for an amount below 0 on the credit side. */
export const debit = ([account, name], amountMinor, label) =>
  amountMinor < 0
    ? credit([account, name], -amountMinor, label)
    : { account, name, debit: amountMinor, credit: 0, label };

export const credit = ([account, name], amountMinor, label) =>
  amountMinor < 0
    ? debit([account, name], -amountMinor, label)
    : { account, name, debit: 0, credit: amountMinor, label };

function refuseUnbalanced({ piece, rows }) {
  const difference = rows.reduce((sum, row) => sum + row.debit - row.credit, 0);
  if (difference !== 0)
    throw new Error(`${piece} is ${difference} off: its debit is not its credit. Nothing was booked.`);
}

function linesOf({ number, journal, date, piece, label, currency, party, rows }) {
  const decimals = decimalsOf(currency);
  const amount = (amountMinor) => (amountMinor / 10 ** decimals).toFixed(decimals).replace('.', ',');
  const day = date.replaceAll('-', '');
  return rows
    .filter((row) => row.debit !== row.credit)
    .map((row) => [
      ...[journal, JOURNALS[journal], number, day, row.account, row.name, `P${party.id}`, plain(party.name)],
      ...[
        piece,
        day,
        plain(`${label}: ${row.label}`),
        amount(row.debit),
        amount(row.credit),
        '',
        '',
        day,
        '',
        currency,
      ],
    ]);
}

/** A tab or the end of a line in a text would be a column or a row more. */
const plain = (text) => text.replace(/\s+/g, ' ').trim();

function write(file, content) {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}
