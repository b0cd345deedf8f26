import { isEntityId } from "../../core/entity-id.ts";
import { isDurableError } from "../../core/errors.ts";
import type { WaitingReason } from "../../core/waiting-reason.ts";
import { CommandError } from "../command-error.ts";
import type { InstanceStatus, Management } from "../durable/management.ts";
import { type Finding, problem, warning } from "./part.ts";

export interface ExplainerOptions {
  readonly hub: Management;
  /** A host that runs the hub: it knows what its code waits for, and what it runs right now. */
  readonly host?: { readonly management: Management; readonly url: string };
  /** The orchestrators that host has. */
  readonly orchestrators?: readonly string[] | undefined;
}

/** Asks why instances wait: the host while it says so, else the store. */
export class Explainer {
  readonly #options: ExplainerOptions;
  #host: ExplainerOptions["host"];
  readonly #findings: Finding[] = [];

  constructor(options: ExplainerOptions) {
    this.#options = options;
    this.#host = options.host;
  }

  /** Why the host could not be asked. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** `undefined` when the instance has ended meanwhile, or is purged. */
  async reasonsOf(instance: InstanceStatus): Promise<readonly WaitingReason[] | undefined> {
    const told = this.#host && (await this.#askHost(this.#host, instance.instanceId));
    if (told) return told;
    const known = await this.#askStore(instance.instanceId);
    const { orchestrators } = this.#options;
    const hasCode = orchestrators?.includes(instance.name) ?? true;
    if (known === undefined || hasCode || isEntityId(instance.instanceId)) return known;
    return [{ type: "orchestrator-missing", name: instance.name }, ...known];
  }

  async #askHost(
    { management, url }: NonNullable<ExplainerOptions["host"]>,
    instanceId: string,
  ): Promise<readonly WaitingReason[] | undefined> {
    try {
      return reasonsIn(await management.why(instanceId));
    } catch (error) {
      if (isDurableError(error, "INSTANCE_NOT_FOUND")) {
        if ((await this.#options.hub.status(instanceId)) === undefined) return undefined;
        this.#leaveHost(problem(`The host at ${url} does not know '${instanceId}': it runs another store.`));
      } else if (error instanceof CommandError) {
        this.#leaveHost(warning(`What instances wait for is known in part only: ${error.message}`));
      } else throw error;
      return undefined;
    }
  }

  #leaveHost(finding: Finding): void {
    this.#host = undefined;
    this.#findings.push(finding);
  }

  async #askStore(instanceId: string): Promise<readonly WaitingReason[] | undefined> {
    try {
      return reasonsIn(await this.#options.hub.why(instanceId));
    } catch (error) {
      if (isDurableError(error, "INSTANCE_NOT_FOUND")) return undefined;
      throw error;
    }
  }
}

/** The reasons travel as JSON, as `whyWaiting` makes them. */
function reasonsIn(
  waiting: { readonly reasons: readonly object[] } | undefined,
): readonly WaitingReason[] | undefined {
  return waiting?.reasons as readonly WaitingReason[] | undefined;
}
