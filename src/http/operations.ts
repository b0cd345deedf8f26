import { type Answer, type Operation, type QueryParameter, ref } from "./operation.ts";

const flag = (name: string, about: string, otherwise: boolean): QueryParameter => ({
  name,
  about,
  schema: { type: "boolean", default: otherwise },
});

const seconds = (name: string, about: string): QueryParameter => ({
  name,
  about,
  schema: { type: "number", minimum: 0 },
});

const REASON: QueryParameter = { name: "reason", about: "Why, in words.", schema: { type: "string" } };
const CREATED: readonly QueryParameter[] = [
  { name: "createdTimeFrom", about: "Inclusive.", schema: { type: "string", format: "date-time" } },
  { name: "createdTimeTo", about: "Inclusive.", schema: { type: "string", format: "date-time" } },
];
const STATUSES: QueryParameter = {
  name: "runtimeStatus",
  about: "Statuses with commas between them; others are dropped.",
  schema: { type: "string" },
};
const FILTER: readonly QueryParameter[] = [
  { name: "instanceIdPrefix", about: "Ids that begin so.", schema: { type: "string" } },
  { name: "name", about: "The function.", schema: { type: "string" } },
  ...CREATED,
];
const SHOW: readonly QueryParameter[] = [
  flag("showInput", "Whether inputs are shown.", true),
  flag("showHistory", "Whether the history is shown.", false),
  flag("showHistoryOutput", "Whether the history has results.", false),
];
const TOP: QueryParameter = {
  name: "top",
  about: "The size of a page.",
  schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
};
const SCHEDULED: QueryParameter = {
  name: "scheduledTime",
  about: "Not before this time.",
  schema: { type: "string", format: "date-time" },
};
const WAIT: readonly QueryParameter[] = [
  seconds("timeout", "Wait so many seconds for the end."),
  seconds("pollingInterval", "Accepted; not longer than timeout."),
];

const NOT_FOUND: Answer = { about: "There is no such instance." };
const ENDED: Answer = { about: "The instance has ended." };
const ON_ITS_WAY: Answer = { about: "The message is on its way." };
const BAD_ARGUMENT: Answer = { about: "An argument is wrong; nothing was done.", schema: ref("Error") };
const STARTED: Readonly<Record<number, Answer>> = {
  200: { about: "With timeout: the output, or the status of an instance that did not complete.", schema: {} },
  202: { about: "Started; where to look.", schema: ref("CheckStatus") },
  400: BAD_ARGUMENT,
  409: { about: "An instance with this id has not ended.", schema: ref("Error") },
};

const SIGNALED: Readonly<Record<number, Answer>> = {
  202: ON_ITS_WAY,
  400: BAD_ARGUMENT,
  413: { about: "The body is too large.", schema: ref("Error") },
};
const NO_ORCHESTRATION: Answer = {
  about: "It is an entity, which is managed by operations.",
  schema: ref("Error"),
};

/** Terminate, suspend and resume, which differ in little. */
const control = (id: string, about: string, refusal?: string): Operation => ({
  id,
  about,
  query: [REASON],
  answers: {
    202: ON_ITS_WAY,
    404: NOT_FOUND,
    409: NO_ORCHESTRATION,
    410: ENDED,
    ...(refusal === undefined ? {} : { 500: { about: refusal, schema: ref("Error") } }),
  },
});

