import { isUtf8 } from 'node:buffer';

/**
 * A calendar's logical lines: unfolded, without trailing blanks, without empty ones. `garbled` says that some bytes were
 * no letters in any charset that we could tell, and U+FFFD stands in their place.
 */
export function linesOf(bytes: Buffer): { lines: string[]; garbled: boolean } {
  const { text, garbled } = decode(bytes);
  const lines: string[] = [];
  for (const [line] of text.matchAll(/[^\r\n]+/g)) {
    const kept = line.trimEnd();
    // The parser's time grows with the square of a line's parameters. No channel writes lines of this length.
    if (kept) lines.push(kept.length > LONGEST_LINE ? kept.slice(0, LONGEST_LINE) : kept);
  }
  return { lines, garbled };
}

/** One line of text for people and for a column: no control characters, no blanks around it, at most so long. */
export function tidy(text: string, most: number): string {
  const line = text.replace(CONTROL, ' ').trim();
  if (line.length <= most) return line;
  return line.slice(0, most).replace(/[\uD800-\uDBFF]$/, ''); // Half of an emoji is not a character.
}

const LONGEST_LINE = 8_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: to remove them
const CONTROL = /[\u0000-\u001F\u007F-\u009F]+/g;

/** Lines are folded at 75 bytes, and a writer that counts bytes may cut a letter in two: bytes are joined, then read. */
function decode(bytes: Buffer): { text: string; garbled: boolean } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: unfold(utf16.decode(bytes)), garbled: false };
  const whole = Buffer.from(unfold(bytes.toString('latin1')), 'latin1');
  const text = utf8.decode(whole); // Without its byte order mark.
  if (isUtf8(whole)) return { text, garbled: false };
  // Not a single letter of more than one byte is whole: it was written in the charset of an old Windows.
  const isOneByte = !/[\u0080-\uFFFC]/.test(text);
  return isOneByte ? { text: windows1252.decode(whole), garbled: false } : { text, garbled: true };
}

/** Bounded on purpose: `\r*\n` would take the square of the time on a megabyte of carriage returns. */
function unfold(text: string): string {
  return text.replaceAll('\0', '').replace(/\r{0,2}\n[ \t]|\r[ \t]/g, '');
}

const utf8 = new TextDecoder('utf-8');
const utf16 = new TextDecoder('utf-16le');
const windows1252 = new TextDecoder('windows-1252');
