import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { App } from "../../src/sdk/app.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;
const BAD = new EntityId("cell", "bad");
const GOOD = new EntityId("cell", "good");

/** Hosts that die when the deadly operation runs in them. */
function startHosts(hub: HubInMemory) {
  let deaths = 0;
  const start = async (): Promise<Host> => {
    const app = new App();
    app.entity<number>("cell", (context) => {
      if (context.operation === "deadly") {
        deaths += 1;
        host.worker.kill();
        return new Promise<never>(() => undefined);
      }
      return context.setState(context.getState(() => 0) + 1);
    });
    app.orchestration("hold", function* (context) {
      yield context.lock(GOOD);
      return yield context.waitForExternalEvent("leave");
    });
    const host = await hub.newHost({ app });
    await host.worker.start();
    return host;
  };
  return { start, deaths: () => deaths };
}

test.each([
  ["one that nobody has used yet", false],
  ["one that has a state", true],
])(
  "an entity that kills the process again and again is put away, also %s; its neighbors go on",
  async (_which, exists) => {
    const hub = new HubInMemory();
    const { start, deaths } = startHosts(hub);
    const first = await start();
    const outside = await hub.client();
    if (exists) await first.client.entities.signal(BAD, "add");
    await hub.clock.advance(50);
    await outside.entities.signal(BAD, "deadly");
    await outside.entities.signal(BAD, "add");
    for (let count = 0; count < 12; count++) {
      await hub.clock.advance(LEASE_MS + 1_000);
      await start();
      await hub.clock.advance(3_000);
    }
    await outside.entities.signal(GOOD, "add");
    await hub.clock.advance(1_000);

    expect(deaths()).toBeGreaterThanOrEqual(5);
    expect(deaths()).toBeLessThan(10);
    expect((await outside.whyWaiting("@cell@bad"))?.sentence).toMatch(
      /^It is in quarantine: .* died 5 times/,
    );
    expect(await outside.entities.read(GOOD)).toMatchObject({ state: "1" });
    expect(await (await hub.store()).query.messages("@cell@bad")).toHaveLength(2);
  },
);

test("one that waits behind a lock is not to blame, however often the process dies", async () => {
  const hub = new HubInMemory();
  const { start } = startHosts(hub);
  const first = await start();
  await first.client.startNew("hold", { instanceId: "holder" });
  await hub.clock.advance(50);
  const outside = await hub.client();
  await outside.entities.signal(GOOD, "add");
  await hub.clock.advance(50);
  first.worker.kill();
  for (let count = 0; count < 12; count++) {
    await hub.clock.advance(LEASE_MS + 1_000);
    const { worker } = await start();
    await hub.clock.advance(1_000);
    worker.kill();
  }
  await hub.clock.advance(LEASE_MS + 1_000);
  const { client } = await start();
  await hub.clock.advance(1_000);
  await client.raiseEvent("holder", "leave");
  await hub.clock.advance(1_000);

  expect(await client.entities.read(GOOD)).toMatchObject({ state: "1" });
  expect(hub.complaints).not.toContain("An instance was put into quarantine");
});
