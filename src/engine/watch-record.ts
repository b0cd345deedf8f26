import { isTerminal } from "../core/orchestration-status.ts";
import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import { Alarm } from "./alarm.ts";

/**
 * The record of an instance now and whenever it has changed, until the instance has ended, is purged, or nobody listens.
 * Changes that follow each other quickly may be told as one. Nothing is asked of the store while nothing is written.
 */
export async function* watchRecord(
  instanceId: string,
  query: QueryStore,
  signal: AbortSignal,
): AsyncGenerator<InstanceRecord> {
  const alarm = new Alarm();
  const stopListening = query.onChange(() => alarm.ring());
  const onAbort = (): void => alarm.ring();
  signal.addEventListener("abort", onAbort);
  try {
    let told = "";
    while (!signal.aborted) {
      const record = await query.get(instanceId);
      if (record === undefined) return;
      const seen = `${record.run} ${record.status} ${record.lastUpdatedAt} ${record.customStatus ?? ""}`;
      if (seen !== told) yield record;
      if (isTerminal(record.status)) return;
      told = seen;
      await alarm.rung();
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", onAbort);
  }
}
