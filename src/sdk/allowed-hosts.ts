import { DurableError } from "../core/errors.ts";

/** Which hosts HTTP calls may go to: `example.com`, `example.com:8443`, `*.example.com`; without a list, all. */
export class AllowedHosts {
  readonly #patterns: readonly RegExp[] | undefined;
  readonly #texts: readonly string[];

  /** @throws {DurableError} INVALID_CONFIGURATION for what is no host */
  constructor(hosts: readonly string[] | undefined) {
    this.#texts = hosts ?? [];
    this.#patterns = hosts?.map(patternOf);
  }

  /** @throws {DurableError} HTTP_CALL_REFUSED */
  check(url: URL): void {
    if (this.#patterns === undefined) return;
    const { host, hostname } = url;
    if (this.#patterns.some((pattern) => pattern.test(host) || pattern.test(hostname))) return;
    throw new DurableError(
      "HTTP_CALL_REFUSED",
      `The host '${host}' may not be called. Allowed are (httpSettings.allowedHosts): ${this.#texts.join(", ")}.`,
    );
  }
}

const HOST = /^(\*\.)?([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d+)?$/i;

function patternOf(host: string): RegExp {
  if (typeof host !== "string" || !HOST.test(host)) {
    throw new DurableError(
      "INVALID_CONFIGURATION",
      `httpSettings.allowedHosts has ${JSON.stringify(host)}; allowed: hosts like "example.com", "example.com:8443" or "*.example.com".`,
    );
  }
  const escaped = host.replace(/[.[\]:]/g, "\\$&").replace(/^\*/, "[^:]+");
  return new RegExp(`^${escaped}$`, "i");
}
