import { z } from "zod";
import type { HistoryEvent } from "../core/history-event.ts";
import { RUNTIME_STATUSES } from "../core/orchestration-status.ts";

/*
 * An archive of histories is NDJSON: a `hub` line, and for each instance an `instance` line, an `episode` line for each
 * of its episodes, and an `end` line. Inputs, outputs and other payloads are strings, exactly as they are stored: JSON text,
 * or what a worker or a client has given that is none. Times are ISO 8601, UTC. docs/history-archive.md describes it for
 * readers.
 */

const time = z.iso.datetime();
const text = z.string();

const hubLine = z.object({ type: z.literal("hub"), format: z.literal(1), taskHub: text, exportedTime: time });

const instanceLine = z.object({
  type: z.literal("instance"),
  instanceId: text,
  executionId: text,
  name: text,
  version: text.optional(),
  runtimeStatus: z.enum(RUNTIME_STATUSES),
  createdTime: time,
  completedTime: time.optional(),
  scheduledStartTime: time.optional(),
  input: text.optional(),
  output: text.optional(),
  customStatus: text.optional(),
  /** Failure details as JSON text. */
  failure: text.refine(isFailure, "is not JSON text of failure details").optional(),
  parent: z
    .object({
      instanceId: text,
      executionId: text,
      name: text,
      version: text.optional(),
      taskScheduledId: z.int(),
    })
    .optional(),
  tags: z.record(text, text).optional(),
});

const episodeLine = z.object({
  type: z.literal("episode"),
  seq: z.int().nonnegative(),
  time,
  events: z.array(z.looseObject({ type: text, timestamp: z.number() })),
});

const endLine = z.object({ type: z.literal("end"), instanceId: text, episodes: z.int().nonnegative() });

export const archiveLine = z.discriminatedUnion("type", [hubLine, instanceLine, episodeLine, endLine]);

export type HubLine = z.infer<typeof hubLine>;
export type InstanceLine = z.infer<typeof instanceLine>;
export type EpisodeLine = Omit<z.infer<typeof episodeLine>, "events"> & {
  readonly events: readonly HistoryEvent[];
};
export type EndLine = z.infer<typeof endLine>;

function isFailure(value: string): boolean {
  return z.looseObject({ errorType: text, errorMessage: text }).safeParse(parsed(value)).success;
}

/** `undefined` for what is no JSON, which no JSON text stands for. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
