import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeChunk } from "../../src/core/history-chunk.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import { App } from "../../src/sdk/app.ts";
import type { HistoryChunk, InstanceRecord } from "../../src/storage/index.ts";
import { register } from "./programs.mjs";

interface Golden {
  readonly record: InstanceRecord;
  readonly chunks: readonly HistoryChunk[];
}

const folder = new URL("./histories/", import.meta.url);
const versions = readdirSync(folder);

const app = new App();
register(app);
const executor = new LocalExecutor({
  registry: app.registry,
  clock: systemClock,
  maxOrchestrationActions: 1_000,
});

describe.each(versions)("histories of %s", (version) => {
  const files = readdirSync(new URL(`${version}/`, folder));

  test.each(files)("%s replays to the end that was recorded", async (file) => {
    const golden = JSON.parse(readFileSync(new URL(`${version}/${file}`, folder), "utf8")) as Golden;
    const history = golden.chunks.flatMap((chunk) => decodeChunk(chunk, golden.record));

    const end = await replayToTheEnd(history);

    expect(end).toEqual({ status: golden.record.status, result: golden.record.output });
  });
});

/** The last episode is run again instead of replayed, so that the code itself says how it ends. */
async function replayToTheEnd(history: readonly HistoryEvent[]): Promise<unknown> {
  const started = history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted") throw new Error("The history does not begin.");
  const session = executor.openSession(started, () => undefined);
  await session.replay(history.filter((event) => event.type !== "ExecutionCompleted"));
  const { actions, completion } = await session.execute([], history.at(-1)?.timestamp ?? 0);
  expect(actions).toEqual([]);
  return { status: completion?.status, result: completion?.result };
}
