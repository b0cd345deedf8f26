import { type ServerWritableStream, status } from "@grpc/grpc-js";
import type { Clock } from "../engine/clock.ts";
import type { GetWorkItemsRequest } from "../wire/generated/orchestrator_service_pb.ts";
import { STOPPING } from "./pending-calls.ts";
import { RpcError } from "./rpc-error.ts";
import type { ServedHub } from "./served-hub.ts";
import { userAgentOf } from "./unary-handler.ts";
import { HEALTH_PING } from "./work-items.ts";
import { WorkerStream } from "./worker-stream.ts";

/** Workers take a stream for dead that is silent for two minutes. */
const PING_MS = 30_000;

type Call = ServerWritableStream<GetWorkItemsRequest, Uint8Array>;

/** The streams on which workers are sent their work. */
export class WorkItemStreams {
  readonly #clock: Clock;
  readonly #open = new Map<Call, WorkerStream>();
  #isClosing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on the worker has its share of what is to do, until it goes. */
  open(call: Call, { workers, logger, name }: ServedHub): void {
    if (this.#isClosing) {
      call.emit("error", new RpcError(status.UNAVAILABLE, STOPPING));
      return;
    }
    const stream = new WorkerStream({
      request: call.request,
      workerId: text(call, "workerid"),
      userAgent: userAgentOf(call.metadata),
      peer: call.getPeer(),
      send: (item, taken) => call.write(item, taken),
      hangUp: (reason) => {
        close();
        call.emit("error", new RpcError(status.UNAVAILABLE, reason));
      },
    });
    const stopPinging = this.#keepAlive(call);
    const close = (): void => {
      if (!this.#open.delete(call)) return;
      stopPinging();
      workers.disconnect(stream);
      logger.info({ taskHub: name, worker: stream.workerId }, "A worker has gone");
    };
    this.#open.set(call, stream);
    call.on("cancelled", close);
    call.on("error", close);
    call.on("close", close);
    logger.info({ taskHub: name, worker: stream.workerId }, "A worker has connected");
    workers.connect(stream);
  }

  /**
   * Workers may answer what they have for so long, and what it comes to is committed. Then they are told that the server
   * goes, with a status upon which they take their time to come back.
   */
  async close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#open.values()) stream.retire();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(drainMs, resolve);
      void this.#idle().then(() => {
        cancel();
        resolve();
      });
    });
    for (const stream of this.#open.values()) stream.hangUp(STOPPING);
  }

  /** What one worker has done may be a turn of another. */
  async #idle(): Promise<void> {
    do {
      await Promise.all([...this.#open.values()].map((stream) => stream.idle()));
      await new Promise<void>((resolve) => this.#clock.soon(resolve));
    } while ([...this.#open.values()].some(({ load }) => load > 0));
  }

  #keepAlive(call: Call): () => void {
    let cancel: () => void = () => undefined;
    const ping = (): void => {
      if (!call.writableNeedDrain) call.write(HEALTH_PING);
      cancel = this.#clock.after(PING_MS, ping);
    };
    cancel = this.#clock.after(PING_MS, ping);
    return () => cancel();
  }
}

function text({ metadata }: Call, header: string): string | undefined {
  const [value] = metadata.get(header);
  return value === undefined ? undefined : String(value);
}
