import {
  logVerbosity,
  type Metadata,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Clock } from "../engine/clock.ts";
import type { Logger } from "../engine/logger.ts";
import { eagerCalls } from "./eager-call.ts";
import { WorkItemStreams } from "./get-work-items.ts";
import { keyCheck } from "./key-check.ts";
import { lenientService } from "./lenient-service.ts";
import { adminRpcs, managementRpcs, type TaskHubAdmin } from "./management-rpcs.ts";
import { PendingCalls } from "./pending-calls.ts";
import type { ServedHub } from "./served-hub.ts";
import { streamHandler, streamOpener } from "./stream-handler.ts";
import { streamInstanceHistory } from "./stream-history.ts";
import { adminHandler, type HandlerPorts, unaryHandler } from "./unary-handler.ts";
import {
  abandonWork,
  completeActivityTask,
  completeEntityTask,
  completeOrchestratorTask,
} from "./worker-rpcs.ts";

export interface SidecarServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The hub of that name, or the one of this server. @throws {DurableError} TASK_HUB_NOT_FOUND, INVALID_TASK_HUB_NAME */
  readonly hubOf: (name: string | undefined) => Promise<ServedHub>;
  readonly admin: TaskHubAdmin;
  /** Whether a caller with this token may call. Absent: everybody may. */
  readonly isAllowed?: (token: string) => Promise<boolean>;
  /** PEM. Absent: without encryption. */
  readonly tls?: { readonly certificate: Buffer; readonly privateKey: Buffer };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A server of the Durable Task protocol that listens. */
export interface SidecarServer {
  readonly port: number;
  /**
   * Lets the workers answer what they have within `drainMs`, sends them away, and cuts off calls that are not answered
   * within `graceMs` from then.
   */
  close(options: { readonly drainMs: number; readonly graceMs: number }): Promise<void>;
}

/** What has been answered may still be on its way when connections are cut. */
const LAST_WORDS_MS = 100;

/** What the workers of all SDKs can receive is for them to say; here nothing is too large. */
const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // A connection may end without a word to either side: after 90 s of silence what its worker has goes to another.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 60_000,
  // Statistics of every call, which nobody reads.
  "grpc.enable_channelz": 0,
};

/** @throws {Error} when it cannot listen there */
export async function startSidecarServer(options: SidecarServerOptions): Promise<SidecarServer> {
  const { clock, logger, isAllowed, hubOf } = options;
  // What goes wrong comes back as an error; the library would also print it.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    ...CHANNEL_OPTIONS,
    interceptors: isAllowed ? [keyCheck(isAllowed, logger), eagerCalls] : [eagerCalls],
  });
  const streams = new WorkItemStreams(clock);
  const pending = new PendingCalls();
  const ports: HandlerPorts = {
    hubNameOfCall: hubNameOf,
    hubOfCall: (metadata) => hubOf(hubNameOf(metadata)),
    pending,
    logger,
  };
  const rpcs = {
    ...managementRpcs,
    completeOrchestratorTask,
    completeActivityTask,
    completeEntityTask,
    abandonTaskOrchestratorWorkItem: abandonWork,
    abandonTaskActivityWorkItem: abandonWork,
    abandonTaskEntityWorkItem: abandonWork,
  };
  const handlers: UntypedServiceImplementation = Object.fromEntries(
    Object.entries(rpcs).map(([name, rpc]) => [name, unaryHandler(rpc as never, ports)]),
  );
  for (const [name, rpc] of Object.entries(adminRpcs(options.admin))) {
    handlers[name] = adminHandler(rpc as never, ports);
  }
  handlers["streamInstanceHistory"] = streamHandler(streamInstanceHistory, ports);
  handlers["getWorkItems"] = streamOpener((call, hub) => streams.open(call as never, hub), ports);
  server.addService(lenientService(), handlers);
  const address = await listen(server, options);
  return {
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
    close: async ({ drainMs, graceMs }) => {
      await streams.close(drainMs);
      pending.endAll();
      server.drain(address, Math.max(graceMs, LAST_WORDS_MS));
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    },
  };
}

/** .NET programs that run in Azure Functions have a header of their own. */
function hubNameOf(metadata: Metadata): string | undefined {
  return firstOf(metadata, "taskhub") ?? firstOf(metadata, "durable-taskhub");
}

function firstOf(metadata: Metadata, header: string): string | undefined {
  const [value] = metadata.get(header);
  return value === undefined || value === "" ? undefined : String(value);
}

/** Resolves with the address that the server listens at. */
function listen(server: Server, { host, port, tls }: SidecarServerOptions): Promise<string> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.privateKey }])
    : ServerCredentials.createInsecure();
  const name = host.includes(":") ? `[${host}]` : host;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${name}:${port}`, credentials, (error, bound) =>
      error ? reject(error) : resolve(`${name}:${bound}`),
    );
  });
}
