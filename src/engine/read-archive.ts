import { DurableError } from "../core/errors.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { archiveLine, type EpisodeLine, type InstanceLine } from "./history-archive.ts";

/** One instance of an archive. */
export interface ArchivedInstance {
  readonly line: InstanceLine;
  readonly episodes: readonly EpisodeLine[];
  /** False when it has no end line: it was purged, or went on under a new execution, while it was exported. */
  readonly isWhole: boolean;
  /** The number of the line that ends it. */
  readonly lineNumber: number;
}

/**
 * The instances of an archive, one after the other.
 *
 * @throws {DurableError} INVALID_ARGUMENT with the number of the line
 */
export async function* readArchive(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<ArchivedInstance> {
  let open: { readonly line: InstanceLine; readonly episodes: EpisodeLine[] } | undefined;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const line = parse(text, number);
    if (number === 1 && line.type !== "hub")
      throw invalidLine(number, "an archive begins with a line of type hub");
    switch (line.type) {
      case "hub":
        break;
      case "instance":
        if (open) yield { ...open, isWhole: false, lineNumber: number };
        open = { line, episodes: [] };
        break;
      case "episode":
        if (open === undefined) throw invalidLine(number, "an episode comes after the line of its instance");
        if (line.seq <= (open.episodes.at(-1)?.seq ?? -1))
          throw invalidLine(number, "its seq is not above the one before");
        open.episodes.push(episodeOf(line));
        break;
      case "end":
        if (open?.line.instanceId !== line.instanceId || open.episodes.length !== line.episodes) {
          throw invalidLine(
            number,
            `it does not end what came before: lines of '${line.instanceId}' are missing`,
          );
        }
        yield { ...open, isWhole: true, lineNumber: number };
        open = undefined;
        break;
    }
  }
  if (open) throw invalidLine(number, `the archive ends in the middle of instance '${open.line.instanceId}'`);
}

export function invalidLine(number: number, what: string): DurableError {
  return new DurableError("INVALID_ARGUMENT", `Line ${number} of the archive cannot be read: ${what}.`);
}

function episodeOf(
  line: Omit<EpisodeLine, "events"> & { readonly events: readonly { readonly type: string }[] },
): EpisodeLine {
  return { ...line, events: line.events as readonly object[] as readonly HistoryEvent[] };
}

function parse(text: string, number: number) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidLine(number, "it is not JSON");
  }
  const { success, data, error } = archiveLine.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw invalidLine(
    number,
    `${issue?.path.join(".") || "the line"}: ${issue?.message ?? "is not as it should be"}`,
  );
}
