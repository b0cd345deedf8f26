import { TaskFailedError } from "./errors.ts";

/** What is kept of a thrown value (S-190). It survives activity, orchestrator, client and store. */
export interface FailureDetails {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: string;
  readonly innerFailure?: FailureDetails;
  /** A retry policy must not try again. */
  readonly isNonRetriable?: true;
  /** The error's own enumerable properties, or `{ value }` when something else than an error was thrown. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const MAX_CAUSES = 8;
/** A failure is stored at every level it passes through, so each of its texts has a limit, in characters. */
const MAX_MESSAGE = 65_536;
const MAX_STACK = 32_768;
const MAX_PROPERTY = 65_536;
const OWN_FIELDS = new Set(["name", "message", "stack", "cause", "failure", "nonRetriable"]);

/** Describes any thrown value. It never throws itself. */
export function describeFailure(thrown: unknown, depth = 0): FailureDetails {
  if (!isError(thrown)) return describeNonError(thrown);
  const [stack, cause] = [read(thrown, "stack"), read(thrown, "cause")];
  const properties = ownProperties(thrown);
  return {
    errorType: errorTypeOf(thrown),
    errorMessage: shortened(safeString(read(thrown, "message") ?? ""), MAX_MESSAGE),
    ...(typeof stack === "string" ? { stackTrace: shortened(stack, MAX_STACK) } : {}),
    ...(cause !== undefined && cause !== null && depth < MAX_CAUSES
      ? { innerFailure: describeFailure(cause, depth + 1) }
      : {}),
    ...(read(thrown, "nonRetriable") === true ? { isNonRetriable: true as const } : {}),
    ...(properties ? { properties } : {}),
  };
}

/** A failure from elsewhere, without its cause: its texts are no longer than those of failures here. */
export function withinLimits({ properties, ...failure }: FailureDetails): FailureDetails {
  const kept = Object.entries(properties ?? {}).filter(([, value]) => toJsonValue(value) !== undefined);
  return {
    ...failure,
    errorType: shortened(failure.errorType, MAX_PROPERTY),
    errorMessage: shortened(failure.errorMessage, MAX_MESSAGE),
    ...(failure.stackTrace === undefined ? {} : { stackTrace: shortened(failure.stackTrace, MAX_STACK) }),
    ...(kept.length > 0 ? { properties: Object.fromEntries(kept) } : {}),
  };
}

/** `Type: message`, the text form of a failure (S-190). */
export function failureText(failure: FailureDetails): string {
  return `${failure.errorType}: ${failure.errorMessage}`;
}

/** An error that looks like the one that was thrown: same name, message, stack, cause and properties. */
export function rebuildError(failure: FailureDetails): Error {
  const error = new Error(
    failure.errorMessage,
    failure.innerFailure ? { cause: rebuildError(failure.innerFailure) } : undefined,
  );
  error.name = failure.errorType;
  if (failure.stackTrace !== undefined) error.stack = failure.stackTrace;
  for (const [key, value] of Object.entries(failure.properties ?? {})) {
    Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return error;
}

/** What an orchestrator catches when something it called has failed (S-193). */
export function taskFailed(message: string, failure: FailureDetails): TaskFailedError {
  return new TaskFailedError(message, failure, rebuildError(failure));
}

/** A failure as the HTTP API shows it. */
export function failureView(failure: FailureDetails): object {
  return {
    ErrorType: failure.errorType,
    ErrorMessage: failure.errorMessage,
    StackTrace: failure.stackTrace ?? null,
    InnerFailure: failure.innerFailure ? failureView(failure.innerFailure) : null,
    IsNonRetriable: failure.isNonRetriable ?? false,
    ...(failure.properties ? { Properties: failure.properties } : {}),
  };
}

function describeNonError(thrown: unknown): FailureDetails {
  const value = toJsonValue(thrown);
  const text = typeof thrown === "string" ? thrown : (safeJson(thrown) ?? safeString(thrown));
  return {
    errorType: thrown === null ? "null" : typeof thrown,
    errorMessage: shortened(text, MAX_MESSAGE),
    ...(value === undefined ? {} : { properties: { value } }),
  };
}

function errorTypeOf(error: Error): string {
  const name = read(error, "name");
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  const constructorName = read(read(error, "constructor"), "name");
  return typeof constructorName === "string" && constructorName !== "" ? constructorName : "Error";
}

function ownProperties(error: Error): Record<string, unknown> | undefined {
  const properties: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (OWN_FIELDS.has(key)) continue;
    const json = toJsonValue(read(error, key));
    if (json !== undefined) properties[key] = json;
  }
  return Object.keys(properties).length > 0 ? properties : undefined;
}

/** A proxy may refuse to say what it is; it is then not taken for an error. */
function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error && Object.keys(thrown).length >= 0;
  } catch {
    return false;
  }
}

/** A property that cannot be read is left out of the details. */
function read(value: unknown, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}

/** A value that is no JSON, or too long for a detail, is left out. */
function toJsonValue(value: unknown): unknown {
  const text = safeJson(value);
  return text === undefined || text.length > MAX_PROPERTY ? undefined : (JSON.parse(text) as unknown);
}

function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} more characters)`;
}

/** A value that JSON cannot hold (a cycle, a BigInt, a function) has no JSON text: it is left out of the details. */
function safeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Objects may refuse conversion to text; their kind is then all there is to tell. */
function safeString(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `a thrown ${typeof value} that has no text form`;
  }
}
