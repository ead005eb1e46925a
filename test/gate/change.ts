/** A difference between two contracts that somebody may notice. What nobody can notice is not told. */
export interface Change {
  /**
   * `breaking` when a client that is right today would be wrong tomorrow; `careful` when only a client that assumed more than
   * was promised would, such as one that has no branch for a value that an enum gains.
   */
  kind: 'breaking' | 'careful';
  /** What is different, in a line that is the same at every run: it is what the CHANGELOG names. */
  line: string;
}

/** Collects changes; one that is found along several ways, as through a shared component, is told once. */
export class Changes {
  private readonly found = new Map<string, Change>();

  breaking(line: string): void {
    this.found.set(line, { kind: 'breaking', line });
  }

  careful(line: string): void {
    if (!this.found.has(line)) this.found.set(line, { kind: 'careful', line });
  }

  all(): Change[] {
    return [...this.found.values()];
  }
}
