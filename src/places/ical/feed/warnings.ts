/** Sentences about single events, as many as somebody will read. */
export class Warnings {
  readonly #told = new Set<string>();
  #more = 0;

  add(sentence: string): void {
    if (this.#told.size < MOST) this.#told.add(sentence);
    else if (!this.#told.has(sentence)) this.#more++;
  }

  list(): string[] {
    const more = this.#more > 0 ? [`And ${this.#more} more of this kind.`] : [];
    return [...this.#told, ...more];
  }
}

const MOST = 50;
