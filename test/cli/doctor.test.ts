import { describe, expect, test } from "vitest";
import { lookAtVariables } from "../../src/cli/doctor/environment-variables.ts";
import type { HostPart } from "../../src/cli/doctor/host.ts";
import { findingsOfHost } from "../../src/cli/doctor/host-findings.ts";
import { oldestLive } from "../../src/cli/doctor/oldest-live.ts";
import { verdictOf } from "../../src/cli/doctor/verdict.ts";
import type { Filter, InstanceStatus, PageRequest } from "../../src/cli/durable/management.ts";
import type { RuntimeStatus } from "../../src/core/orchestration-status.ts";
import type { WaitingReason } from "../../src/core/waiting-reason.ts";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const LONG_AGO = NOW - 2 * HOUR;
const JUST_NOW = NOW - 1_000;

const activity = (since: number): WaitingReason => ({
  type: "activity",
  name: "charge",
  taskId: 0,
  since,
  state: "running",
});
const timer = (dueAt: number): WaitingReason => ({ type: "timer", dueAt, purpose: "timer" });
const event: WaitingReason = { type: "event", names: ["paid"] };

describe("an instance that has not ended", () => {
  const stateOf = (reasons: readonly WaitingReason[], lastUpdatedAt: number) =>
    verdictOf({ instanceId: "one", reasons, lastUpdatedAt }, { now: NOW, stuckAfterMs: HOUR })?.state;

  test.each<[string, readonly WaitingReason[], number, "stuck" | "waiting" | undefined]>([
    ["in quarantine is stuck at once", [{ type: "quarantined", reason: "crash" }], JUST_NOW, "stuck"],
    [
      "whose version nobody has, too",
      [{ type: "version-missing", name: "f", version: "3.0", versions: [] }],
      JUST_NOW,
      "stuck",
    ],
    [
      "that is blocked, too",
      [{ type: "blocked", eventId: 0, history: "", code: "", likelyCause: "" }],
      JUST_NOW,
      "stuck",
    ],
    ["that nobody has the code of, too", [{ type: "orchestrator-missing", name: "f" }], JUST_NOW, "stuck"],
    ["with an activity that runs for long is stuck", [activity(LONG_AGO)], JUST_NOW, "stuck"],
    ["with one that runs for a while is not", [activity(JUST_NOW)], JUST_NOW, undefined],
    ["whose timer is overdue is stuck", [timer(LONG_AGO)], LONG_AGO, "stuck"],
    ["whose timer is yet to come is not", [timer(NOW + HOUR)], LONG_AGO, undefined],
    ["that nobody has started is stuck after a while", [{ type: "start" }], LONG_AGO, "stuck"],
    ["and not before", [{ type: "start" }], JUST_NOW, undefined],
    ["that is to start later is not", [{ type: "start", scheduledAt: NOW + HOUR }], LONG_AGO, undefined],
    [
      "that should have started long ago is stuck",
      [{ type: "start", scheduledAt: LONG_AGO }],
      JUST_NOW,
      "stuck",
    ],
    [
      "whose work is given back again and again is stuck",
      [{ type: "given-back", kind: "orchestrator", name: "f", times: 9, why: "" }, event],
      LONG_AGO,
      "stuck",
    ],
    ["whose messages nobody takes is stuck", [{ type: "messages", count: 1 }, event], LONG_AGO, "stuck"],
    [
      "that is suspended takes no messages, and only waits",
      [
        { type: "suspended", since: LONG_AGO },
        { type: "messages", count: 1 },
      ],
      LONG_AGO,
      "waiting",
    ],
    ["whose next episode does not come is stuck", [{ type: "next-episode" }], LONG_AGO, "stuck"],
    ["that waits for an event may do so", [event], JUST_NOW, undefined],
    ["and is named when it has for long", [event], LONG_AGO, "waiting"],
    ["unless a timer will end its wait", [event, timer(NOW + HOUR)], LONG_AGO, undefined],
    [
      "that waits for its child for long is named; whether that one is stuck is seen there",
      [{ type: "sub-orchestration", name: "f", instanceId: "child", since: LONG_AGO }],
      LONG_AGO,
      "waiting",
    ],
    [
      "that is an entity is never",
      [{ type: "entity", lockQueue: [], waiting: 3, lockedBy: "x" }],
      LONG_AGO,
      undefined,
    ],
    [
      "that is an entity is stuck in quarantine",
      [
        { type: "quarantined", reason: "crash" },
        { type: "entity", lockQueue: [], waiting: 3 },
      ],
      JUST_NOW,
      "stuck",
    ],
    ["that has returned is too", [{ type: "returned", openTasks: 1 }], LONG_AGO, "waiting"],
  ])("%s", (_title, reasons, lastUpdatedAt, expected) => {
    expect(stateOf(reasons, lastUpdatedAt)).toBe(expected);
  });

  test("is explained by what is wrong, not by what it waits for besides", () => {
    const look = { instanceId: "one", reasons: [event, activity(0)], lastUpdatedAt: 0 };

    const verdict = verdictOf(look, { now: NOW, stuckAfterMs: HOUR });

    expect(verdict?.sentence).toBe(
      "Activity 'charge' is running since 1970-01-01T00:00:00.000Z (and 1 more).",
    );
  });
});

