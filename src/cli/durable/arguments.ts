import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { InvalidArgumentError } from "commander";
import { RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import { CommandError } from "../command-error.ts";

/** ISO 8601, seconds may be left out; without an offset it is UTC. */
export function dateOf(argument: string): Date {
  const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(argument);
  const hasOffset = /(Z|[+-]\d\d:\d\d)$/.test(argument) || !argument.includes("T");
  const time = isIso ? Date.parse(hasOffset ? argument : `${argument}Z`) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError("It is a time like 2030-01-31T23:59Z.");
  return new Date(time);
}

/** Names in any case, with blanks or commas between them. */
export function statusesOf(
  argument: string,
  earlier: readonly RuntimeStatus[] = [],
): readonly RuntimeStatus[] {
  const found = argument
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map((word) => statusOf(word));
  return [...new Set([...earlier, ...found])];
}

function statusOf(word: string): RuntimeStatus {
  const status = RUNTIME_STATUSES.find((each) => each.toLowerCase() === word.toLowerCase());
  if (status) return status;
  throw new InvalidArgumentError(`'${word}' is not a status. Statuses are ${RUNTIME_STATUSES.join(", ")}.`);
}

export function countOf(argument: string): number {
  if (/^\d+$/.test(argument) && Number(argument) > 0) return Number(argument);
  throw new InvalidArgumentError("It is a whole number above 0.");
}

/** Seconds, in milliseconds. */
export function secondsOf(argument: string): number {
  if (/^\d+(\.\d+)?$/.test(argument)) return Number(argument) * 1_000;
  throw new InvalidArgumentError("It is a number of seconds.");
}

/**
 * JSON text: of a file for `@file`, of standard input for `-`; what is written inline is JSON when it can be read as
 * JSON, else a string.
 */
export async function jsonTextOf(argument: string): Promise<string> {
  if (argument === "-") return requireJson(await text(process.stdin), "Standard input");
  if (argument.startsWith("@")) return requireJson(await contentOf(argument.slice(1)), argument.slice(1));
  return isJson(argument) ? argument : JSON.stringify(argument);
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new CommandError(`Could not find input file at '${path}'`);
  }
}

function requireJson(content: string, source: string): string {
  if (isJson(content)) return content;
  throw new CommandError(
    `Could not deserialize the input to the orchestration instance into a valid JSON object: ${source} is not JSON.`,
  );
}

function isJson(content: string): boolean {
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}
