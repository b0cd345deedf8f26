import type { ServerOptions } from "node:http";

/** How much a client may send, and how long it may take to, before it is cut. Waits and watches are not limited by it. */
export interface ConnectionLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly checkIntervalMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  /** Room for a long query and the headers of several proxies. More is a 431. */
  maxHeaderBytes: 16 * 1024,
  /** Far more than browsers and proxies send; those that come after are not looked at. */
  maxHeaderCount: 200,
  /** Headers are one packet or two: who takes longer holds a connection and asks nothing. After that 408. */
  headersTimeoutMs: 20_000,
  /** The largest body, 64 MB, in this time is 1.8 Mbit/s. A slower request is a 408. */
  requestTimeoutMs: 5 * 60_000,
  /** Longer than the minute for which proxies keep a connection: who sends next must not find it closed. */
  keepAliveTimeoutMs: 65_000,
  /** How often to look for who has run out of time: no limit is overrun by more than this. */
  checkIntervalMs: 5_000,
};

export function serverOptions(limits: ConnectionLimits): ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  };
}
