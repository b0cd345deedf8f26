import { describe, expect, test } from "vitest";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { RequestOf } from "./sidecar-client.ts";

type Filters = NonNullable<RequestOf<"getWorkItems">["workItemFilters"]>;

const connect = (sidecar: Sidecar, workItemFilters: Filters) =>
  ScriptedWorker.connect(sidecar, { request: { workItemFilters } });

/** The names of what a worker is sent, when there is some of everything. */
async function sentTo(filters: Filters | undefined): Promise<readonly string[]> {
  const sidecar = await startSidecar();
  const { client } = sidecar;
  const scheduler = await connect(sidecar, { orchestrations: [{ name: "schedules" }] });
  await client.start("schedules", { version: "7" });
  await scheduler.answerTurn(await scheduler.turn(), [
    action.activity(0, "work"),
    action.activity(1, "WORK", { version: "2" }),
  ]);
  await client.start("plain");
  await client.start("Plain", { version: "1" });
  await client.call("signalEntity", { instanceId: "@Thing@a", name: "do" });
  const worker = await ScriptedWorker.connect(
    sidecar,
    filters ? { request: { workItemFilters: filters } } : {},
  );
  const count = (await worker.unseen()).length;
  return worker.seen.slice(0, count).map(nameOf).toSorted();
}

function nameOf({ request }: ScriptedWorker["seen"][number]): string {
  switch (request.case) {
    case "activityRequest":
      return `activity ${request.value.name} ${request.value.version ?? ""}`.trim();
    case "entityRequestV2":
      return `entity ${request.value.instanceId}`;
    case "orchestratorRequest": {
      const [started] = request.value.newEvents.flatMap(({ eventType }) =>
        eventType.case === "executionStarted" ? eventType.value : [],
      );
      return `orchestrator ${started?.name} ${started?.version ?? ""}`.trim();
    }
    default:
      return String(request.case);
  }
}

const ALL = [
  "activity WORK 2",
  "activity work 7",
  "entity @thing@a",
  "orchestrator Plain 1",
  "orchestrator plain",
];

describe("a worker is sent", () => {
  test.each<[string, Filters | undefined, readonly string[]]>([
    ["everything without filters", undefined, ALL],
    ["nothing when every category is empty", {}, []],
    [
      "nothing of an empty category",
      { orchestrations: [{ name: "plain" }] },
      ["orchestrator Plain 1", "orchestrator plain"],
    ],
    [
      "names without regard to case",
      { orchestrations: [{ name: "PLAIN" }], entities: [{ name: "tHING" }] },
      ["entity @thing@a", "orchestrator Plain 1", "orchestrator plain"],
    ],
    ["no name that it has not said", { orchestrations: [{ name: "plai" }, { name: "" }] }, []],
    ["a version", { orchestrations: [{ name: "plain", versions: ["1"] }] }, ["orchestrator Plain 1"]],
    [
      "no version, which is the empty one",
      { orchestrations: [{ name: "plain", versions: [""] }] },
      ["orchestrator plain"],
    ],
    [
      "several versions",
      { orchestrations: [{ name: "plain", versions: ["1", "", "9"] }] },
      ["orchestrator Plain 1", "orchestrator plain"],
    ],
    ["versions exactly", { orchestrations: [{ name: "plain", versions: ["1.0", "01", "*"] }] }, []],
    [
      "what two filters of a name take",
      {
        orchestrations: [
          { name: "plain", versions: ["1"] },
          { name: "PLAIN", versions: [""] },
        ],
      },
      ["orchestrator Plain 1", "orchestrator plain"],
    ],
    [
      "all versions when one filter of a name has none",
      { orchestrations: [{ name: "plain", versions: ["9"] }, { name: "plain" }] },
      ["orchestrator Plain 1", "orchestrator plain"],
    ],
    ["an activity by its version", { activities: [{ name: "work", versions: ["2"] }] }, ["activity WORK 2"]],
    [
      "an activity without one by that of its orchestration",
      { activities: [{ name: "work", versions: ["7"] }] },
      ["activity work 7"],
    ],
    ["no activity by the empty version then", { activities: [{ name: "work", versions: [""] }] }, []],
  ])("%s", async (_title, filters, expected) => {
    expect(await sentTo(filters)).toEqual(expected);
  });
});

test("what nobody takes waits for a worker that does, and says so", async () => {
  const sidecar = await startSidecar();
  const wrong = await connect(sidecar, { orchestrations: [{ name: "other" }] });
  const instanceId = await sidecar.client.start("wanted");
  await sidecar.client.call("signalEntity", { instanceId: "@wanted@a", name: "do" });
  expect(await wrong.unseen()).toEqual([]);
  expect(await sidecar.client.statusOf(instanceId)).toBe("PENDING");
  expect((await sidecar.hub.rawClient.whyWaiting(instanceId))?.sentence).toContain(
    "No worker is connected that has the orchestrator 'wanted'",
  );

  const right = await connect(sidecar, {
    orchestrations: [{ name: "wanted" }],
    entities: [{ name: "wanted" }],
  });

  expect((await right.unseen()).toSorted()).toEqual(["entityRequestV2", "orchestratorRequest"]);
});

test("functions of the server's own process go to no worker", async () => {
  const sidecar = await startSidecar({ app: programs() });
  const worker = await ScriptedWorker.connect(sidecar);

  const id = await sidecar.client.start("sequence");

  expect((await sidecar.client.ended(id)).status).toBe("COMPLETED");
  expect(await worker.unseen()).toEqual([]);
});

test("an orchestration of a worker uses activities of the server's process, and the other way round", async () => {
  const app = programs();
  app.orchestration("mixed", function* (context) {
    return yield context.callActivity("elsewhere", 1);
  });
  const sidecar = await startSidecar({ app });
  const { client } = sidecar;
  const worker = await ScriptedWorker.connect(sidecar);

  const there = await client.start("there");
  await worker.answerTurn(await worker.turn(), [action.activity(0, "double", { input: "2" })]);
  const [, completed] = (await worker.turnOf(there)).newEvents;
  const here = await client.start("mixed");
  await worker.answerActivity(await worker.activity(), "3");

  expect(completed?.eventType).toMatchObject({ case: "taskCompleted", value: { result: "4" } });
  expect(await client.ended(here)).toMatchObject({ status: "COMPLETED", output: "3" });
});
