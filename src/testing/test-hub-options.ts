import { DurableError } from "../core/errors.ts";
import type { Logger } from "../engine/logger.ts";
import { defaultSettings, type EngineSettings } from "../engine/settings.ts";
import type { App } from "../sdk/app.ts";
import type { WebhookOptions } from "../sdk/webhook.ts";

/** What a hub under test may set; how it keeps its partition and its timers is its own affair. */
export type TestSettings = Partial<Omit<EngineSettings, "leaseMs" | "timerHorizonMs">>;

export interface TestHubOptions extends WebhookOptions {
  /** The functions under test. The app itself stays as it is. */
  readonly app: App;
  /** When the clock begins: a date, or a text in ISO 8601. Default: the beginning of 2030, UTC. */
  readonly startAt?: Date | string;
  /** Fakes by the names of activities and orchestrators. `hub.fake` is the same with types. */
  readonly fakes?: Readonly<Record<string, unknown>>;
  /** Whether activities without a fake run, or fail. Default run. */
  readonly realActivities?: "run" | "refuse";
  /** How long, in real milliseconds, time stands still for a real activity at most. Default 2,000. */
  readonly patienceMs?: number;
  readonly settings?: TestSettings;
  readonly logger?: Logger;
}

/** So far away that a hub's housekeeping never comes due. */
const NEVER_MS = 4e15;
export const DEFAULT_PATIENCE_MS = 2_000;

/** @throws {DurableError} INVALID_CONFIGURATION */
export function settingsOf(settings: TestSettings = {}): EngineSettings {
  for (const name of ["leaseMs", "timerHorizonMs"]) {
    if (!(name in settings)) continue;
    throw new DurableError("INVALID_CONFIGURATION", `${name} cannot be set for a test hub: it has its own.`);
  }
  return defaultSettings({
    maxConcurrentActivityFunctions: 10,
    ...settings,
    leaseMs: NEVER_MS,
    timerHorizonMs: NEVER_MS,
  });
}

/** @throws {DurableError} INVALID_ARGUMENT */
export function requireApp(options: TestHubOptions): void {
  const app = (options as { readonly app?: { readonly registry?: unknown } } | undefined)?.app;
  if (app?.registry !== undefined) return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    "TestHub.start takes { app }, with the app whose functions are tested.",
  );
}