describe("a host", () => {
  const host = (facts: Partial<HostPart>): HostPart => ({
    title: "Host",
    url: "http://127.0.0.1:7071",
    health: "healthy",
    reason: undefined,
    taskHub: "Orders",
    orchestrators: [],
    rows: [],
    facts: {},
    findings: [],
    ...facts,
  });
  const local = { taskHubName: "orders", live: 2, isAskedFor: false };
  const missing = { health: "no answer", reason: "refused" } as const;

  test.each([
    ["that runs the hub is as it should be", {}, local, undefined],
    ["that runs another hub is not", { taskHub: "Other" }, local, 'runs task hub "Other", not "orders"'],
    [
      "that does not reach its store is not",
      { health: "unhealthy", reason: "disk" },
      local,
      "its store: disk",
    ],
    ["that is missing leaves instances alone", missing, local, "refused), and 2 instances have not ended"],
    ["that is missing matters to nobody where all have ended", missing, { ...local, live: 0 }, undefined],
    [
      "that was asked for has to be there",
      missing,
      { taskHubName: undefined, live: 0, isAskedFor: true },
      "No host answers at http://127.0.0.1:7071",
    ],
    [
      "is not just anything that answers",
      { health: "something else", reason: "it answers 404" },
      local,
      "Something that is no host answers",
    ],
  ] as const)("%s", (_title, facts, expectation, text) => {
    const texts = findingsOfHost(host(facts), expectation).map(
      (finding) => `${finding.level} ${finding.text}`,
    );

    expect(texts).toEqual(text === undefined ? [] : [expect.stringMatching(/^problem /)]);
    expect(texts.join("")).toContain(text ?? "");
  });
});

describe("the oldest orchestrations that have not ended", () => {
  /** Created at these times, newest first as they are listed, each second one ended; and these entities, which never end. */
  function hubOf(times: readonly number[], entities: readonly number[]) {
    const instances = [
      ...times.map((time, index) => ({ time, ended: index % 2 === 1, instanceId: `at-${time}-${index}` })),
      ...entities.map((time, index) => ({ time, ended: false, instanceId: `@counter@${index}` })),
    ];
    const upTo = ({ createdBefore, prefix = "" }: Filter) =>
      instances.filter(
        ({ time, instanceId }) =>
          instanceId.startsWith(prefix) && time <= (createdBefore?.getTime() ?? Number.POSITIVE_INFINITY),
      );
    const none = {
      Completed: 0,
      ContinuedAsNew: 0,
      Failed: 0,
      Canceled: 0,
      Terminated: 0,
      Pending: 0,
      Suspended: 0,
    };
    return {
      count: async (filter: Filter): Promise<Record<RuntimeStatus, number>> => {
        const found = upTo(filter);
        return {
          ...none,
          Running: found.filter(({ ended }) => !ended).length,
          Completed: found.filter(({ ended }) => ended).length,
        };
      },
      list: async (filter: Filter, { top, continuationToken = "0" }: PageRequest) => {
        const from = Number(continuationToken);
        const all = upTo(filter)
          .filter(({ ended }) => !ended)
          .toSorted((a, b) => b.time - a.time)
          .map(({ instanceId }) => ({ instanceId }) as InstanceStatus);
        const next = from + top < all.length ? { continuationToken: String(from + top) } : {};
        return { instances: all.slice(from, from + top), ...next };
      },
    };
  }

  const oldestOf = async (
    times: readonly number[],
    limit: number,
    entities: readonly number[] = [],
  ): Promise<string[]> =>
    (await oldestLive(hubOf(times, entities), limit, NOW)).map(({ instanceId }) => instanceId);

  test("are all of them where there are few", async () => {
    expect(await oldestOf([5, 6, 7], 10)).toEqual(["at-5-0", "at-7-2"]);
  });

  test("are as many as are asked for, and not the newest", async () => {
    const times = Array.from({ length: 100 }, (_, index) => LONG_AGO + index * 10);

    expect(await oldestOf(times, 2)).toEqual([`at-${LONG_AGO}-0`, `at-${LONG_AGO + 20}-2`]);
  });

  test("are found among entities, however many there are", async () => {
    const entities = Array.from({ length: 2_500 }, (_, index) => LONG_AGO + (index % 50));

    expect(await oldestOf([LONG_AGO, 0, LONG_AGO + 49, 0, NOW], 2, entities)).toEqual([
      `at-${LONG_AGO}-0`,
      `at-${LONG_AGO + 49}-2`,
    ]);
  });

  test("are no more than are asked for where many came in one millisecond", async () => {
    expect(
      await oldestOf(
        Array.from({ length: 40 }, () => LONG_AGO),
        3,
      ),
    ).toHaveLength(3);
  });
});

describe("variables of local.settings.json", () => {
  const textsOf = (environment: Readonly<Record<string, string>>) => {
    const { rows, findings } = lookAtVariables({ environment });
    return { rows: rows.map(([, text]) => text), findings: findings.map(({ text }) => text) };
  };

  test("are shown, but no secret of theirs", () => {
    const { rows } = textsOf({
      PERDURE_PORT: "1",
      PERDURE_SYSTEM_KEY: "secret",
      PERDURE_STORAGE: "db://me:secret@x",
    });

    expect(rows).toEqual([
      "PERDURE_PORT=1  (local.settings.json)",
      "PERDURE_SYSTEM_KEY is set  (local.settings.json)",
      "PERDURE_STORAGE=db://***@x  (local.settings.json)",
    ]);
  });

  test("that do not count are named", () => {
    const { findings } = textsOf({ PERDURE_TASKHUB: "x", PERDURE_LOG_LEVEL: "debug" });

    expect(findings).toEqual([
      expect.stringContaining("PERDURE_TASKHUB in local.settings.json has no effect"),
      "PERDURE_LOG_LEVEL has no effect in local.settings.json; set it in the environment.",
    ]);
  });
});
