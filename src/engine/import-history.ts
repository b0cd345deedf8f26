import { isDurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { encodeChunk } from "../core/history-chunk.ts";
import type { ParentInstance } from "../core/history-event.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { HistoryChunk } from "../storage/index.ts";
import type { EpisodeLine, InstanceLine } from "./history-archive.ts";
import { type ArchivedInstance, invalidLine, readArchive } from "./read-archive.ts";
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
  for await (const archived of readArchive(lines)) yield await restore(archived, hub);
}

async function restore(archived: ArchivedInstance, hub: Restoring): Promise<Imported> {
  const { line, episodes, isWhole, lineNumber } = archived;
  const { instanceId, runtimeStatus } = line;
  if (!isWhole) {
    return { type: "skipped", instanceId, reason: "it has no end line: it changed while it was exported" };
  }
  if (!isTerminal(runtimeStatus)) {
    return {
      type: "skipped",
      instanceId,
      reason: `it is ${runtimeStatus}, and only what has ended is imported`,
    };
  }
  try {
    if (await hub.restoreInstance(endedInstance(line, episodes.map(chunkOf))))
      return { type: "imported", instanceId };
  } catch (cause) {
    if (isDurableError(cause, "INVALID_INSTANCE_ID")) throw invalidLine(lineNumber, cause.message);
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
        parent: parent && parentOf(parent),
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

function parentOf({ version, ...parent }: NonNullable<InstanceLine["parent"]>): ParentInstance {
  return { ...parent, ...given({ version }) };
}

function chunkOf({ seq, time, events }: EpisodeLine): HistoryChunk {
  const at = Date.parse(time);
  return { seq, at, ...encodeChunk(events, at) };
}
