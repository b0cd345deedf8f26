import { DurableError } from "./errors.ts";

export const MAX_INSTANCE_ID_LENGTH = 256;

// The characters a URL path or the store's wire formats cannot carry: / \ ? # and the C0, DEL and C1 controls.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const FORBIDDEN = /[/\\?#\u0000-\u001f\u007f-\u009f]/;

/**
 * Checks an id that a client chose (S-1).
 *
 * @throws {DurableError} INVALID_INSTANCE_ID
 */
export function checkInstanceId(instanceId: string): void {
  if (typeof instanceId !== "string") {
    throw new DurableError(
      "INVALID_INSTANCE_ID",
      `An instance id is a string; this is of type ${typeof instanceId}.`,
    );
  }
  const problem = problemOf(instanceId);
  if (problem) throw new DurableError("INVALID_INSTANCE_ID", `Instance id ${quoted(instanceId)} ${problem}.`);
}

function problemOf(instanceId: string): string | undefined {
  if (instanceId.length === 0) return "is empty; leave it out to get a random one";
  if (instanceId.length > MAX_INSTANCE_ID_LENGTH) {
    return `has ${instanceId.length} characters; at most ${MAX_INSTANCE_ID_LENGTH} are allowed`;
  }
  if (instanceId.startsWith("@")) return 'starts with "@", which is reserved for entities';
  const forbidden = FORBIDDEN.exec(instanceId);
  if (forbidden) return `contains ${quoted(forbidden[0])}; / \\ ? # and control characters are not allowed`;
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
