import { RUNTIME_STATUSES, type RuntimeStatus } from "../core/orchestration-status.ts";

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

  /** A whole number above 0; anything else is not there (H-13). */
  count(name: string): number | undefined {
    const value = Number(this.text(name) ?? Number.NaN);
    return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  }

  /** A time; years may have fewer than four digits, and what is no time is not there (H-14). */
  time(name: string): Date | undefined {
    const value = this.text(name)?.replace(/^\d{1,3}(?=-)/, (year) => year.padStart(4, "0"));
    const time = value === undefined ? Number.NaN : Date.parse(value);
    return Number.isNaN(time) ? undefined : new Date(time);
  }

  /** Statuses by name, in their own case, or by number; others are dropped, and a list of nothing is no list (H-15). */
  statuses(name: string): readonly RuntimeStatus[] | undefined {
    const statuses = (this.text(name)?.split(",") ?? []).flatMap((item) => statusOf(item.trim()) ?? []);
    return statuses.length === 0 ? undefined : [...new Set(statuses)];
  }
}

function statusOf(item: string): RuntimeStatus | undefined {
  if (/^\d+$/.test(item)) return RUNTIME_STATUSES[Number(item)];
  return RUNTIME_STATUSES.find((status) => status === item);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;
