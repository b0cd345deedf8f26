import { RUNTIME_STATUSES } from "../core/orchestration-status.ts";

/** A JSON schema, or a reference to one of {@link SCHEMAS}. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface QueryParameter {
  readonly name: string;
  readonly about: string;
  readonly schema: JsonSchema;
  readonly required?: true;
}

export interface Answer {
  readonly about: string;
  /** Absent: no body. */
  readonly schema?: JsonSchema;
  /** Default application/json. */
  readonly mediaType?: string;
}

/** What a route is for, as the OpenAPI document tells it. */
export interface Operation {
  readonly id: string;
  readonly about: string;
  readonly query?: readonly QueryParameter[];
  /** What the body is; absent when it is not looked at. */
  readonly body?: { readonly about: string; readonly required: boolean };
  readonly answers: Readonly<Record<number, Answer>>;
}

export const ref = (name: keyof typeof SCHEMAS): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

const text = { type: "string" } as const;
const anything = {} as const;
const time = { type: "string", format: "date-time" } as const;

export const SCHEMAS = {
  RuntimeStatus: { type: "string", enum: RUNTIME_STATUSES },
  InstanceStatus: {
    type: "object",
    required: [
      "name",
      "instanceId",
      "runtimeStatus",
      "input",
      "customStatus",
      "output",
      "createdTime",
      "lastUpdatedTime",
    ],
    properties: {
      name: text,
      instanceId: text,
      runtimeStatus: { $ref: "#/components/schemas/RuntimeStatus" },
      input: anything,
      customStatus: anything,
      output: anything,
      createdTime: time,
      lastUpdatedTime: time,
      historyEvents: { type: "array", items: { type: "object" } },
    },
  },
  CheckStatus: {
    type: "object",
    properties: Object.fromEntries(
      [
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
      ].map((name) => [name, text]),
    ),
  },
  EntityStatus: {
    type: "object",
    required: ["entityId", "lastOperationTime", "state"],
    properties: {
      entityId: { type: "object", required: ["name", "key"], properties: { name: text, key: text } },
      lastOperationTime: time,
      state: anything,
    },
  },
  CleanedEntities: {
    type: "object",
    properties: {
      numberOfEmptyEntitiesRemoved: { type: "integer" },
      numberOfOrphanedLocksRemoved: { type: "integer" },
    },
  },
  PurgeResult: { type: "object", properties: { instancesDeleted: { type: "integer" } } },
  PurgeJob: {
    type: "object",
    required: ["id", "taskHub", "status", "instancesDeleted", "createdTime", "lastUpdatedTime"],
    properties: {
      id: text,
      taskHub: text,
      status: { type: "string", enum: ["Running", "Completed", "Failed", "Canceled"] },
      instancesDeleted: { type: "integer" },
      rowsDeleted: { type: "integer" },
      createdTime: time,
      lastUpdatedTime: time,
      reason: text,
      statusQueryGetUri: text,
    },
  },
  Waiting: {
    type: "object",
    properties: { instanceId: text, sentence: text, reasons: { type: "array", items: { type: "object" } } },
  },
  Counts: { type: "object", additionalProperties: { type: "integer" } },
  Error: {
    type: "object",
    required: ["Message"],
    properties: {
      Message: text,
      ExceptionMessage: text,
      ExceptionType: text,
      StackTrace: { type: "null" },
    },
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;
