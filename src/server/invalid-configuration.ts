import { DurableError } from "../core/errors.ts";

export interface WrongSetting {
  /** The file, flag or environment variable it comes from. */
  readonly source: string;
  readonly setting: string;
  readonly value: unknown;
  readonly allowed: string;
}

/** Names where a setting is, what it is, and what it may be. */
export function wrongSetting({ source, setting, value, allowed }: WrongSetting): DurableError {
  const name = setting === source ? setting : `${source}: ${setting}`;
  return invalidConfiguration(`${name} is ${JSON.stringify(value)}; allowed: ${allowed}.`);
}

export function invalidConfiguration(message: string, cause?: unknown): DurableError {
  return new DurableError("INVALID_CONFIGURATION", message, cause === undefined ? {} : { cause });
}
