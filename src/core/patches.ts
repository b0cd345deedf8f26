import { DurableError } from "./errors.ts";

const MAX_LENGTH = 256;
const NONE: readonly never[] = [];

/**
 * Which changes of the code count in one execution.
 *
 * 1. A patch that the history has marked counts, in every replay.
 * 2. One that is first asked for while the code runs over its past does not, for the rest of this execution.
 * 3. One that is first asked for by code that runs for the first time counts, and is marked.
 */
export class Patches {
  readonly #answers = new Map<string, boolean>();
  #marked: string[] | undefined;

  /** The history has marked it: told before the code is replayed. */
  foresee(id: string): void {
    this.#answers.set(id, true);
  }

  counts(id: string, isReplaying: boolean): boolean {
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    if (!isReplaying) (this.#marked ??= []).push(id);
    this.#answers.set(id, !isReplaying);
    return !isReplaying;
  }

  /** Those marked since the last call. */
  takeMarked(): readonly string[] {
    const marked = this.#marked ?? NONE;
    this.#marked = undefined;
    return marked;
  }
}

/** @throws {DurableError} INVALID_ARGUMENT */
export function requirePatchId(id: unknown): void {
  if (typeof id === "string" && id !== "" && id.length <= MAX_LENGTH) return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `A patch needs an id: a text of 1 to ${MAX_LENGTH} characters that says what was changed.`,
  );
}
