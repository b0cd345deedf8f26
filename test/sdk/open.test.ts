import { describe, expect, test } from "vitest";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { TaskHub } from "../../src/sdk/task-hub.ts";

describe("a task hub that cannot be opened says why", () => {
  test.each(["9lives", "ab", "a-b", "", "x".repeat(46)])("the name %j", async (taskHubName) => {
    await expect(TaskHub.open("memory:", { taskHubName })).rejects.toMatchObject({
      code: "INVALID_TASK_HUB_NAME",
      message: expect.stringContaining("3 to 45 letters and digits that begin with a letter"),
    });
  });

  const settings: readonly Partial<EngineSettings>[] = [
    { maxConcurrentActivityFunctions: 0 },
    { maxConcurrentOrchestratorFunctions: -1 },
    { maxOrchestrationActions: Number.NaN },
    { sessionMemoryBytes: -1 },
    { leaseMs: 0 },
    { timerHorizonMs: 0 },
    { maxTimersInMemory: 0 },
    { versionMatchStrategy: "Newest" as "None" },
    { versionFailureStrategy: "Wait" as "Reject" },
    { nonDeterministicInstances: "Ignore" as "Block" },
  ];
  test.each(settings)("the setting %j", async (wrong) => {
    await expect(TaskHub.open("memory:", { settings: wrong })).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      message: expect.stringContaining(Object.keys(wrong)[0] ?? ""),
    });
  });
});
