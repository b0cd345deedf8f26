import { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { DurableError } from "../core/errors.ts";
import { CONNECTION_LIMITS, type ConnectionLimits, serverOptions } from "./connection-limits.ts";
import { invalidConfiguration } from "./invalid-configuration.ts";

export interface Listener {
  readonly port: number;
  /** As a client on this machine reaches it. */
  readonly url: string;
  /** Takes no new connection. Resolves when the open ones have been answered. */
  stop(): Promise<void>;
  /** Cuts what is still connected. */
  cut(): void;
}

export interface Address {
  readonly port: number;
  readonly host: string;
}

/** @throws {DurableError} PORT_IN_USE, INVALID_CONFIGURATION */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  address: Address,
  limits: ConnectionLimits = CONNECTION_LIMITS,
): Promise<Listener> {
  const server = createAdaptorServer({ fetch, serverOptions: serverOptions(limits) });
  if (!(server instanceof Server)) throw new TypeError("An HTTP server was asked for.");
  server.maxHeadersCount = limits.maxHeaderCount;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(refusal(cause, address)));
    server.listen(address.port, address.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: urlOf({ host: address.host, port }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
    cut: () => server.closeAllConnections(),
  };
}

/** Where a client on this machine reaches what listens there. */
export function urlOf({ host, port }: Address): string {
  return `http://${hostInUrl(host)}:${port}`;
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function refusal(cause: NodeJS.ErrnoException, { port, host }: Address): DurableError {
  switch (cause.code) {
    case "EADDRINUSE":
      return new DurableError(
        "PORT_IN_USE",
        `Port ${port} of ${host} is in use by another process. Stop that one, or choose another port: --port ${port + 1}.`,
        { cause },
      );
    case "EACCES":
      return invalidConfiguration(
        `This process may not listen on port ${port}. Choose one above 1023: --port 7071.`,
        cause,
      );
    default:
      return invalidConfiguration(
        `This process cannot listen on host "${host}" (${cause.message}). Choose an address of this machine: --host 127.0.0.1.`,
        cause,
      );
  }
}
