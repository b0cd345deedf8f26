import * as df from "durable-functions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bindingData } from "../../src/http/index.ts";
import { App, getClient } from "../../src/sdk/index.ts";
import { type RunningServer, startServer } from "../../src/server/index.ts";

const BASE_PATH = "/runtime/webhooks/durabletask";
const KEY = "a system key";

function functions(): App {
  const app = new App();
  app.activity("boom", () => {
    throw new RangeError("no luck");
  });
  app.entity<number>("Counter", (context) => {
    if (context.operation === "delete") return context.deleteState();
    return context.setState(context.getState(() => 0) + ((context.input as number | undefined) ?? 1));
  });
  app.orchestration("echo", (_context, input: unknown) => input);
  app.orchestration("waits", function* (context) {
    context.setCustomStatus({ step: 1 });
    return yield context.waitForExternalEvent("go");
  });
  app.orchestration("fails", function* (context) {
    return yield context.callActivity("boom");
  });
  return app;
}

/** The published client of durable-functions 3.5, made the way a function gets it from its binding. */
describe.each(["its own URLs", "an RPC base"] as const)("durable-functions 3.5 over %s", (way) => {
  const isRpc = way === "an RPC base";
  const id = (name: string): string => `${isRpc ? "rpc" : "url"}-${name}`;
  let server: RunningServer;
  let client: df.DurableClient;

  beforeAll(async () => {
    // With its own URLs it presents the system key; the RPC base is for callers that need none.
    if (!isRpc) process.env["PERDURE_SYSTEM_KEY"] = KEY;
    server = await startServer({ app: functions(), port: 0, storage: "memory:" });
    process.env["WEBSITE_HOSTNAME"] = new URL(server.url).host; // Else the client asks localhost:7071.
    const base = {
      origin: server.url,
      basePath: BASE_PATH,
      taskHub: server.taskHubName,
      connection: "Storage",
      code: isRpc ? undefined : KEY,
    };
    const data = isRpc ? bindingData(base, `${server.url}${BASE_PATH}/`) : bindingData(base);
    const input = df.input.durableClient();
    client = df.getClient({ options: { extraInputs: [input] }, extraInputs: { get: () => data } } as never);
  });

  afterAll(async () => {
    delete process.env["PERDURE_SYSTEM_KEY"];
    delete process.env["WEBSITE_HOSTNAME"];
    await server.close();
  });

  async function ended(instanceId: string): Promise<df.DurableOrchestrationStatus> {
    return expect
      .poll(() => client.getStatus(instanceId), { timeout: 20_000 })
      .toSatisfy((status: df.DurableOrchestrationStatus) =>
        ["Completed", "Failed", "Terminated"].includes(status.runtimeStatus),
      )
      .then(() => client.getStatus(instanceId));
  }

  test("starts, and gets the status with dates, input, output and custom status", async () => {
    expect(await client.startNew("echo", { instanceId: id("echo"), input: { a: [1, "é"] } })).toBe(
      id("echo"),
    );

    const status = await ended(id("echo"));

    expect(status).toMatchObject({
      name: "echo",
      instanceId: id("echo"),
      runtimeStatus: df.OrchestrationRuntimeStatus.Completed,
      input: { a: [1, "é"] },
      output: { a: [1, "é"] },
      customStatus: null,
    });
    expect(status.createdTime).toBeInstanceOf(Date);
    expect(status.lastUpdatedTime.getTime()).toBeGreaterThanOrEqual(status.createdTime.getTime());
  });

  test("gets a random id when it names none", async () => {
    expect(await client.startNew("echo")).toMatch(/^[0-9a-f]{32}$/);
  });

  test("is told of an unknown function and of an id that is taken", async () => {
    await client.startNew("waits", { instanceId: id("taken") });

    await expect(client.startNew("nobody")).rejects.toThrow();
    await expect(client.startNew("waits", { instanceId: id("taken") })).rejects.toThrow(/already exists/);
    await expect(client.getStatus("nobody")).rejects.toThrow();
  });

  test("raises an event, and for one that has ended silently does not", async () => {
    await client.startNew("waits", { instanceId: id("event") });
    await client.raiseEvent(id("event"), "go", { answer: 42 });

    expect((await ended(id("event"))).output).toEqual({ answer: 42 });
    await client.raiseEvent(id("event"), "go", 1);
    await expect(client.raiseEvent("nobody", "go", 1)).rejects.toThrow(/No instance with ID 'nobody' found/);
    await expect(client.raiseEvent(id("event"), "", 1)).rejects.toThrow();
  });

  test("suspends, resumes and terminates", async () => {
    await client.startNew("waits", { instanceId: id("control") });
    await client.suspend(id("control"), "lunch");
    expect((await client.getStatus(id("control"))).runtimeStatus).toBe("Suspended");
    await client.resume(id("control"), "back");
    expect((await client.getStatus(id("control"))).runtimeStatus).toBe("Running");
    await client.terminate(id("control"), "enough");

    expect(await ended(id("control"))).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    await client.terminate(id("control"), "again");
    await expect(client.terminate("nobody", "why")).rejects.toThrow(/No instance with ID 'nobody' found/);
  });

  test("rewinds what failed, and nothing else", async () => {
    await client.startNew("fails", { instanceId: id("fails") });
    expect((await ended(id("fails"))).output).toContain("no luck");

    await client.rewind(id("fails"), "try again");

    await expect(client.rewind(id("echo"), "no")).rejects.toThrow(/410/);
    await expect(client.rewind("nobody", "no")).rejects.toThrow();
    await ended(id("fails"));
  });

  test("lists everything, and by status and time, over many pages", async () => {
    for (let each = 0; each < 120; each++) await client.startNew("waits", { instanceId: id(`many-${each}`) });

    const all = await client.getStatusAll();
    const running = await client.getStatusBy({ runtimeStatus: [df.OrchestrationRuntimeStatus.Running] });
    const none = await client.getStatusBy({ createdTimeFrom: new Date("2999-01-01") });

    const many = (list: readonly { readonly instanceId: string }[]): number =>
      list.filter(({ instanceId }) => instanceId.startsWith(id("many-"))).length;
    expect([many(all), many(running), none.length]).toEqual([120, 120, 0]);
    expect(all.length).toBeGreaterThan(running.length);
  });

  test("purges one, none, and by filter", async () => {
    await client.startNew("echo", { instanceId: id("purged") });
    await ended(id("purged"));

    expect(await client.purgeInstanceHistory(id("purged"))).toMatchObject({ instancesDeleted: 1 });
    expect(await client.purgeInstanceHistory(id("purged"))).toMatchObject({ instancesDeleted: 0 });
    await client.startNew("echo", { instanceId: id("purged") });
    await ended(id("purged"));
    const by = {
      createdTimeFrom: new Date("2020-01-01"),
      runtimeStatus: [df.OrchestrationRuntimeStatus.Completed],
    };
    expect((await client.purgeInstanceHistoryBy(by)).instancesDeleted).toBeGreaterThanOrEqual(1);
    expect((await client.purgeInstanceHistoryBy(by)).instancesDeleted).toBe(0);
  });

  test("makes check-status answers whose addresses work", async () => {
    await client.startNew("waits", { instanceId: id("check") });
    const request = { url: `${server.url}/api/start`, headers: new Headers() };

    const response = client.createCheckStatusResponse(request as never, id("check"));

    expect(response.status).toBe(202);
    const { statusQueryGetUri, terminatePostUri } = (await response.json()) as Record<string, string>;
    expect((await fetch(statusQueryGetUri ?? "")).status).toBe(202);
    const terminated = await fetch((terminatePostUri ?? "").replace("{text}", "enough"), { method: "POST" });
    expect(terminated.status).toBe(202);
    expect((await ended(id("check"))).output).toBe("enough");
  });

  test("P-21 makes the same management payload as our client", () => {
    const theirs = client.createHttpManagementPayload(id("payload"));

    expect(getClient().createHttpManagementPayload(id("payload"))).toEqual(theirs);
  });

  test("waits for the end, or answers where to look", async () => {
    const request = { url: `${server.url}/api/start`, headers: new Headers() };
    const wait = { timeoutInMilliseconds: 2_000, retryIntervalInMilliseconds: 50 };
    await client.startNew("echo", { instanceId: id("wait-1"), input: "done" });
    await client.startNew("waits", { instanceId: id("wait-2") });
    await client.startNew("fails", { instanceId: id("wait-3") });

    const done = await client.waitForCompletionOrCreateCheckStatusResponse(
      request as never,
      id("wait-1"),
      wait,
    );
    const late = await client.waitForCompletionOrCreateCheckStatusResponse(request as never, id("wait-2"), {
      timeoutInMilliseconds: 200,
      retryIntervalInMilliseconds: 50,
    });
    const failed = await client.waitForCompletionOrCreateCheckStatusResponse(
      request as never,
      id("wait-3"),
      wait,
    );

    expect([done.status, await done.json()]).toEqual([200, "done"]);
    expect(late.status).toBe(202);
    expect([failed.status, ((await failed.json()) as { runtimeStatus: string }).runtimeStatus]).toEqual([
      500,
      "Failed",
    ]);
  });

  test("reads the state of an entity, and signals it", async () => {
    const counter = new df.EntityId("Counter", id("a"));
    const before = await client.readEntityState<number>(counter);
    await client.signalEntity(counter, "add", 5);
    await client.signalEntity(counter, "add", 37);

    await expect
      .poll(() => client.readEntityState<number>(counter), { timeout: 10_000 })
      .toEqual(new df.EntityStateResponse(true, 42));
    expect(before).toEqual(new df.EntityStateResponse(false, undefined));
  });

  test("an operation without a name or without an input, and one that deletes", async () => {
    const counter = new df.EntityId("counter", id("b"));
    await client.signalEntity(counter);
    await expect
      .poll(async () => (await client.readEntityState(counter)).entityState, { timeout: 10_000 })
      .toBe(1);

    await client.signalEntity(counter, "delete");

    await expect
      .poll(async () => (await client.readEntityState(counter)).entityExists, { timeout: 10_000 })
      .toBe(false);
  });

  test("is told of an entity function that nobody has", async () => {
    const nobody = new df.EntityId("nobody", "a");

    await expect(client.signalEntity(nobody, "add", 1)).rejects.toThrow(/The entity function 'nobody'/);
    expect((await client.readEntityState(nobody)).entityExists).toBe(false);
  });

  test("gets the status of an entity, sees it in lists, and purges it", async () => {
    const counter = new df.EntityId("counter", id("c"));
    const instanceId = `@counter@${id("c")}`;
    await client.signalEntity(counter, "add", 3);
    await expect
      .poll(async () => (await client.readEntityState(counter)).entityState, { timeout: 10_000 })
      .toBe(3);

    const all = await client.getStatusAll();

    expect(await client.getStatus(instanceId)).toMatchObject({ name: "counter", runtimeStatus: "Running" });
    expect(all.map((each) => each.instanceId)).toContain(instanceId);
    expect(await client.purgeInstanceHistory(instanceId)).toMatchObject({ instancesDeleted: 1 });
    expect((await client.readEntityState(counter)).entityExists).toBe(false);
  });
});
