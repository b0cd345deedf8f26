import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuntimeStatus } from "../../src/core/orchestration-status.ts";
import { BASE, type HostUnderTest, startHost } from "./host-under-test.ts";
import { Instances } from "./instances.ts";

let host: HostUnderTest;
let instances: Instances;
let count = 0;

beforeAll(async () => {
  host = await startHost();
  instances = new Instances(host.storage, "Other");
});

afterAll(() => host.close());

const STATES = [
  "missing",
  "Pending",
  "Running",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
  "Canceled",
] as const;

interface Operation {
  readonly method: string;
  readonly path: (id: string) => string;
  readonly body?: string;
}

const post = (operation: string, body?: string): Operation => ({
  method: "POST",
  path: (id) => `/instances/${id}/${operation}`,
  ...(body === undefined ? {} : { body }),
});

/** Contract 1.20, cell by cell, with what was picked where releases differ. */
const MATRIX: readonly [string, Operation, readonly number[]][] = [
  [
    "GET status",
    { method: "GET", path: (id) => `/instances/${id}` },
    [404, 202, 202, 202, 200, 200, 200, 200],
  ],
  [
    "GET status, failures as 500",
    { method: "GET", path: (id) => `/instances/${id}?returnInternalServerErrorOnFailure=true` },
    [404, 202, 202, 202, 200, 500, 200, 200],
  ],
  ["raiseEvent", post("raiseEvent/go", "1"), [404, 202, 202, 202, 410, 410, 410, 410]],
  ["terminate", post("terminate?reason=x"), [404, 202, 202, 202, 410, 410, 410, 410]],
  ["suspend", post("suspend?reason=x"), [404, 202, 202, 500, 410, 410, 410, 410]],
  ["resume", post("resume?reason=x"), [404, 500, 500, 202, 410, 410, 410, 410]],
  ["rewind", post("rewind?reason=x"), [404, 412, 412, 412, 410, 202, 410, 410]],
  ["restart", post("restart"), [400, 202, 202, 202, 202, 202, 202, 202]],
  [
    "restart under the same id",
    post("restart?restartWithNewInstanceId=false"),
    [400, 409, 409, 409, 202, 202, 202, 202],
  ],
  [
    "start with the same id",
    { method: "POST", path: (id) => `/orchestrators/wait/${id}` },
    [202, 409, 409, 409, 202, 202, 202, 202],
  ],
  [
    "DELETE one",
    { method: "DELETE", path: (id) => `/instances/${id}` },
    [404, 412, 412, 412, 200, 200, 200, 200],
  ],
];

describe.each(MATRIX)("%s", (_title, { method, path, body }, codes) => {
  test.each(STATES.map((state, index) => [state, codes[index]] as const))("%s: %i", async (state, code) => {
    const id = `instance-${++count}`;
    if (state !== "missing") await instances.put(id, state satisfies RuntimeStatus);
    const target = path(id);

    const response = await host.call(
      method,
      `${BASE}${target}${target.includes("?") ? "&" : "?"}taskHub=Other`,
      body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } },
    );

    expect(response.status).toBe(code);
  });
});
