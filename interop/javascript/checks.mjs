/** What the scenarios are written with: ids, waits that end, and exact comparisons. */
import { isDeepStrictEqual } from "node:util";
import { OrchestrationStatus } from "@microsoft/durabletask-js";

const WAIT_SECONDS = 20;
const POLL_MS = 25;

/** What the SDK of each worker has besides the basics. */
const EVERYTHING = ["event_name_case", "carried_events", "send_event", "version", "tags", "entities"];
const WORKERS = {
  js: { errorType: "InteropError", extras: EVERYTHING },
  py: { errorType: "functions.InteropError", extras: EVERYTHING },
  java: { errorType: "perdure.interop.InteropError", extras: ["send_event"] },
  go: { errorType: "main.InteropError", hidesErrorType: true, extras: ["event_name_case", "carried_events"] },
};

let started = 0;
const run = `${Date.now().toString(36)}${process.pid.toString(36)}`;

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Checks {
  constructor({ client, prefix, other, scenario }) {
    const { errorType, hidesErrorType, extras } = WORKERS[prefix];
    this.client = client;
    this.prefix = prefix;
    this.other = other;
    this.scenario = scenario;
    /** How the worker names the type of an InteropError, and how its orchestrators see that of an activity. */
    this.errorType = errorType;
    this.caughtType = hidesErrorType === true ? null : errorType;
    this.worker = new Set(extras);
  }

  name(name) {
    return `${this.prefix}_${name}`;
  }

  otherName(name) {
    return `${this.other}_${name}`;
  }

  newId() {
    return `js-${this.prefix}-${run}-${this.scenario}-${++started}`;
  }

  async start(name, input, options = {}) {
    const instanceId = options.instanceId ?? this.newId();
    const id = await this.client.scheduleNewOrchestration(this.name(name), input, { ...options, instanceId });
    equal(id, instanceId, "the id in the reply");
    return id;
  }

  async started(id) {
    const state = await this.client.waitForOrchestrationStart(id, false, WAIT_SECONDS);
    return this.#present(state, id);
  }

  async ended(id) {
    const state = await this.client.waitForOrchestrationCompletion(id, true, WAIT_SECONDS);
    return this.#present(state, id);
  }

  async state(id) {
    return this.#present(await this.client.getOrchestrationState(id, true), id);
  }

  async completes(id, output) {
    const state = await this.ended(id);
    this.status(state, OrchestrationStatus.COMPLETED);
    equal(parse(state.serializedOutput), output, "output");
    return state;
  }

  async fails(id) {
    const state = await this.ended(id);
    this.status(state, OrchestrationStatus.FAILED);
    if (state.failureDetails === undefined) throw new Error("there are no failure details");
    return state.failureDetails;
  }

  status(state, status) {
    if (state.runtimeStatus === status) return;
    const detail = state.failureDetails === undefined ? "" : ` (${state.failureDetails.message})`;
    throw new Error(
      `status is ${OrchestrationStatus[state.runtimeStatus]}${detail}, not ${OrchestrationStatus[status]}`,
    );
  }

  #present(state, id) {
    if (state === undefined) throw new Error(`there is no instance ${id}`);
    return state;
  }
}

export const parse = (json) => (json === undefined || json === "" ? null : JSON.parse(json));

export function equal(actual, expected, what) {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what} is ${shorten(JSON.stringify(actual))}, not ${shorten(JSON.stringify(expected))}`);
}

const shorten = (text = "undefined") => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

export function includes(text, part, what) {
  if (!String(text).includes(part)) throw new Error(`${what} is "${text}", without "${part}"`);
}

/** Asks until the answer is the expected one. */
export async function eventually(ask, expected, what) {
  const deadline = Date.now() + WAIT_SECONDS * 1000;
  for (;;) {
    const actual = await ask();
    if (isDeepStrictEqual(actual, expected)) return;
    if (Date.now() > deadline) equal(actual, expected, what);
    await delay(POLL_MS);
  }
}

export async function rejects(action, code, what) {
  try {
    await action();
  } catch (error) {
    equal(error.code, code, `gRPC status of ${what}`);
    return;
  }
  throw new Error(`${what} was not refused`);
}
