import { inflateSync } from 'node:zlib';

/**
 * What somebody reads in a PDF of ours, a page an item: the texts of its content streams by the fonts' own ToUnicode maps,
 * as a PDF viewer's search finds them. It knows what pdfkit writes, and no other PDF.
 */
export function pdfPages(file: Uint8Array): string[] {
  const objects = objectsOf(Buffer.from(file));
  const maps = new Map<string, Map<string, string>>();
  for (const [id, { text }] of objects) {
    const map = /\/ToUnicode (\d+) 0 R/.exec(text)?.[1];
    if (map) maps.set(id, unicodeOf(objects.get(map)!.stream));
  }
  const pages = [...objects.values()].filter(({ text }) => /\/Type \/Page\b/.test(text));
  return pages.map(({ text }) => {
    const resources = /\/Resources (\d+) 0 R/.exec(text)?.[1];
    const fonts = resources ? objects.get(resources)!.text : text;
    const named = new Map([...fonts.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name!, maps.get(id!)!]));
    return textOf(objects.get(/\/Contents (\d+) 0 R/.exec(text)![1]!)!.stream, named);
  });
}

interface PdfObject {
  text: string;
  stream: string;
}

function objectsOf(file: Buffer): Map<string, PdfObject> {
  const found = new Map<string, PdfObject>();
  const raw = file.toString('latin1');
  for (const { 1: id, index } of raw.matchAll(/^(\d+) 0 obj$/gm)) {
    const body = raw.slice(index, raw.indexOf('endobj', index));
    const begins = body.indexOf('stream\n');
    const text = begins < 0 ? body : body.slice(0, begins);
    const bytes = begins < 0 ? '' : body.slice(begins + 'stream\n'.length, body.lastIndexOf('\nendstream'));
    const stream = /FlateDecode/.test(text) ? inflateSync(Buffer.from(bytes, 'latin1')).toString('latin1') : bytes;
    found.set(id!, { text, stream });
  }
  return found;
}

/** From a glyph's code in hex to the text that it stands for. */
function unicodeOf(cmap: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const [, first, , codes] of cmap.matchAll(/<(\w{4})> <(\w{4})> \[([^\]]*)\]/g)) {
    for (const [i, [, code]] of [...codes!.matchAll(/<([\w ]*)>/g)].entries()) {
      const glyph = (Number.parseInt(first!, 16) + i).toString(16).padStart(4, '0');
      map.set(glyph, Buffer.from(code!.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'));
    }
  }
  return map;
}

function textOf(content: string, fonts: Map<string, Map<string, string>>): string {
  let font: Map<string, string> | undefined;
  const lines: string[] = [];
  for (const [, name, shown] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (name) font = fonts.get(name);
    else lines.push([...shown!.matchAll(/<(\w+)>/g)].map(([, hex]) => glyphs(hex!, font!)).join(''));
  }
  return lines.join('\n');
}

const glyphs = (hex: string, font: Map<string, string>): string =>
  hex
    .match(/.{4}/g)!
    .map((glyph) => font.get(glyph.toLowerCase()) ?? '\uFFFD')
    .join('');
