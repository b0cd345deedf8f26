import { describe } from "vitest";
import { describeChanges } from "./changes.ts";
import { describeCompletions } from "./completions.ts";
import { describeCreation } from "./create-instance.ts";
import { describeCreatingEpisodes } from "./creating-episodes.ts";
import { describeEntities } from "./entities.ts";
import { describeEpisodes } from "./episodes.ts";
import type { OpenHarness } from "./harness.ts";
import { describeHistory } from "./history.ts";
import { describeLeases } from "./leases-and-fences.ts";
import { describeMessages } from "./messages.ts";
import { describeNextRun } from "./next-run.ts";
import { describePageBudgets } from "./page-budgets.ts";
import { describePurge } from "./purge.ts";
import { describeQuarantine } from "./quarantine.ts";
import { describeQueries } from "./queries.ts";
import { describeStarts } from "./starts-and-recovery.ts";
import { describeTaskHubs } from "./task-hub.ts";
import { describeTimers } from "./timers.ts";

/** The contract of StorageProvider, as tests for Vitest. Every provider must pass all of them. */
export function describeStorageProvider(name: string, open: OpenHarness): void {
  describe(`${name} storage provider`, () => {
    describeTaskHubs(open);
    describeCreation(open);
    describeLeases(open);
    describeEpisodes(open);
    describeCreatingEpisodes(open);
    describeEntities(open);
    describeMessages(open);
    describeTimers(open);
    describeStarts(open);
    describeNextRun(open);
    describeQueries(open);
    describePageBudgets(open);
    describeCompletions(open);
    describeHistory(open);
    describePurge(open);
    describeQuarantine(open);
    describeChanges(open);
  });
}
