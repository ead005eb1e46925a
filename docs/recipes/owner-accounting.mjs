// Owner accounting, as Indy, Macompta.ma and Sage take it: each statement becomes a balanced entry in the owner's books with
// its PDF beside it, and a transfer of the net is proposed; the agency's invoices to the owner are booked as they are sent and paid.
// Abilities: statements:read, owners:read, invoices:read, webhooks:write.
import { ask, listen, load } from './api.mjs';
import { credit, debit, decimalsOf, minor, openBooks } from './books.mjs';

const { BOOKS = 'books', CHART = 'cgnc' } = process.env;

/** Accounts of the Moroccan plan (CGNC) and of the French one (PCG). Have an accountant look at them. */
const CHARTS = {
  cgnc: {
    agency: ['3488', 'Divers débiteurs'],
    rent: ['7124', 'Ventes de services produits au Maroc'],
    commission: ['6136', 'Rémunérations d’intermédiaires et honoraires'],
    upkeep: ['6133', 'Entretien et réparations'],
    tax: ['34552', 'État, TVA récupérable sur charges'],
    supplier: ['4411', 'Fournisseurs'],
    bank: ['5141', 'Banques'],
  },
  pcg: {
    agency: ['467', 'Autres comptes débiteurs ou créditeurs'],
    rent: ['706', 'Prestations de services'],
    commission: ['622', 'Rémunérations d’intermédiaires et honoraires'],
    upkeep: ['615', 'Entretien et réparations'],
    tax: ['44566', 'TVA déductible'],
    supplier: ['401', 'Fournisseurs'],
    bank: ['512', 'Banques'],
  },
};
const accounts = CHARTS[CHART];
if (!accounts) throw new Error(`CHART must be one of ${Object.keys(CHARTS).join(', ')}; it is ${CHART}.`);
const books = openBooks(BOOKS);

// What a run that was ended in the middle had booked and not printed.
books.print();
proposeTransfers();

await listen(['owner.statement_ready', 'invoice.*'], async ({ id, event, data }) => {
  if (books.has(id)) return console.log(`${id} is booked already`);
  if (event === 'owner.statement_ready') await bookStatement(id, data.statement);
  else if (data.invoice.owner_id !== null) bookInvoice(id, event, data.invoice);
});

/** The event says that there is a statement; the lines, the file for the auditor and the owner's account are fetched. */
async function bookStatement(event, { id }) {
  const { data: statement } = await ask('GET', `/v1/statements/${id}`);
  const { data: owner } = await ask('GET', `/v1/owners/${statement.owner_id}`);
  const csv = await load(`/v1/statements/${id}?format=csv`);
  const pdf = await load(`/v1/statements/${id}?format=pdf`);
  refuseWrongTotals(statement);
  refuseOtherLines(statement, csv);
  const name = `statement-${id}`;
  books.keep(`${name}.json`, JSON.stringify(statement, null, 2));
  books.keep(`${name}.csv`, csv);
  books.keep(`${name}.pdf`, pdf);

  if (books.has(event)) return; // A second call has come while the first was fetching.
  // Of one owner and month the highest revision counts: it takes back the one before. One that comes late is nothing new.
  const earlier = books
    .all()
    .flatMap((entry) => entry.statement ?? [])
    .filter((known) => known.owner_id === owner.id && known.from === statement.from)
    .sort((a, b) => b.revision - a.revision);
  const isLate = earlier[0]?.revision > statement.revision;
  const own = isLate ? [] : rowsOf(statement);
  const asked = earlier.reduce((sum, { toPayMinor }) => sum + toPayMinor, 0);
  const toPayMinor = isLate ? 0 : minor(statement.net, statement.currency) - asked;
  const rows = isLate ? [] : [...(earlier[0]?.own ?? []).map(reversed), ...own];
  books.book({
    event,
    journal: 'VT',
    date: statement.to,
    piece: `STM-${id}`,
    label: `${statement.from.slice(0, 7)} revision ${statement.revision}`,
    currency: statement.currency,
    party: { id: owner.id, name: owner.name, iban: owner.iban },
    rows,
    statement: { owner_id: owner.id, from: statement.from, revision: statement.revision, own, toPayMinor },
  });
  proposeTransfers();
  console.log(`statement ${id}: ${rows.length} rows booked; ${words(toPayMinor, statement.currency, owner)}`);
}

