import { DurableError } from "../core/errors.ts";
import { isTerminal, RUNTIME_STATUSES } from "../core/orchestration-status.ts";
import { type CheckedInstance, checkInstances } from "../engine/check-instances.ts";
import { systemClock } from "../engine/clock.ts";
import { LocalExecutor } from "../engine/local-executor.ts";
import { defaultSettings } from "../engine/settings.ts";
import { app, openStorage } from "../sdk/index.ts";
import { makeConsoleReplaySafe } from "../sdk/replay-safe-console.ts";
import { loadApp } from "./app-loader.ts";
import { locateApp } from "./app-location.ts";
import { type ConfigurationOverrides, readConfiguration } from "./configuration.ts";

export interface OpenCheckOptions extends Pick<ConfigurationOverrides, "storage" | "taskHubName"> {
  readonly appPath: string;
}

/** An app beside the hub it is to run, without running it. */
export interface OpenCheck extends AsyncDisposable {
  readonly taskHubName: string;
  readonly storage: string;
  readonly warnings: readonly string[];
  /** How many instances have not ended. */
  readonly openCount: number;
  readonly instances: AsyncIterable<CheckedInstance>;
}

/**
 * Loads an app and opens its hub to look at it; a host may run the hub meanwhile.
 *
 * @throws {DurableError} INVALID_CONFIGURATION, APP_LOAD_FAILED, TASK_HUB_NOT_FOUND, UNKNOWN_STORAGE, DATABASE_NOT_OURS,
 * DATABASE_CORRUPT, DATABASE_TOO_NEW
 */
export async function openCheck(options: OpenCheckOptions): Promise<OpenCheck> {
  const location = await locateApp(options.appPath);
  const configuration = await readConfiguration(location.folder, options, process.env);
  const { storage: url, taskHubName } = configuration;
  if (/^memory:/i.test(url)) {
    throw new DurableError(
      "INVALID_CONFIGURATION",
      "A hub in the memory of a host ends with it: there is nothing to check. Name the store with --storage.",
    );
  }
  Object.assign(process.env, configuration.environment);
  makeConsoleReplaySafe();
  await loadApp(location.files, app);
  const settings = defaultSettings(configuration.settings);
  const executor = new LocalExecutor({ registry: app.registry, clock: systemClock, ...settings });
  const storage = await openStorage(url, { create: false });
  try {
    const { query } = await storage.openTaskHub(taskHubName);
    const counts = await query.count({});
    return {
      taskHubName,
      storage: url,
      warnings: [...location.warnings, ...configuration.warnings],
      openCount: RUNTIME_STATUSES.reduce((sum, each) => (isTerminal(each) ? sum : sum + counts[each]), 0),
      instances: checkInstances(query, executor),
      [Symbol.asyncDispose]: () => storage.close(),
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
