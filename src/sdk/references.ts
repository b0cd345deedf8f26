import { DurableError } from "../core/errors.ts";

/** What a registration leaves behind: the name, and for the compiler the types that belong to it. */
export interface ActivityReference<I, O> {
  readonly kind: "activity";
  readonly name: string;
  /** Present in types only. */
  readonly types?: { readonly input: (input: I) => void; readonly output: O };
}

export interface OrchestratorReference<I, O> {
  readonly kind: "orchestrator";
  readonly name: string;
  /** The version it was registered for: starts that name none get this one. */
  readonly version?: string;
  /** Present in types only. */
  readonly types?: { readonly input: (input: I) => void; readonly output: O };
}

export interface EventReference<T> {
  readonly kind: "event";
  readonly name: string;
  /** Present in types only. */
  readonly types?: { readonly payload: T };
}

declare const outputType: unique symbol;

/** The id of an instance, which for the compiler remembers what the orchestration returns. */
export type InstanceId<O> = string & { readonly [outputType]?: O };

/** No argument for functions without input, one for those that have it. */
export type InputArguments<I> = unknown extends I
  ? readonly [input?: I]
  : undefined extends I
    ? readonly [input?: I]
    : readonly [input: I];

export type InputAndOptions<I, O> = unknown extends I
  ? readonly [input?: I, options?: O]
  : undefined extends I
    ? readonly [input?: I, options?: O]
    : readonly [input: I, options?: O];

export function versionOf(reference: string | { readonly version?: string }): string | undefined {
  return typeof reference === "string" ? undefined : reference.version;
}

/** @throws {DurableError} INVALID_ARGUMENT for what is neither */
export function nameOf(reference: string | { readonly name: string }): string {
  const name: unknown =
    typeof reference === "string" ? reference : (reference as { readonly name?: unknown } | null)?.name;
  if (typeof name === "string" && typeof reference !== "function") return name;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `A function or event is named by a text or by what its registration returned, not by ${typeof reference}.`,
  );
}
