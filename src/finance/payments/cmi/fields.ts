/** The fields of a form that CMI posts, read under the names that its documents give them, in whichever case they came. */
export class CmiFields {
  private readonly values = new Map<string, string>();

  private constructor(
    /** As they came, in their order. */
    readonly pairs: [string, string][],
  ) {
    for (const [name, value] of pairs) this.values.set(name.toLowerCase(), value);
  }

  /**
   * Undefined where a name comes twice: CMI sends none twice, and a hash that was made over one of the values must not let
   * the other in.
   */
  static read(body: string): CmiFields | undefined {
    const fields = new CmiFields([...new URLSearchParams(body)]);
    return fields.values.size === fields.pairs.length ? fields : undefined;
  }

  get(name: string): string | undefined {
    return this.values.get(name.toLowerCase());
  }
}