/** Every operation of the API, as the routes name them. */
export const OPERATIONS = {
  start: {
    id: "startOrchestration",
    about: "Starts an orchestration.",
    query: [...WAIT, { name: "version", about: "Of the instance.", schema: { type: "string" } }, ...SHOW],
    body: { about: "The input: any JSON.", required: false },
    answers: { ...STARTED, 413: { about: "The body is too large.", schema: ref("Error") } },
  },
  status: {
    id: "getStatus",
    about: "The status of an instance.",
    query: [...SHOW, flag("returnInternalServerErrorOnFailure", "A failed instance is a 500.", false)],
    answers: {
      200: { about: "It has ended.", schema: ref("InstanceStatus") },
      202: { about: "It has not ended.", schema: ref("InstanceStatus") },
      404: NOT_FOUND,
      500: { about: "It has failed, and that was to be a 500.", schema: ref("InstanceStatus") },
    },
  },
  list: {
    id: "listInstances",
    about:
      "A page of instances. The header x-ms-continuation-token of the answer, when not empty, asks for the next.",
    query: [
      ...FILTER,
      STATUSES,
      TOP,
      {
        name: "orderBy",
        about:
          "created: newest first, the default with a status or a time; id: else. A prefix is always by id.",
        schema: { type: "string", enum: ["created", "id"] },
      },
      flag("showInput", "Whether inputs are shown.", true),
    ],
    answers: {
      200: { about: "The page.", schema: { type: "array", items: ref("InstanceStatus") } },
      400: BAD_ARGUMENT,
    },
  },
  count: {
    id: "countInstances",
    about: "How many instances have which status.",
    query: FILTER,
    answers: { 200: { about: "A number for every status.", schema: ref("Counts") } },
  },
  purge: {
    id: "purgeInstance",
    about: "Purges an instance that has ended, with its history, or an entity.",
    answers: {
      200: { about: "It is gone.", schema: ref("PurgeResult") },
      404: NOT_FOUND,
      412: { about: "It has not ended.", schema: { type: "string" } },
    },
  },
  purgeMany: {
    id: "purgeInstances",
    about: "Purges every instance that has ended and matches.",
    query: [
      { ...(CREATED[0] as QueryParameter), required: true },
      CREATED[1] as QueryParameter,
      STATUSES,
      { name: "name", about: "The function.", schema: { type: "string" } },
      {
        name: "instanceIdPrefix",
        about: "Ids that begin so; read with background=true only.",
        schema: { type: "string" },
      },
      flag("background", "Answer at once and go on; the answer says where to look.", false),
    ],
    answers: {
      200: { about: "So many are gone.", schema: ref("PurgeResult") },
      202: { about: "With background=true: it goes on.", schema: ref("PurgeJob") },
      400: { about: "createdTimeFrom is missing or no time.", schema: { type: "string" } },
      404: { about: "None matched." },
    },
  },
  purgeJob: {
    id: "getPurge",
    about: "How far a purge in the background is.",
    answers: {
      200: { about: "It has ended.", schema: ref("PurgeJob") },
      202: { about: "It goes on.", schema: ref("PurgeJob") },
      404: { about: "This host has no such purge." },
    },
  },
  cancelPurge: {
    id: "cancelPurge",
    about: "Ends a purge in the background where it is. What is purged stays purged.",
    answers: {
      202: { about: "It ends." },
      404: { about: "This host has no such purge." },
      410: { about: "It has ended." },
    },
  },
  watchAll: {
    id: "watchInstances",
    about:
      "The status of every instance that matches whenever it changes, as server-sent events; `missed` when the caller was so far behind that it has to list them.",
    query: [...FILTER, STATUSES, flag("showInput", "Whether inputs are shown.", true)],
    answers: {
      200: { about: "The events.", mediaType: "text/event-stream", schema: { type: "string" } },
      503: { about: "This host does not run the hub; it stands by.", schema: ref("Error") },
    },
  },
  export: {
    id: "exportHistory",
    about: "Instances with their whole histories, one JSON object a line.",
    query: [...FILTER, STATUSES, { name: "instanceId", about: "Only this one.", schema: { type: "string" } }],
    answers: {
      200: { about: "The archive.", mediaType: "application/x-ndjson", schema: { type: "string" } },
    },
  },
  import: {
    id: "importHistory",
    about: "Brings the instances of an archive into the hub, those that have ended and whose id is free.",
    body: { about: "The archive, as export writes it.", required: true },
    answers: {
      200: {
        about: "A line for each instance; at the end one of type done, or failed and why.",
        mediaType: "application/x-ndjson",
        schema: { type: "string" },
      },
    },
  },
  taskHubs: {
    id: "listTaskHubs",
    about: "The task hubs of the store.",
    answers: { 200: { about: "Their names and when they were made.", schema: { type: "array" } } },
  },
  deleteTaskHub: {
    id: "deleteTaskHub",
    about: "Deletes a task hub with everything in it.",
    answers: {
      200: { about: "It is gone; its rows go later." },
      404: { about: "There is no such hub." },
      409: { about: "This host runs it.", schema: ref("Error") },
    },
  },
  history: {
    id: "streamHistory",
    about: "Every event of the current execution as it is stored, one JSON object a line.",
    answers: {
      200: { about: "The events.", mediaType: "application/x-ndjson", schema: { type: "string" } },
      404: NOT_FOUND,
    },
  },
  waiting: {
    id: "whyWaiting",
    about: "Why an instance has not ended.",
    answers: { 200: { about: "The reasons.", schema: ref("Waiting") }, 404: NOT_FOUND, 410: ENDED },
  },
  watch: {
    id: "watchInstance",
    about: "The status now and with each change, as server-sent events, until the end.",
    query: [flag("showInput", "Whether inputs are shown.", true)],
    answers: {
      200: { about: "The events.", mediaType: "text/event-stream", schema: { type: "string" } },
      404: NOT_FOUND,
    },
  },
  raiseEvent: {
    id: "raiseEvent",
    about: "Raises an event.",
    body: { about: "The payload: any JSON, as application/json.", required: true },
    answers: { 202: ON_ITS_WAY, 400: BAD_ARGUMENT, 404: NOT_FOUND, 409: NO_ORCHESTRATION, 410: ENDED },
  },
  terminate: control("terminate", "Terminates an instance."),
  suspend: control("suspend", "Suspends an instance.", "It is suspended already."),
  resume: control("resume", "Resumes an instance.", "It is not suspended."),
  rewind: {
    id: "rewind",
    about: "Puts a failed instance back to before its failures.",
    query: [REASON],
    answers: {
      202: ON_ITS_WAY,
      404: NOT_FOUND,
      410: ENDED,
      412: { about: "It has not failed.", schema: { type: "string" } },
    },
  },
  restart: {
    id: "restart",
    about: "Starts the same function with the same input again.",
    query: [flag("restartWithNewInstanceId", "Whether under a new id.", true), ...WAIT, ...SHOW],
    answers: STARTED,
  },
  listEntities: {
    id: "listEntities",
    about:
      "A page of entities, all or of one name. The header x-ms-continuation-token of the answer, when not empty, asks for the next; a page may be short.",
    query: [
      { name: "lastOperationTimeFrom", about: "Inclusive.", schema: { type: "string", format: "date-time" } },
      { name: "lastOperationTimeTo", about: "Inclusive.", schema: { type: "string", format: "date-time" } },
      flag("fetchState", "Whether states are shown.", false),
      TOP,
    ],
    answers: {
      200: { about: "The page.", schema: { type: "array", items: ref("EntityStatus") } },
      400: BAD_ARGUMENT,
    },
  },
  entity: {
    id: "getEntity",
    about: "The state of an entity; the key $ is the empty one.",
    answers: {
      200: { about: "The state itself.", schema: {} },
      400: BAD_ARGUMENT,
      404: { about: "There is no such entity, or it has no state." },
    },
  },
  signalEntity: {
    id: "signalEntity",
    about: "Signals an operation to an entity, which comes into being with it.",
    query: [{ name: "op", about: "The operation.", schema: { type: "string", default: "" } }, SCHEDULED],
    body: {
      about: "The input: any JSON, as application/json; a body of another type is a string.",
      required: false,
    },
    answers: SIGNALED,
  },
  deleteEntity: {
    id: "deleteEntity",
    about: "Signals the operation delete to an entity.",
    query: [SCHEDULED],
    answers: SIGNALED,
  },
  cleanEntities: {
    id: "cleanEntityStorage",
    about:
      "Removes entities without state, lock and queue, and releases locks whose orchestration has ended.",
    query: [
      flag("removeEmptyEntities", "Whether empty entities are removed.", true),
      flag("releaseOrphanedLocks", "Whether such locks are released.", true),
    ],
    answers: { 200: { about: "How many there were.", schema: ref("CleanedEntities") } },
  },
  health: {
    id: "health",
    about: "Whether the host can reach its store.",
    answers: { 200: { about: "It can.", schema: {} }, 503: { about: "It cannot.", schema: {} } },
  },
  ready: {
    id: "ready",
    about: "Whether the host takes new work.",
    answers: { 200: { about: "It does.", schema: {} }, 503: { about: "It does not.", schema: {} } },
  },
  openapi: {
    id: "openapi",
    about: "This document.",
    answers: { 200: { about: "OpenAPI 3.1.", schema: {} } },
  },
} as const satisfies Readonly<Record<string, Operation>>;
