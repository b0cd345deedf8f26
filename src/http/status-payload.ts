import type { JsonText } from "../core/history-event.ts";
import type { ProjectedEvent } from "../core/history-projection.ts";
import type { InstanceRecord } from "../storage/index.ts";

export interface PayloadOptions {
  readonly showInput: boolean;
  readonly historyEvents?: readonly ProjectedEvent[];
}

/**
 * The status of an instance as JSON text (contract 1.4). It is put together from the stored texts, not from parsed
 * values, so that large numbers and the order of keys come out as they went in (H-25).
 */
export function statusPayload(record: InstanceRecord, { showInput, historyEvents }: PayloadOptions): string {
  const properties = [
    `"name":${JSON.stringify(record.name)}`,
    `"instanceId":${JSON.stringify(record.instanceId)}`,
    `"runtimeStatus":${JSON.stringify(record.status)}`,
    `"input":${showInput ? jsonOf(record.input) : "null"}`,
    `"customStatus":${jsonOf(record.customStatus)}`,
    `"output":${jsonOf(record.output)}`,
    `"createdTime":"${wholeSeconds(record.createdAt)}"`,
    `"lastUpdatedTime":"${wholeSeconds(record.lastUpdatedAt)}"`,
  ];
  if (historyEvents) properties.push(`"historyEvents":${JSON.stringify(historyEvents)}`);
  return `{${properties.join(",")}}`;
}

/** Nothing is `null`, blank text is an empty string, and text that is not JSON becomes a JSON string (H-24). */
export function jsonOf(text: JsonText | undefined): string {
  if (text === undefined) return "null";
  if (text.trim() === "") return '""';
  return isJson(text) ? text : JSON.stringify(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The fraction is cut off, not rounded (H-26). */
function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
