import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { App } from "../../src/sdk/index.ts";
import { type RunningServer, startServer } from "../../src/server/index.ts";

const API = "/runtime/webhooks/durabletask";

let folder: string;
let server: RunningServer;
let instanceId: string;

function functions(): App {
  const app = new App();
  const paid = app.event("paid", z.object({ cents: z.coerce.number().positive() }));
  app.event("noted");
  app.orchestration("order", function* (context) {
    const raised = [context.waitForExternalEvent(paid.name), context.waitForExternalEvent("noted")];
    yield context.df.Task.any(raised);
    return "done";
  });
  return app;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
  server = await startServer({ app: functions(), appPath: folder, port: 0, storage: "memory:" });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const post = (path: string, body?: string): Promise<Response> =>
  fetch(`${server.url}${API}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });

beforeEach(async () => {
  ({ id: instanceId } = (await (await post("orchestrators/order")).json()) as { id: string });
});

async function historyOf(id: string): Promise<string> {
  return (await fetch(`${server.url}${API}/instances/${id}/history`)).text();
}

describe("an event that is raised over HTTP", () => {
  test.each(["paid", "PAID"])(
    "and does not match its schema is a 400 that names it, and changes nothing: %s",
    async (name) => {
      const response = await post(`instances/${instanceId}/raiseEvent/${name}`, '{"cents":-1}');

      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        Message: "One or more of the arguments submitted is incorrect",
        ExceptionMessage: expect.stringMatching(
          new RegExp(`^The payload of event '${name}' does not match its schema: cents: `),
        ),
        ExceptionType: "SCHEMA_VALIDATION_FAILED",
        StackTrace: null,
      });
      expect(await historyOf(instanceId)).not.toContain("EventRaised");
    },
  );

  test.each([
    ["paid", '{"cents":"12.50"}'],
    ["noted", "[1]"],
    ["unheard-of", "null"],
  ])("and matches, or has no schema, is taken as it came: %s %s", async (name, payload) => {
    const response = await post(`instances/${instanceId}/raiseEvent/${name}`, payload);

    expect(response.status).toBe(202);
    expect(await historyOf(instanceId)).toContain(`"input":${JSON.stringify(payload)}`);
  });

  test("for an instance that is not there is a 404, whatever its payload", async () => {
    expect((await post("instances/nobody/raiseEvent/paid", "1")).status).toBe(404);
  });
});
