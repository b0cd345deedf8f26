import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const A = "@thing@a";
const B = "@thing@b";
const SECTION = "11111111-2222-3333-4444-555555555555";
const OTHER_SECTION = "11111111-2222-3333-4444-666666666666";

const grantOf = (events: readonly HistoryEvent[]): string | undefined => {
  const kind = events.at(-1)?.eventType;
  return kind?.case === "entityLockGranted" ? kind.value.criticalSectionId : undefined;
};

async function scene() {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  const turnOf = async (instanceId: string) => {
    await sidecar.client.start("locks", { instanceId });
    return worker.turnOf(instanceId);
  };
  return { sidecar, worker, turnOf };
}

async function expectFree({ client }: Sidecar, worker: ScriptedWorker): Promise<void> {
  for (const instanceId of [A, B]) {
    await client.call("signalEntity", { instanceId, name: "do" });
    const batch = await worker.batch();
    expect(batch.instanceId).toBe(instanceId);
    await worker.answerBatch(batch, { results: [{ resultType: { case: "success", value: {} } }] });
  }
}

const unlockBoth = (id: number) => [action.unlock(id, SECTION, A), action.unlock(id + 1, SECTION, B)];

test("locks that are asked for and let go of in one turn leave nothing locked", async () => {
  const { sidecar, worker, turnOf } = await scene();

  await worker.answerTurn(await turnOf("holder"), [
    action.lock(0, SECTION, [A, B]),
    ...unlockBoth(1),
    action.complete(3),
  ]);

  expect((await sidecar.client.ended("holder")).status).toBe("COMPLETED");
  await expectFree(sidecar, worker);
});

test.each([
  ["the first", A],
  ["the last", B],
])("locks let go of while another orchestration has %s of them are never had", async (_which, held) => {
  const { sidecar, worker, turnOf } = await scene();
  await worker.answerTurn(await turnOf("first"), [action.lock(0, OTHER_SECTION, [held])]);
  const holding = await worker.turnOf("first");
  expect(grantOf(holding.newEvents)).toBe(OTHER_SECTION);
  await worker.answerTurn(await turnOf("second"), [action.lock(0, SECTION, [A, B]), action.timer(1)]);
  const waiting = await worker.turnOf("second");
  expect(grantOf(waiting.newEvents)).toBeUndefined();

  await worker.answerTurn(waiting, [...unlockBoth(2), action.complete(4)]);
  await sidecar.client.ended("second");
  await worker.answerTurn(holding, [action.unlock(1, OTHER_SECTION, held), action.complete(2)]);

  await sidecar.client.ended("first");
  await expectFree(sidecar, worker);
});

test("locks that are let go of once they are granted are free for others", async () => {
  const { sidecar, worker, turnOf } = await scene();
  await worker.answerTurn(await turnOf("holder"), [action.lock(0, SECTION, [A, B])]);
  const holding = await worker.turnOf("holder");
  expect(grantOf(holding.newEvents)).toBe(SECTION);

  await worker.answerTurn(holding, [...unlockBoth(1), action.complete(3)]);

  await sidecar.client.ended("holder");
  await expectFree(sidecar, worker);
});

test.each<[string, readonly ReturnType<typeof action.unlock>[]]>([
  ["are still held", []],
  ["were let go of in part", [action.unlock(1, SECTION, A)]],
])("locks that %s are free once their orchestration has ended", async (_what, before) => {
  const { sidecar, worker, turnOf } = await scene();
  await worker.answerTurn(await turnOf("holder"), [action.lock(0, SECTION, [A, B])]);
  const holding = await worker.turnOf("holder");
  expect(grantOf(holding.newEvents)).toBe(SECTION);

  await worker.answerTurn(holding, [...before, action.complete(3)]);

  await sidecar.client.ended("holder");
  await expectFree(sidecar, worker);
});

test("locks had one after the other are all free once their orchestration has ended", async () => {
  const { sidecar, worker, turnOf } = await scene();
  await worker.answerTurn(await turnOf("holder"), [action.lock(0, SECTION, [A])]);
  await worker.answerTurn(await worker.turnOf("holder"), [action.lock(1, OTHER_SECTION, [B])]);
  const holding = await worker.turnOf("holder");
  expect(grantOf(holding.newEvents)).toBe(OTHER_SECTION);

  await worker.answerTurn(holding, [action.complete(2)]);

  await sidecar.client.ended("holder");
  await expectFree(sidecar, worker);
});
