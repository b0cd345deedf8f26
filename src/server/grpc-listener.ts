import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { DurableError } from "../core/errors.ts";
import { systemClock } from "../engine/clock.ts";
import type { Logger } from "../engine/logger.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { type SidecarServer, startSidecarServer, type WorkerPool } from "../grpc/index.ts";
import type { KeyRing } from "../http/index.ts";
import type { TaskHub } from "../sdk/index.ts";
import type { GrpcConfiguration } from "./configuration.ts";
import { invalidConfiguration } from "./invalid-configuration.ts";
import { ServedHubs } from "./served-hubs.ts";

export interface GrpcListenerOptions extends GrpcConfiguration {
  readonly hub: TaskHub;
  readonly workers: WorkerPool;
  readonly settings: Partial<EngineSettings>;
  readonly host: string;
  /** `undefined`: callers need no key. */
  readonly keys: KeyRing | undefined;
  readonly logger: Logger;
}

/** How long calls may still be answered when the host stops; those that wait for an instance would take for ever. */
const ANSWER_MS = 500;

/** What listens for workers and clients of the Durable Task SDKs. */
export interface GrpcListener {
  /** As they write it. */
  readonly address: string;
  /** Sends the workers away, then closes the hubs that were opened for them. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** @throws {DurableError} PORT_IN_USE, INVALID_CONFIGURATION */
export async function listenGrpc(options: GrpcListenerOptions): Promise<GrpcListener> {
  const { hub, workers, settings, host, port, keys, createHubs: createOnUse, logger } = options;
  const { activityTimeoutMs } = options;
  const tls = options.tls && (await readTls(options.tls));
  const hubs = new ServedHubs({
    own: hub,
    ownWorkers: workers,
    settings,
    createOnUse,
    activityTimeoutMs,
    logger,
  });
  const server = await start({
    host,
    port,
    hubOf: (name) => hubs.of(name),
    admin: hubs,
    ...(keys ? { isAllowed: async (token) => (await keys.accessOf(token)) === "full" } : {}),
    ...(tls ? { tls } : {}),
    clock: systemClock,
    logger,
  });
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    close: async ({ drainMs }) => {
      await server.close({ drainMs, graceMs: Math.min(drainMs, ANSWER_MS) });
      await hubs.close({ drainMs });
    },
  };
}

async function start(options: Parameters<typeof startSidecarServer>[0]): Promise<SidecarServer> {
  try {
    return await startSidecarServer(options);
  } catch (cause) {
    const { host, port } = options;
    const text = cause instanceof Error ? cause.message : String(cause);
    if (text.includes("EADDRINUSE")) {
      throw new DurableError(
        "PORT_IN_USE",
        `Port ${port} of ${host} is in use by another process. Stop that one, or choose another port: --grpc-port ${port + 1}.`,
        { cause },
      );
    }
    throw invalidConfiguration(
      `This process cannot listen for gRPC on ${host}, port ${port} (${text}).`,
      cause,
    );
  }
}

async function readTls(files: {
  readonly certificate: string;
  readonly privateKey: string;
}): Promise<{ readonly certificate: Buffer; readonly privateKey: Buffer }> {
  const [certificate, privateKey] = await Promise.all([read(files.certificate), read(files.privateKey)]);
  try {
    createSecureContext({ cert: certificate, key: privateKey });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw invalidConfiguration(
      `The certificate "${files.certificate}" and the private key "${files.privateKey}" cannot be used for TLS (${text}). Both are files in PEM form, and the key is that of the certificate.`,
      cause,
    );
  }
  return { certificate, privateKey };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalidConfiguration(`The file "${path}" for TLS cannot be read. Name a file in PEM form.`, cause);
  }
}
