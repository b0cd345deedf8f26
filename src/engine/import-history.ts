import { DurableError, isDurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { encodeChunk } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { HistoryChunk } from "../storage/index.ts";
import { archiveLine, type InstanceLine } from "./history-archive.ts";
import type { EndedInstance } from "./task-hub-client.ts";

/** What became of one instance of an archive. */
export type Imported =
  | { readonly type: "imported"; readonly instanceId: string }
  | { readonly type: "skipped"; readonly instanceId: string; readonly reason: string };

/** What writes instances: the client of a hub. */
export interface Restoring {
  restoreInstance(instance: EndedInstance): Promise<boolean>;
}

/**
 * Brings the instances of an archive into a hub, each with the line that ends it. One whose id is taken, one that had not
 * ended, and one without that line are skipped. What was imported before a line that cannot be read stays imported.
 *
 * @throws {DurableError} INVALID_ARGUMENT with the number of the line
 */
export async function* importHistory(lines: AsyncIterable<string>, hub: Restoring): AsyncGenerator<Imported> {
  let open: OpenInstance | undefined;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const line = parse(text, number);
    if (number === 1 && line.type !== "hub")
      throw invalid(number, "an archive begins with a line of type hub");
    switch (line.type) {
      case "hub":
        break;
      case "instance":
        if (open) yield incomplete(open);
        open = { line, chunks: [] };
        break;
      case "episode":
        if (open === undefined) throw invalid(number, "an episode comes after the line of its instance");
        if (line.seq <= (open.chunks.at(-1)?.seq ?? -1))
          throw invalid(number, "its seq is not above the one before");
        open.chunks.push(chunkOf(line));
        break;
      case "end":
        if (open?.line.instanceId !== line.instanceId || open.chunks.length !== line.episodes) {
          throw invalid(
            number,
            `it does not end what came before: lines of '${line.instanceId}' are missing`,
          );
        }
        yield await restore(open, hub, number);
        open = undefined;
        break;
    }
  }
  if (open) throw invalid(number, `the archive ends in the middle of instance '${open.line.instanceId}'`);
}

/** It was purged, or went on under a new execution, while it was exported. */
function incomplete({ line: { instanceId } }: OpenInstance): Imported {
  return { type: "skipped", instanceId, reason: "it has no end line: it changed while it was exported" };
}

interface OpenInstance {
  readonly line: InstanceLine;
  readonly chunks: HistoryChunk[];
}

async function restore({ line, chunks }: OpenInstance, hub: Restoring, number: number): Promise<Imported> {
  const { instanceId, runtimeStatus } = line;
  if (!isTerminal(runtimeStatus)) {
    return {
      type: "skipped",
      instanceId,
      reason: `it is ${runtimeStatus}, and only what has ended is imported`,
    };
  }
  try {
    if (await hub.restoreInstance(endedInstance(line, chunks))) return { type: "imported", instanceId };
  } catch (cause) {
    if (isDurableError(cause, "INVALID_INSTANCE_ID")) throw invalid(number, cause.message);
    throw cause;
  }
  return { type: "skipped", instanceId, reason: "an instance with this id exists" };
}

function endedInstance(line: InstanceLine, chunks: readonly HistoryChunk[]): EndedInstance {
  const { instanceId, executionId, name, version, input, parent, tags, output, customStatus, failure } = line;
  const { runtimeStatus: status, createdTime, completedTime, scheduledStartTime } = line;
  return {
    instance: {
      instanceId,
      executionId,
      name,
      createdAt: Date.parse(createdTime),
      ...given({
        version,
        input,
        parent,
        tags,
        scheduledAt: scheduledStartTime === undefined ? undefined : Date.parse(scheduledStartTime),
      }),
    },
    patch: {
      status,
      ...given({
        output,
        customStatus,
        failure,
        completedAt: completedTime === undefined ? undefined : Date.parse(completedTime),
      }),
    },
    chunks,
  };
}

function chunkOf({
  seq,
  time,
  events,
}: {
  readonly seq: number;
  readonly time: string;
  readonly events: readonly { readonly type: string }[];
}): HistoryChunk {
  const at = Date.parse(time);
  return { seq, at, ...encodeChunk(events as readonly object[] as readonly HistoryEvent[], at) };
}

function parse(text: string, number: number) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(number, "it is not JSON");
  }
  const { success, data, error } = archiveLine.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw invalid(
    number,
    `${issue?.path.join(".") || "the line"}: ${issue?.message ?? "is not as it should be"}`,
  );
}

function invalid(number: number, what: string): DurableError {
  return new DurableError("INVALID_ARGUMENT", `Line ${number} of the archive cannot be imported: ${what}.`);
}
