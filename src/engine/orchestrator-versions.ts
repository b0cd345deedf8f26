import { compareVersions, type VersionMatchStrategy, versionMatches } from "../core/version-match.ts";
import type { OrchestratorMatch } from "./executor.ts";
import type { FunctionRegistry, OrchestratorRegistration } from "./registry.ts";

/** What a worker is set to concerning versions (S-200). */
export interface VersionSettings {
  readonly defaultVersion?: string | undefined;
  readonly versionMatchStrategy?: VersionMatchStrategy;
}

/**
 * Which registration runs which instance.
 *
 * The registration of exactly the instance's version does, whatever the worker's own version is. The registration without
 * a version serves the others, as far as the worker's version allows it (S-200).
 */
export class OrchestratorVersions {
  readonly #registry: FunctionRegistry;
  readonly #defaultVersion: string | undefined;
  readonly #strategy: VersionMatchStrategy;

  constructor(registry: FunctionRegistry, settings: VersionSettings) {
    this.#registry = registry;
    this.#defaultVersion = settings.defaultVersion || undefined;
    this.#strategy = settings.versionMatchStrategy ?? "CurrentOrOlder";
  }

  /** `undefined`: no registration here runs it. */
  registrationOf(name: string, version: string | undefined): OrchestratorRegistration | undefined {
    const exact = version === undefined ? undefined : this.#registry.orchestrator(name, version);
    if (exact) return exact;
    const any = this.#registry.orchestrator(name, undefined);
    return versionMatches(version, this.#defaultVersion, this.#strategy) ? any : undefined;
  }

  match(name: string, version: string | undefined): OrchestratorMatch {
    if (this.registrationOf(name, version)) return { type: "runs" };
    if (!this.#registry.hasOrchestrator(name)) return { type: "missing" };
    return { type: "version-missing", versions: this.#versionsOf(name) };
  }

  /** The version of a start: what it names, else the worker's, else what `pinned` says (S-200). */
  ofStart(name: string, version: string | undefined): string | undefined {
    return this.pinned(name, version || this.#defaultVersion);
  }

  /** The version of an instance that has not begun. Where all registrations have one, one without gets the newest. */
  pinned(name: string, version: string | undefined): string | undefined {
    if (version || this.#registry.orchestrator(name, undefined)) return version || undefined;
    const own = this.#defaultVersion;
    if (own !== undefined && this.#registry.orchestrator(name, own)) return own;
    return this.#registry.versionsOf(name).at(-1);
  }

  #versionsOf(name: string): readonly string[] {
    const versions = this.#registry.versionsOf(name);
    const own = this.#defaultVersion;
    const servesOwn = own !== undefined && this.#registry.orchestrator(name, undefined) !== undefined;
    if (!servesOwn || versions.includes(own)) return versions;
    return [...versions, own].sort(compareVersions);
  }
}
