import { decimals } from '../../core/money.ts';
import type { Viewer } from '../../core/viewer.ts';
import { fontFile } from '../../database/assets.ts';
import type { PrintedLine, PrintedStatement } from './printed.ts';

/**
 * A statement on A4: whose it is, the month, a row for each line under its property's name, and the totals. The same
 * statement is the same bytes each time. DejaVu Sans has the letters of European languages with their accents; Arabic has
 * its letters, but a line is laid out from left to right, and Chinese or Japanese come out as boxes.
 *
 * Amounts have the currency's decimals and nothing between their thousands, which every country writes in another way.
 */
export async function statementPdf(statement: PrintedStatement, { agency }: Viewer): Promise<Uint8Array> {
  const { default: PDFDocument } = await import('pdfkit'); // A megabyte that a start doesn't need.
  const made = new Date(statement.generated_at);
  const doc = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    bufferPages: true, // The feet say how many pages there are.
    font: fontFile('DejaVuSans'),
    info: { Title: `Statement ${statement.id}`, Author: agency.name, CreationDate: made, ModDate: made },
  });
  const chunks: Uint8Array[] = [];
  doc.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise((end) => doc.once('end', end));
  doc.registerFont(PLAIN, fontFile('DejaVuSans')).registerFont(BOLD, fontFile('DejaVuSans-Bold'));
  writeHead(doc, statement, agency.name);
  writeTable(doc, statement);
  writeFeet(doc, statement, agency.name);
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

type Document = PDFKit.PDFDocument;

const PLAIN = 'plain';
const BOLD = 'bold';
const MARGIN = 50;
const WIDTH = 595.28 - 2 * MARGIN;
/** Where the rows of a page end, above its foot. */
const BOTTOM = 841.89 - MARGIN - 30;
const GAP = 6;
const SIZE = 8;

interface Column {
  title: string;
  width: number;
  align: 'left' | 'right';
  text(line: PrintedLine, money: (amount: number) => string): string;
}

const FIGURE = 66;

const COLUMNS: Column[] = [
  { title: 'Stay or expense', width: WIDTH - 40 - 4 * FIGURE, align: 'left', text: ({ label }) => label },
  { title: 'Nights', width: 40, align: 'right', text: ({ nights }) => (nights === 0 ? '' : String(nights)) },
  { title: 'Revenue', width: FIGURE, align: 'right', text: ({ revenue }, money) => orNothing(revenue, money) },
  { title: 'Commission', width: FIGURE, align: 'right', text: ({ commission }, money) => orNothing(commission, money) },
  { title: 'Expense', width: FIGURE, align: 'right', text: ({ expense }, money) => orNothing(expense, money) },
  { title: 'Net', width: FIGURE, align: 'right', text: ({ net }, money) => money(net) },
];

const orNothing = (amount: number, money: (amount: number) => string): string => (amount === 0 ? '' : money(amount));

function writeHead(doc: Document, statement: PrintedStatement, agency: string): void {
  const { owner_name, from, to, currency, revision, id } = statement;
  doc.font(BOLD).fontSize(16).text(agency, { width: WIDTH });
  doc.moveDown(0.5).fontSize(12).text('Owner statement');
  doc.moveDown(0.5).font(PLAIN).fontSize(9);
  doc.text(`Owner: ${owner_name}`).text(`Period: ${from} to ${to}`).text(`Currency: ${currency}`);
  doc.text(`Statement: ${id}, revision ${revision}`);
  doc.moveDown(1.5);
}

function writeTable(doc: Document, { lines, currency, ...totals }: PrintedStatement): void {
  const money = (amount: number) => amount.toFixed(decimals(currency));
  const titles = COLUMNS.map(({ title }) => title);
  writeRow(doc, titles, { font: BOLD, rule: true });
  for (const line of lines) {
    const cells = COLUMNS.map(({ text }) => text(line, money));
    cells[0] = `${line.property.name}\n${cells[0]}`;
    if (doc.y + heightOf(doc, cells, PLAIN) > BOTTOM) {
      doc.addPage();
      writeRow(doc, titles, { font: BOLD, rule: true });
    }
    writeRow(doc, cells, { font: PLAIN, rule: false });
  }
  if (doc.y + 120 > BOTTOM) doc.addPage();
  const { revenue, commission, expenses, net } = totals;
  const sums = ['', ...[revenue, commission, expenses, net].map(money)];
  doc.y += GAP;
  writeRow(doc, ['Total', ...sums], { font: BOLD, rule: false, above: true });
  doc.moveDown(1).font(BOLD).fontSize(11);
  const sentence = net < 0 ? 'To be paid by the owner' : 'To be paid to the owner';
  doc.text(`${sentence}: ${money(Math.abs(net))} ${currency}`, MARGIN, doc.y, { width: WIDTH, align: 'right' });
}

function heightOf(doc: Document, cells: string[], font: string): number {
  doc.font(font);
  const heights = cells.map((cell, i) => {
    narrow(doc, cell, COLUMNS[i]!);
    return doc.heightOfString(cell, { width: COLUMNS[i]!.width - GAP });
  });
  return Math.max(...heights) + GAP;
}

/** A figure that is too wide for its column is written smaller: half of it on the next line would be another figure. */
function narrow(doc: Document, cell: string, { width, align }: Column): void {
  const room = width - GAP - 0.1;
  const wanted = doc.fontSize(SIZE).widthOfString(cell);
  if (align === 'right' && wanted > room) doc.fontSize((SIZE * room) / wanted);
}

function writeRow(
  doc: Document,
  cells: string[],
  { font, rule, above = false }: { font: string; rule: boolean; above?: boolean },
): void {
  const height = heightOf(doc, cells, font);
  const top = doc.y;
  if (above) line(doc, top - GAP / 2);
  let x = MARGIN;
  for (const [i, cell] of cells.entries()) {
    const { width, align } = COLUMNS[i]!;
    narrow(doc, cell, COLUMNS[i]!);
    doc.text(cell, align === 'right' ? x + GAP : x, top, { width: width - GAP, align });
    x += width;
  }
  if (rule) line(doc, top + height - GAP / 2);
  doc.x = MARGIN;
  doc.y = top + height;
}

function line(doc: Document, y: number): void {
  doc
    .moveTo(MARGIN, y)
    .lineTo(MARGIN + WIDTH, y)
    .lineWidth(0.5)
    .stroke();
}

function writeFeet(doc: Document, { generated_at, sources_hash }: PrintedStatement, agency: string): void {
  const { count } = doc.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page);
    doc.page.margins.bottom = 0; // Else a text below the margin begins another page.
    const foot = `${agency} · made ${generated_at} · page ${page + 1} of ${count}\nSHA-256 of its sources: ${sources_hash}`;
    doc
      .font(PLAIN)
      .fontSize(6)
      .text(foot, MARGIN, BOTTOM + 12, { width: WIDTH, align: 'center' });
  }
}
