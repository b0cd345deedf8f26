import type { FunctionKind } from "../engine/executor.ts";
import type { WorkItemFilters } from "../wire/generated/orchestrator_service_pb.ts";

/** What a piece of work is, as far as filters look at it. */
export interface WorkDescription {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly version: string | undefined;
}

interface NameFilter {
  readonly name: string;
  readonly versions?: readonly string[];
}

/**
 * Which work a worker takes. Names are compared without regard to case; no version is the version "". A worker that has
 * said nothing takes everything.
 */
export class WorkFilters {
  readonly #byKind: Readonly<Record<FunctionKind, ReadonlyMap<string, ReadonlySet<string>>>> | undefined;

  constructor(filters: WorkItemFilters | undefined) {
    this.#byKind = filters && {
      orchestrator: byName(filters.orchestrations),
      activity: byName(filters.activities),
      entity: byName(filters.entities),
    };
  }

  accepts({ kind, name, version = "" }: WorkDescription): boolean {
    if (this.#byKind === undefined) return true;
    const versions = this.#byKind[kind].get(name.toLowerCase());
    return versions !== undefined && (versions.size === 0 || versions.has(version));
  }
}

/** Without versions: all of them. Filters of the same name add up. */
function byName(filters: readonly NameFilter[]): ReadonlyMap<string, ReadonlySet<string>> {
  const versions = new Map<string, Set<string>>();
  for (const { name, versions: own = [] } of filters) {
    const key = name.toLowerCase();
    const known = versions.get(key);
    if (known === undefined) versions.set(key, new Set(own));
    else if (own.length === 0 || known.size === 0) known.clear();
    else for (const version of own) known.add(version);
  }
  return versions;
}
