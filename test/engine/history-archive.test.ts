import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeChunk, encodeChunk } from "../../src/core/history-chunk.ts";
import { exportHistory } from "../../src/engine/export-history.ts";
import { importHistory } from "../../src/engine/import-history.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import type { HistoryChunk, InstanceRecord, TaskHubStore } from "../../src/storage/index.ts";

const NOW = Date.UTC(2030, 0, 1);
const HISTORIES = new URL("../golden/histories/", import.meta.url);

interface Golden {
  readonly record: InstanceRecord;
  readonly chunks: readonly HistoryChunk[];
}

const goldens = readdirSync(HISTORIES).flatMap((version) =>
  readdirSync(new URL(`${version}/`, HISTORIES)).map(
    (file) => JSON.parse(readFileSync(new URL(`${version}/${file}`, HISTORIES), "utf8")) as Golden,
  ),
);

async function emptyHub(): Promise<TaskHubStore> {
  const storage = createMemoryStorage();
  await storage.taskHubs.ensure("Hub");
  return storage.openTaskHub("Hub");
}

/** A hub with the golden instances, each under an id of its own, and one that has not ended. */
async function fullHub(): Promise<TaskHubStore> {
  const hub = await emptyHub();
  for (const [index, { record, chunks }] of goldens.entries()) {
    const { status, output, failure, customStatus, completedAt, run: _, ...instance } = record;
    const patch = Object.fromEntries(
      Object.entries({ status, output, failure, customStatus, completedAt }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const { executionId, name, createdAt, input, tags } = instance;
    await hub.client.restore(
      {
        instanceId: `golden-${index}`,
        executionId,
        name,
        createdAt,
        ...(input === undefined ? {} : { input }),
        ...(tags === undefined ? {} : { tags }),
      },
      patch,
      chunks,
    );
  }
  await hub.client.create({ instanceId: "live", executionId: "e", name: "wait", createdAt: NOW }, []);
  return hub;
}

async function archiveOf(
  hub: TaskHubStore,
  filter: Parameters<typeof exportHistory>[2] = {},
): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportHistory("Hub", hub.query, filter)) lines.push(line);
  return lines;
}

async function bring(lines: readonly string[], hub: TaskHubStore) {
  const outcomes = [];
  async function* each() {
    yield* lines;
  }
  for await (const outcome of importHistory(each(), new TaskHubClient({ store: hub })))
    outcomes.push(outcome);
  return outcomes;
}

async function contentOf(hub: TaskHubStore) {
  const { instances } = await hub.query.list({}, { size: 1_000 });
  const content = [];
  for (const { run: _, ...record } of instances) {
    const chunks = [];
    for await (const chunk of hub.query.history(record.instanceId)) chunks.push(chunk);
    content.push({ record, chunks });
  }
  return content.toSorted((a, b) => a.record.instanceId.localeCompare(b.record.instanceId));
}

describe("an archive", () => {
  test("of a hub brings every instance that has ended into another as it was", async () => {
    const [from, to] = [await fullHub(), await emptyHub()];

    const outcomes = await bring(await archiveOf(from), to);

    expect(outcomes.filter(({ type }) => type === "imported")).toHaveLength(goldens.length);
    expect(outcomes.filter(({ type }) => type === "skipped")).toEqual([
      { type: "skipped", instanceId: "live", reason: expect.stringContaining("Pending") },
    ]);
    const ended = (await contentOf(from)).filter(({ record }) => record.instanceId !== "live");
    expect(await contentOf(to)).toEqual(ended);
  });

  test.each(["bye", ""])("brings payloads that are no JSON as they are: '%s'", async (text) => {
    const [from, to] = [await emptyHub(), await emptyHub()];
    const instance = { instanceId: "plain", executionId: "e", name: "n", createdAt: NOW, input: text };
    const chunk = { seq: 0, at: NOW, ...encodeChunk([], NOW) };
    const patch = { status: "Terminated", output: text, customStatus: text, completedAt: NOW } as const;
    await from.client.restore(instance, patch, [chunk]);

    const outcomes = await bring(await archiveOf(from), to);

    expect(outcomes).toEqual([{ type: "imported", instanceId: "plain" }]);
    expect(await contentOf(to)).toEqual(await contentOf(from));
    expect(await contentOf(to)).toMatchObject([
      { record: { input: text, output: text, customStatus: text } },
    ]);
  });

  test.each([{}, { version: "2.0" }])("says whose child an instance is: %j", async (more) => {
    const [from, to] = [await emptyHub(), await emptyHub()];
    const parent = { instanceId: "p", executionId: "e-p", name: "parent", taskScheduledId: 3, ...more };
    const instance = { instanceId: "child", executionId: "e", name: "n", createdAt: NOW, parent };
    await from.client.restore(instance, { status: "Completed", completedAt: NOW }, []);

    await bring(await archiveOf(from), to);

    expect((await to.query.get("child"))?.parent).toEqual(parent);
  });

  test("imported again skips what is there", async () => {
    const hub = await fullHub();
    const before = await contentOf(hub);

    const outcomes = await bring(await archiveOf(hub), hub);

    expect(outcomes.every(({ type }) => type === "skipped")).toBe(true);
    expect(await contentOf(hub)).toEqual(before);
  });

  test.each([
    ["one instance", { instanceId: "golden-0" }, ["golden-0"]],
    ["an instance that is not there", { instanceId: "nobody" }, []],
    ["a prefix", { instanceIdPrefix: "li" }, ["live"]],
  ])("of %s has no other", async (_what, filter, expected) => {
    const lines = await archiveOf(await fullHub(), filter);

    const ids = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "instance");
    expect(ids.map(({ instanceId }) => instanceId)).toEqual(expected);
  });

  test.each(goldens.map(({ record, chunks }) => [record.name, record, chunks] as const))(
    "loses nothing of the chunks of %s",
    (_name, record, chunks) => {
      const again = chunks.map((chunk) => encodeChunk(decodeChunk(chunk, record).slice(1, -1), chunk.at));

      expect(again.map(({ events }) => JSON.parse(events))).toEqual(
        chunks.map(({ events }) => JSON.parse(events)),
      );
    },
  );
});

