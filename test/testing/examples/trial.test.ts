// trial.test.ts
import { expect, test } from "vitest";
import { inTurn, TestHub } from "../../../src/testing/index.ts";
import { app, charge, remind, subscribed, trial } from "./trial.ts";

test("a trial that nobody takes up expires after four weeks and four reminders", async () => {
  await using hub = await TestHub.start({ app, startAt: "2026-01-01T00:00:00Z" });
  hub.fake(remind, undefined);

  const id = await hub.client.startNew(trial, { input: "Ann" });
  const { output } = await hub.run(id);

  expect(output).toBe("expired");
  expect(hub.now).toEqual(new Date("2026-01-29T00:00:00Z"));
  expect(hub.calls(remind).map(({ input }) => input)).toEqual(["Ann", "Ann", "Ann", "Ann"]);
});

test("who subscribes is charged, again when the bank does not answer", async () => {
  await using hub = await TestHub.start({ app, realActivities: "refuse" });
  hub.fake(remind, undefined);
  hub.fake(charge, inTurn(new Error("busy"), new Error("still busy"), "receipt-1"));
  const id = await hub.client.startNew(trial, { input: "Ann" });
  hub.at("10d", () => hub.client.raiseEvent(id, subscribed, { plan: "yearly" }));

  const { output } = await hub.run(id);

  expect(output).toBe("receipt-1");
  expect(hub.calls(remind)).toHaveLength(1);
  expect(hub.calls(charge).map(({ state }) => state)).toEqual(["failed", "failed", "completed"]);
});

test("a crash after the bank has answered charges a second time", async () => {
  await using hub = await TestHub.start({ app });
  hub.fake(charge, (order) => `receipt for ${order.plan}`);
  const id = await hub.client.startNew(trial, { input: "Ann" });
  hub.crashNext({ activity: charge, when: "before" });
  await hub.client.raiseEvent(id, subscribed, { plan: "yearly" });

  const { output } = await hub.run(id);

  expect(output).toBe("receipt for yearly");
  expect(hub.calls(charge).map(({ state }) => state)).toEqual(["lost", "completed"]);
});
