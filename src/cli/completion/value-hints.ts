import type { Argument, Option } from "commander";

/** What may stand where a value does. */
export interface ValueHint {
  readonly words?: readonly string[];
  /** Several of the words with commas between them. */
  readonly isList?: boolean;
  /** What may stand before a path: "" where the value is one, "@" where it may also be something else. */
  readonly pathAfter?: readonly string[];
}

const hints = new WeakMap<Option | Argument, ValueHint>();

/** Says what commander cannot know of a value: it checks values with code, and completion needs words. */
export function hinted<P extends Option | Argument>(part: P, hint: ValueHint): P {
  hints.set(part, hint);
  return part;
}

/** What was said of it, or its choices. */
export function hintOf(part: Option | Argument): ValueHint {
  return hints.get(part) ?? { words: part.argChoices ?? [] };
}
