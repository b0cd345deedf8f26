import { availableParallelism } from "node:os";
import { DurableError } from "../core/errors.ts";
import type { VersionMatchStrategy } from "../core/version-match.ts";

/** How the engine behaves. The names that host.json has are host.json's (contract 6.1). */
export interface EngineSettings {
  /** Activities that run at the same time in this process. Default 10 for each core. */
  readonly maxConcurrentActivityFunctions: number;
  /** Episodes of async or remote orchestrators that run at the same time. Default 256 (decision 10). */
  readonly maxConcurrentOrchestratorFunctions: number;
  /** Batches of async or remote entities that run at the same time. Default 10 for each core. */
  readonly maxConcurrentEntityFunctions: number;
  /** Operations an entity runs before what they came to is committed (E-4). Default 5,000. */
  readonly maxEntityOperationBatchSize: number;
  /** Whether an operation that throws leaves the state and the signals as they were before it (S-157). Default true. */
  readonly rollbackEntityOperationsOnExceptions: boolean;
  /** How long `callHttp` waits between two polls when the answer does not say, in milliseconds (S-182). Default 30,000. */
  readonly defaultAsyncRequestSleepTimeMilliseconds: number;
  /** Which hosts `callHttp` may call: `example.com`, `example.com:8443`, `*.example.com`. Default: all. */
  readonly allowedHttpHosts?: readonly string[];
  /** Actions one execution may ask for (S-37). Default 100,000. */
  readonly maxOrchestrationActions: number;
  /**
   * What one episode may add to a history, in bytes of UTF-8; an instance that wants more fails. Default 500 MB: the driver
   * of SQLite takes 536,870,888 bytes in one value.
   */
  readonly maxEpisodeBytes: number;
  /** About how much memory, in bytes, idle orchestrations may keep to go on without replay. Default 64 MiB. */
  readonly sessionMemoryBytes: number;
  /** How long a worker that gives no sign of life keeps its partitions, in milliseconds. Default 15,000. */
  readonly leaseMs: number;
  /** How far ahead timers are held in memory, in milliseconds. Default 10 minutes. */
  readonly timerHorizonMs: number;
  /** How many timers are held in memory at most. Default 50,000. */
  readonly maxTimersInMemory: number;
  /** Whether `raiseEvent` tells a caller that the instance is missing or has ended (S-66). Default false. */
  readonly throwStatusExceptionsOnRaiseEvent: boolean;
  /** Which existing instances a start may replace (S-5). Default NonRunningStates. */
  readonly overridableExistingInstanceStates: "NonRunningStates" | "AnyState";
  /** The version of this worker, which starts that name none get (S-200). Default none. */
  readonly defaultVersion?: string | undefined;
  /** Which versions run on an orchestrator that is registered without one (S-200). Default CurrentOrOlder. */
  readonly versionMatchStrategy: VersionMatchStrategy;
  /** Whether an instance whose version this worker does not run waits for one that does, or fails (S-200). Default Reject. */
  readonly versionFailureStrategy: "Reject" | "Fail";
  /** Whether an instance whose code disagrees with its history waits for the code to be mended, or fails (S-39e). Default Block. */
  readonly nonDeterministicInstances: "Block" | "Fail";
}

/** The least that each number may be. Without memory for sessions every episode replays; everything else needs one. */
const LEAST: Readonly<Partial<Record<keyof EngineSettings, number>>> = {
  maxConcurrentActivityFunctions: 1,
  maxConcurrentOrchestratorFunctions: 1,
  maxConcurrentEntityFunctions: 1,
  maxEntityOperationBatchSize: 1,
  defaultAsyncRequestSleepTimeMilliseconds: 1,
  maxOrchestrationActions: 1,
  maxEpisodeBytes: 100_000,
  sessionMemoryBytes: 0,
  leaseMs: 100,
  timerHorizonMs: 1,
  maxTimersInMemory: 1,
};

const CHOICES: Readonly<Partial<Record<keyof EngineSettings, readonly string[]>>> = {
  overridableExistingInstanceStates: ["NonRunningStates", "AnyState"],
  versionMatchStrategy: ["None", "Strict", "CurrentOrOlder"],
  versionFailureStrategy: ["Reject", "Fail"],
  nonDeterministicInstances: ["Block", "Fail"],
};

/** @throws {DurableError} INVALID_CONFIGURATION */
export function defaultSettings(overrides: Partial<EngineSettings> = {}): EngineSettings {
  const cores = availableParallelism();
  const settings: EngineSettings = {
    maxConcurrentActivityFunctions: 10 * cores,
    maxConcurrentOrchestratorFunctions: 256,
    maxConcurrentEntityFunctions: 10 * cores,
    maxEntityOperationBatchSize: 5_000,
    rollbackEntityOperationsOnExceptions: true,
    defaultAsyncRequestSleepTimeMilliseconds: 30_000,
    maxOrchestrationActions: 100_000,
    maxEpisodeBytes: 500_000_000,
    sessionMemoryBytes: 64 * 1024 * 1024,
    leaseMs: 15_000,
    timerHorizonMs: 10 * 60_000,
    maxTimersInMemory: 50_000,
    throwStatusExceptionsOnRaiseEvent: false,
    overridableExistingInstanceStates: "NonRunningStates",
    versionMatchStrategy: "CurrentOrOlder",
    versionFailureStrategy: "Reject",
    nonDeterministicInstances: "Block",
    ...overrides,
  };
  for (const [name, least] of Object.entries(LEAST)) {
    const value = settings[name as keyof EngineSettings];
    if (typeof value === "number" && value >= least) continue;
    throw new DurableError(
      "INVALID_CONFIGURATION",
      `${name} is ${String(value)}; allowed: a number, ${least} or more.`,
    );
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = settings[name as keyof EngineSettings];
    if (typeof value === "string" && choices.includes(value)) continue;
    throw new DurableError(
      "INVALID_CONFIGURATION",
      `${name} is ${String(value)}; allowed: ${choices.join(", ")}.`,
    );
  }
  return settings;
}
