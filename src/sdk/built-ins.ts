import type { ActivityDefinition } from "../engine/registry.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import type { App } from "./app.ts";
import { httpActivity } from "./http-activity.ts";

/** Activities that every host has. @throws {DurableError} INVALID_CONFIGURATION */
export function builtInsOf(
  { tokenSources }: App,
  { allowedHttpHosts }: EngineSettings,
): readonly ActivityDefinition[] {
  return [httpActivity({ tokenSources, allowedHosts: new AllowedHosts(allowedHttpHosts) })];
}
