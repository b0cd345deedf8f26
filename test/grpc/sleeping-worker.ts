import { type ClientHttp2Session, connect } from "node:http2";
import { onTestFinished } from "vitest";
import { defineSidecarService } from "../../src/wire/sidecar-service.ts";
import type { Sidecar } from "./sidecar.ts";

const EMPTY_MESSAGE = Buffer.alloc(5);

/** A worker that asks for work and never reads what it is sent. */
export class SleepingWorker {
  readonly #session: ClientHttp2Session;

  /** Resolves once it has its share of the work. */
  static async connect(sidecar: Sidecar): Promise<SleepingWorker> {
    const connected = new Promise<void>((resolve) => sidecar.workers.onChanged(resolve));
    const worker = new SleepingWorker(connect(`http://${sidecar.address}`));
    await connected;
    return worker;
  }

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on("error", () => undefined);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": defineSidecarService().getWorkItems.path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined);
    stream.end(EMPTY_MESSAGE);
  }

  disconnect(): void {
    this.#session.destroy();
  }
}
