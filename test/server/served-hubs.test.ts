import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/engine/clock.ts";
import { silentLogger } from "../../src/engine/logger.ts";
import { WorkerPool } from "../../src/grpc/index.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import { ServedHubs } from "../../src/server/served-hubs.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function serve({ createOnUse = true } = {}) {
  const app = new App();
  app.orchestration("waits", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });
  app.entity<number>("counter", (context) => context.setState(1));
  const ownWorkers = new WorkerPool(systemClock);
  const own = await TaskHub.open(createMemoryStorage(), {
    app,
    taskHubName: "Own",
    remoteWorkers: ownWorkers,
  });
  await own.start();
  const hubs = new ServedHubs({ own, ownWorkers, settings: {}, createOnUse, logger: silentLogger });
  onTestFinished(async () => {
    await hubs.close({ drainMs: 0 });
    await own.close({ drainMs: 0 });
  });
  return { own, hubs };
}

test("a caller that names no hub, or the host's in any case, has the host's", async () => {
  const { hubs } = await serve();

  expect([(await hubs.of(undefined)).name, (await hubs.of("OWN")).name]).toEqual(["Own", "Own"]);
});

test("another hub is made when it is named, and is one for all who name it", async () => {
  const { own, hubs } = await serve();
  const [first, second] = await Promise.all([hubs.of("Other"), hubs.of("other")]);
  await first.client.startNew("elsewhere", { instanceId: "a" });

  expect(first.workers).toBe(second.workers);
  expect(await second.query.get("a")).toMatchObject({ status: "Pending" });
  expect(await own.query.get("a")).toBeUndefined();
});

test("where hubs are not made on use, one that nobody has is refused by its name", async () => {
  const { own, hubs } = await serve({ createOnUse: false });
  await own.storage.taskHubs.ensure("There");

  await expect(hubs.of("Nobody")).rejects.toMatchObject({
    code: "TASK_HUB_NOT_FOUND",
    message: expect.stringContaining("Nobody"),
  });
  expect((await hubs.of("There")).name).toBe("There");
});

test("a name that cannot be is refused", async () => {
  const { hubs } = await serve();

  await expect(hubs.of("no such name!")).rejects.toMatchObject({ code: "INVALID_TASK_HUB_NAME" });
});

test("another hub is deleted, and made anew empty", async () => {
  const { own, hubs } = await serve();
  await (await hubs.of("Other")).client.startNew("elsewhere", { instanceId: "a" });
  await hubs.recreate("Other");

  expect(await (await hubs.of("Other")).query.get("a")).toBeUndefined();
  await hubs.delete("Other");
  expect((await own.storage.taskHubs.list()).map(({ name }) => name)).toEqual(["Own"]);
});

test("the host's hub stays as long as the host, and can be emptied", async () => {
  const { own, hubs } = await serve();
  const { client, query } = await hubs.of(undefined);
  await client.startNew("waits", { instanceId: "live" });
  await client.startNew("elsewhere", { instanceId: "pending" });
  await client.entities.signal({ name: "counter", key: "a" }, "set");
  while ((await client.entities.read({ name: "counter", key: "a" })) === undefined) await nextTurn();

  await expect(hubs.delete("own")).rejects.toMatchObject({ code: "INVALID_INSTANCE_STATE" });
  await hubs.recreate("own");
  expect((await query.list({}, { size: 10 })).instances).toEqual([]);
  expect(own.role).toBe("owner");
});
