// Records the histories that test/golden replays. Run it once for each release that changes how histories are written:
//   npm run build && node scripts/make-golden-histories.mjs v2
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { App, TaskHub } from "perdure";
import { createMemoryStorage } from "perdure/providers/memory";
import { register } from "../test/golden/programs.mjs";

const version = process.argv[2];
if (!/^v\d+$/.test(version ?? "")) throw new Error("Name the version of the histories, as v2.");

const app = new App();
register(app);
const storage = createMemoryStorage();
const hub = await TaskHub.open(storage, { app, taskHubName: "Golden" });
await hub.start();
const { client } = hub;

const ids = {
  sequence: await client.startNew("sequence", { instanceId: "sequence", input: 21 }),
  fanOut: await client.startNew("fanOut", { instanceId: "fanOut", input: [1, 2, 3] }),
  retried: await client.startNew("retried", { instanceId: "retried" }),
  caught: await client.startNew("caught", { instanceId: "caught" }),
  approval: await client.startNew("approval", { instanceId: "approval" }),
  family: await client.startNew("family", { instanceId: "family" }),
  eternal: await client.startNew("eternal", { instanceId: "eternal", input: 1 }),
  suspended: await client.startNew("suspended", { instanceId: "suspended" }),
  entities: await client.startNew("entities", { instanceId: "entities" }),
  patched: await client.startNew("patched", { instanceId: "patched" }),
};
await client.raiseEvent("approval", "APPROVAL", { by: "Ann" });
await client.suspend("suspended", "lunch");
await client.raiseEvent("suspended", "go", 1);
await client.resume("suspended", "back");
for (const id of Object.values(ids)) await client.waitForCompletion(id, { timeoutMs: 10_000 });

const { query } = await storage.openTaskHub("Golden");
// Stack traces name files: they are kept as if the project lay in /app.
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = new URL(`../test/golden/histories/${version}/`, import.meta.url);
await mkdir(folder, { recursive: true });
for (const id of Object.values(ids)) {
  const chunks = [];
  for await (const chunk of query.history(id)) chunks.push(chunk);
  const text = JSON.stringify({ record: await query.get(id), chunks }, null, 2);
  await writeFile(new URL(`${id}.json`, folder), `${text.replaceAll(root, "/app/")}\n`);
}
await hub.close();
