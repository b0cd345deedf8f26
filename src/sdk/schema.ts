import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DurableError } from "../core/errors.ts";

/** Any schema that follows Standard Schema: zod, valibot, arktype and others. */
export type Schema<T = unknown> = StandardSchemaV1<unknown, T>;

/**
 * The value as the schema gives it back.
 *
 * @throws {DurableError} SCHEMA_VALIDATION_FAILED, naming every issue; also for a schema that answers later.
 */
export function validateNow(schema: Schema | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) return value;
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw new DurableError(
      "SCHEMA_VALIDATION_FAILED",
      `${what} has a schema that validates asynchronously, which an orchestrator cannot wait for.`,
    );
  }
  return accept(result, what);
}

/** The same for places that can wait. @throws {DurableError} SCHEMA_VALIDATION_FAILED */
export async function validate(schema: Schema | undefined, value: unknown, what: string): Promise<unknown> {
  return schema === undefined ? value : accept(await schema["~standard"].validate(value), what);
}

function accept(result: StandardSchemaV1.Result<unknown>, what: string): unknown {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => `${pathOf(issue)}${issue.message}`).join("; ");
  throw new DurableError("SCHEMA_VALIDATION_FAILED", `${what} does not match its schema: ${issues}`);
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  const path = issue.path
    ?.map((segment) => String(typeof segment === "object" ? segment.key : segment))
    .join(".");
  return path ? `${path}: ` : "";
}
