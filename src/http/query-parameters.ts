/** The query of a request, read the way the Durable Functions HTTP API reads it: what makes no sense is not there. */
export class QueryParameters {
  readonly #values = new Map<string, string>();

  constructor(url: URL) {
    for (const [rawName, rawValue] of url.searchParams) {
      const name = rawName.trim().toLowerCase();
      const value = rawValue.trim();
      const earlier = this.#values.get(name);
      this.#values.set(name, earlier === undefined ? value : `${earlier},${value}`);
    }
  }

  /** Names compare without regard to case; a repeated parameter is one list (H-11). Blank is the same as absent (H-9). */
  text(name: string): string | undefined {
    return this.#values.get(name.toLowerCase()) || undefined;
  }

  /** `true` and `false` in any case; anything else is the default (H-12). */
  flag(name: string, otherwise: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    return value === "true" || value === "false" ? value === "true" : otherwise;
  }

  /** Seconds with or without a fraction, as milliseconds (H-16). */
  seconds(name: string): number | undefined {
    const value = this.text(name);
    return value !== undefined && DECIMAL.test(value) ? Number(value) * 1000 : undefined;
  }
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;
