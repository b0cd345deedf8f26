import { DurableError } from "./errors.ts";

export const MAX_INSTANCE_ID_LENGTH = 256;

/** Room for a colon and the number of an action. */
const MAX_SUFFIX_LENGTH = 12;

/** What a URL path or the store cannot carry: / \ ? # and the C0, DEL and C1 controls, and halves of surrogate pairs. */
export const FORBIDDEN_IN_IDS = /[/\\?#\p{Cc}\p{Cs}]/u;

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
  refuse(instanceId, problemOf(instanceId, MAX_INSTANCE_ID_LENGTH));
}

/**
 * Checks the id that code elsewhere has given to a child. Some SDKs make it from the parent's and a number, and so it is
 * longer with each level: such an id is not refused for the length it has from there.
 *
 * @throws {DurableError} INVALID_INSTANCE_ID
 */
export function checkChildId(instanceId: string, parentId: string): void {
  if (instanceId === parentId) refuse(instanceId, "is that of its parent");
  const inherited = instanceId.startsWith(`${parentId}:`) ? parentId.length + MAX_SUFFIX_LENGTH : 0;
  refuse(instanceId, problemOf(instanceId, Math.max(MAX_INSTANCE_ID_LENGTH, inherited)));
}

function refuse(instanceId: string, problem: string | undefined): void {
  if (problem) throw new DurableError("INVALID_INSTANCE_ID", `Instance id ${quoted(instanceId)} ${problem}.`);
}

function problemOf(instanceId: string, maxLength: number): string | undefined {
  if (instanceId.length === 0) return "is empty; leave it out to get a random one";
  if (instanceId.length > maxLength) {
    return `has ${instanceId.length} characters; at most ${maxLength} are allowed`;
  }
  if (instanceId.startsWith("@")) return 'starts with "@", which is reserved for entities';
  const forbidden = FORBIDDEN_IN_IDS.exec(instanceId);
  if (forbidden) return `contains ${quoted(forbidden[0])}; / \\ ? # and control characters are not allowed`;
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
