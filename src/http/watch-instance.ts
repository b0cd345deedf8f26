import { isTerminal } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { bareResponse } from "./responses.ts";
import { statusPayload } from "./status-payload.ts";

/**
 * GET instances/{instanceId}/watch: server-sent events, one `status` now and one for each change, until the instance
 * has ended or is gone (`gone`).
 */
export async function watchInstance(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  return new Response(ReadableStream.from(changes(request, record)), {
    headers: { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store" },
  });
}

async function* changes(request: ApiRequest, first: InstanceRecord): AsyncGenerator<Uint8Array> {
  const { signal, hub, query } = request;
  const showInput = query.flag("showInput", true);
  const alarm = new Alarm();
  const stopListening = hub.query.onChange(() => alarm.ring());
  const onAbort = (): void => alarm.ring();
  signal.addEventListener("abort", onAbort);
  try {
    let told = "";
    let record: InstanceRecord | undefined = first;
    while (record !== undefined && !signal.aborted) {
      const payload = statusPayload(record, { showInput });
      if (payload !== told) yield serverSentEvent("status", payload);
      if (isTerminal(record.status)) return;
      told = payload;
      await alarm.rung();
      record = await recordOf(request);
    }
    if (record === undefined) yield serverSentEvent("gone", "{}");
  } finally {
    stopListening();
    signal.removeEventListener("abort", onAbort);
  }
}

function serverSentEvent(name: string, data: string): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\ndata: ${data.replaceAll("\n", "")}\n\n`);
}

/** Rings that come while nobody waits are kept: one is as good as many. */
class Alarm {
  #isRinging = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRinging = true;
    this.#wake();
  }

  async rung(): Promise<void> {
    if (!this.#isRinging) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRinging = false;
  }
}
