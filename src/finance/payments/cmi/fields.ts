import { isUtf8 } from 'node:buffer';

/** The fields of a form that CMI posts, read under the names that its documents give them, in whichever case they came. */
export class CmiFields {
  private readonly values = new Map<string, string>();

  private constructor(
    /** As they came, in their order. */
    readonly pairs: [string, string][],
    /** The same, a character a byte: the hash is over bytes, whatever letters they are. */
    readonly bytes: [string, string][],
  ) {
    for (const [name, value] of pairs) this.values.set(name.toLowerCase(), value);
  }

  /**
   * Undefined where a name comes twice: CMI sends none twice, and a hash that was made over one of the values must not let
   * the other in. A shop whose own form isn't in UTF-8 gets its callbacks in the same letters, which are Turkey's at Payten
   * (ISO-8859-9) and those of western Europe but for six.
   */
  static read(body: Buffer): CmiFields | undefined {
    const bytes = body.toString('latin1').split('&').filter(Boolean).map(pairOf);
    const letters = isUtf8(Buffer.from(bytes.flat().join(''), 'latin1')) ? 'utf-8' : 'windows-1254';
    const text = (part: string) => new TextDecoder(letters, { ignoreBOM: true }).decode(Buffer.from(part, 'latin1'));
    const pairs = bytes.map(([name, value]): [string, string] => [text(name), text(value)]);
    const fields = new CmiFields(pairs, bytes);
    return fields.values.size === pairs.length ? fields : undefined;
  }

  get(name: string): string | undefined {
    return this.values.get(name.toLowerCase());
  }
}

/** `oid=BKG%2D1` → its name and its value, a character a byte. */
function pairOf(pair: string): [string, string] {
  const at = pair.includes('=') ? pair.indexOf('=') : pair.length;
  return [unquoted(pair.slice(0, at)), unquoted(pair.slice(at + 1))];
}

const unquoted = (text: string): string =>
  text.replaceAll('+', ' ').replace(/%([\da-f]{2})/gi, (_whole, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
