import { describe, expect, test } from "vitest";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";

/** An orchestration that has asked for an activity with the id 3, and has its next turn. */
async function secondTurn(sessionMemoryBytes: number) {
  const sidecar = await startSidecar({ settings: { sessionMemoryBytes } });
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("anything", { instanceId: "id" });
  await worker.answerTurn(await worker.turn(), [action.activity(3, "first")]);
  const activity = await worker.activity();
  await sidecar.client.call("raiseEvent", { instanceId: "id", name: "go" });
  return { sidecar, client: sidecar.client, worker, activity, turn: await worker.turn() };
}

describe.each([
  ["kept in memory", 64 * 1024 * 1024],
  ["read again", 0],
])("an orchestration that is %s", (_where, sessionMemoryBytes) => {
  test("and gives the id of an activity that is under way to another task fails", async () => {
    const { sidecar, client, worker, turn } = await secondTurn(sessionMemoryBytes);

    await worker.answerTurn(turn, [action.activity(3, "second"), action.activity(4, "third")]);

    expect(await client.ended("id")).toMatchObject({
      status: "FAILED",
      failureDetails: {
        errorMessage: expect.stringContaining(
          "activity 'second' under the id 3, which is that of activity 'first', which has not ended",
        ),
      },
    });
    expect(await worker.unseen()).toEqual([]);
    expect(sidecar.complaints).toEqual([]);
  });

  test("may give it again when it has continued as new", async () => {
    const { client, worker, turn } = await secondTurn(sessionMemoryBytes);
    await worker.answerTurn(turn, [action.continueAsNew(4)]);

    await worker.answerTurn(await worker.turn(), [action.activity(3, "second")]);

    const again = await worker.activity();
    expect(again.name).toBe("second");
    await worker.answerActivity(again, "2");
    await worker.answerTurn(await worker.turn(), [action.complete(4, "2")]);
    expect((await client.ended("id")).output).toBe("2");
  });
});
