// replay.test.ts
import { expect, test } from "vitest";
import { replayHistory, TestHub } from "../../../src/testing/index.ts";
import { app, subscribed, trial } from "./trial.ts";

test("trials that are under way in production can go on with this version", async () => {
  await replayHistory(app, new URL("./trials.ndjson", import.meta.url));
});

test("the code comes to the same again, led by its own history", async () => {
  await using hub = await TestHub.start({ app, fakes: { remind: undefined, charge: "receipt-1" } });
  const id = await hub.client.startNew(trial, { input: "Ann" });
  await hub.advance("8d");
  await hub.client.raiseEvent(id, subscribed, { plan: "monthly" });
  await hub.run(id);

  const [replayed] = await replayHistory(app, await hub.history(id));

  expect(replayed).toMatchObject({ name: "trial", runtimeStatus: "Completed", output: "receipt-1" });
});
