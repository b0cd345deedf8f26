import { checkPayload, toJsonText } from "../core/data-converter.ts";
import { DurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { checkInstanceId } from "../core/instance-id.ts";
import { checkName, checkTags } from "../core/name-limits.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { TraceContext } from "../core/trace-context.ts";
import type { NewInstance } from "../storage/index.ts";

/** error: refuse. join: leave the existing instance as it is and answer its id. replace: end it and start anew. */
export type OnConflict = "error" | "join" | "replace";

export interface StartOptions {
  readonly input?: unknown;
  /** JSON text to store as the input, as it is. */
  readonly inputText?: string;
  /** Default: 32 random hex digits (S-2). */
  readonly instanceId?: string;
  /** Not before this time (S-10). */
  readonly startAt?: Date;
  /** Default: defaultVersion of the settings (S-200). */
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** 32 lower-case hex digits. Default: random ones. */
  readonly executionId?: string;
  readonly traceContext?: TraceContext;
  /** Instances with this id that may be replaced: those that have ended are, those that have not are terminated first. Wins over `onConflict`. */
  readonly replaceable?: readonly RuntimeStatus[];
  /** What to do when an instance with this id has not ended yet. Default error. An ended one is always replaced (S-5). */
  readonly onConflict?: OnConflict;
  /** Gives up waiting for the end of an instance that is to be replaced. */
  readonly signal?: AbortSignal;
}

/**
 * What a start writes.
 *
 * @throws {DurableError} INVALID_ARGUMENT, INVALID_INSTANCE_ID, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
 */
export function newInstance(
  name: string,
  options: StartOptions,
  {
    newId,
    now,
    versionOf,
  }: {
    readonly newId: () => string;
    readonly now: number;
    /** The version of a start that names this one, or none. */
    readonly versionOf: (given: string | undefined) => string | undefined;
  },
): Omit<NewInstance, "run"> {
  if (typeof name !== "string" || name === "") {
    throw new DurableError("INVALID_ARGUMENT", "An orchestration needs the name of its function.");
  }
  checkName(name, "The name of the orchestration");
  const { instanceId, inputText, startAt, tags, traceContext } = options;
  if (options.version !== undefined && typeof options.version !== "string") {
    throw new DurableError("INVALID_ARGUMENT", `The version of orchestration '${name}' must be a text.`);
  }
  checkName(options.version, "The version of the orchestration");
  checkTags(tags, "The tags of the orchestration");
  const version = versionOf(options.version);
  if (instanceId !== undefined && instanceId !== "") checkInstanceId(instanceId);
  const what = `The input of orchestration '${name}'`;
  const input = inputText === undefined ? toJsonText(options.input, what) : checkPayload(inputText, what);
  return {
    instanceId: instanceId || newId(),
    executionId: options.executionId || newId(),
    name,
    createdAt: now,
    ...given({
      input,
      scheduledAt: startAt === undefined ? undefined : startTime(startAt),
      version,
      tags,
      traceContext,
    }),
  };
}

function startTime(startAt: Date): number {
  const time = startAt instanceof Date ? startAt.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new DurableError("INVALID_ARGUMENT", "startAt must be a valid Date.");
  return time;
}