/** What the nights earned is the owner's income; what the agency kept and spent is their cost; the rest the agency owes. */
function rowsOf({ lines, net, currency }) {
  const rows = lines.flatMap((line) => [
    credit(accounts.rent, minor(line.revenue, currency), `${line.property.code} ${line.label}`),
    debit(accounts.commission, minor(line.commission, currency), `${line.property.code} ${line.label}`),
    debit(accounts.upkeep, minor(line.expense, currency), `${line.property.code} ${line.label}`),
  ]);
  return [...rows, debit(accounts.agency, minor(net, currency), 'net to disburse')];
}

function reversed(row) {
  return { ...row, debit: row.credit, credit: row.debit, label: `taken back: ${row.label}` };
}

/** For the owner the agency's invoice is a supplier's. A credit note has amounts below 0, so its sides are the other way round. */
function bookInvoice(event, name, invoice) {
  const { currency, customer_name, owner_id, number } = invoice;
  const amount = (key) => minor(invoice[key], currency);
  const total = amount('total_amount');
  const rows =
    name === 'invoice.sent'
      ? [
          debit(accounts.upkeep, amount('net_amount'), 'before tax'),
          debit(accounts.tax, amount('tax_amount'), 'tax'),
          credit(accounts.supplier, total, 'to pay'),
        ]
      : [debit(accounts.supplier, total, 'paid'), credit(accounts.bank, total, 'paid')];
  books.book({
    event,
    journal: name === 'invoice.sent' ? 'AC' : 'BQ',
    date: (name === 'invoice.paid' && invoice.paid_at?.slice(0, 10)) || invoice.issued_on,
    piece: number,
    label: number,
    currency,
    party: { id: owner_id, name: customer_name },
    rows,
  });
  console.log(`${name} ${number}: ${rows.length} rows booked`);
}

/** For a person who releases them at the bank. A revision asks only for what those before have not; below 0, the owner owes it. */
function proposeTransfers() {
  const due = books.all().filter(({ statement }) => statement?.toPayMinor);
  const rows = due.map(({ piece, label, currency, party, statement }) => {
    const decimals = decimalsOf(currency);
    const amount = (statement.toPayMinor / 10 ** decimals).toFixed(decimals);
    return [piece, party.id, party.iban ?? '', amount, currency, `${piece} ${label}`];
  });
  books.keep(
    'transfers.csv',
    [['statement', 'owner_id', 'iban', 'amount', 'currency', 'reference'], ...rows].join('\n'),
  );
}

function words(toPayMinor, currency, { name, iban }) {
  const amount = `${(Math.abs(toPayMinor) / 10 ** decimalsOf(currency)).toFixed(decimalsOf(currency))} ${currency}`;
  if (toPayMinor > 0) return `transfer ${amount} to ${name}, ${iban ?? 'whose account is not known: ask for an IBAN'}`;
  return toPayMinor < 0 ? `${name} owes ${amount}` : 'nothing to transfer';
}

function refuseWrongTotals({ id, lines, currency, ...totals }) {
  for (const [total, part] of [
    ['revenue', 'revenue'],
    ['commission', 'commission'],
    ['expenses', 'expense'],
    ['net', 'net'],
  ]) {
    const sum = lines.reduce((all, line) => all + minor(line[part], currency), 0);
    if (sum !== minor(totals[total], currency))
      throw new Error(`The ${total} of statement ${id} is not the sum of its lines.`);
  }
}

/** The CSV is what the accountant looks at: it must say what was booked. Its last column is the net; a text may have lines of its own. */
function refuseOtherLines({ id, net, currency }, csv) {
  const [, ...rows] = csv
    .toString()
    .replace(/"(?:[^"]|"")*"/g, '')
    .trim()
    .split('\n');
  const sum = rows.reduce((all, row) => all + minor(Number(row.slice(row.lastIndexOf(',') + 1)), currency), 0);
  if (sum !== minor(net, currency)) throw new Error(`The CSV of statement ${id} does not come to its net.`);
}