describe("an archive that cannot be read", () => {
  const hub = '{"type":"hub","format":1,"taskHub":"Hub","exportedTime":"2030-01-01T00:00:00.000Z"}';
  const instance = (id: string): string =>
    `{"type":"instance","instanceId":"${id}","executionId":"e","name":"n","runtimeStatus":"Completed","createdTime":"2030-01-01T00:00:00.000Z"}`;
  const episode = '{"type":"episode","seq":0,"time":"2030-01-01T00:00:00.000Z","events":[]}';
  const end = (id: string, episodes: number): string =>
    `{"type":"end","instanceId":"${id}","episodes":${episodes}}`;
  const whole = [hub, instance("a"), episode, end("a", 1)];

  test.each([
    ["does not begin with its hub", whole.slice(1), 1, "begins with a line of type hub"],
    ["has a line that is not JSON", [...whole, "{"], 5, "not JSON"],
    ["has a line of another type", [...whole, '{"type":"dog"}'], 5, "type"],
    ["is of a newer format", [hub.replace('"format":1', '"format":2')], 1, "format"],
    ["lacks a property", [hub, '{"type":"instance","instanceId":"a"}'], 2, "executionId"],
    ["has a status there is not", [hub, instance("a").replace("Completed", "Asleep")], 2, "runtimeStatus"],
    ["has an episode of nothing", [hub, episode], 2, "after the line of its instance"],
    ["ends another instance", [hub, instance("a"), end("b", 0)], 3, "'b'"],
    ["lacks an episode", [hub, instance("a"), episode, end("a", 2)], 4, "'a'"],
    ["repeats an episode", [hub, instance("a"), episode, episode], 4, "seq"],
    ["has an output that is no text", [hub, instance("a").replace("}", ',"output":{}}')], 2, "output"],
    ["has a failure that is none", [hub, instance("a").replace("}", ',"failure":"{}"}')], 2, "failure"],
    ["was cut short", [hub, instance("a"), episode], 3, "in the middle of instance 'a'"],
    ["has an id that is none", [hub, instance("@a"), end("@a", 0)], 3, "@a"],
  ])("because it %s names the line, and the instance is not there", async (_what, lines, number, text) => {
    const to = await emptyHub();

    const importing = bring(lines, to);

    await expect(importing).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(importing).rejects.toThrow(`Line ${number} of the archive`);
    await expect(importing).rejects.toThrow(text);
    const complete = lines.some((line) => line === end("a", 1));
    expect((await contentOf(to)).map(({ record }) => record.instanceId)).toEqual(
      complete && number > 4 ? ["a"] : [],
    );
  });

  test("without the end of an instance that another one follows skips that instance", async () => {
    const to = await emptyHub();

    const outcomes = await bring([hub, instance("gone"), episode, ...whole.slice(1)], to);

    expect(outcomes).toEqual([
      { type: "skipped", instanceId: "gone", reason: expect.stringContaining("no end line") },
      { type: "imported", instanceId: "a" },
    ]);
  });

  test("keeps what came before that line", async () => {
    const to = await emptyHub();

    await expect(bring([...whole, instance("b"), "{"], to)).rejects.toThrow("Line 6");

    expect(await contentOf(to)).toMatchObject([{ record: { instanceId: "a", status: "Completed" } }]);
  });
});
