import type { EntityBatchResult } from "../core/entity-batch.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { checkName, checkTags } from "../core/name-limits.ts";
import type { OrchestratorAction } from "../core/orchestrator-action.ts";
import { whyRefused } from "../core/refusal.ts";
import type { RemoteTurnResult } from "../core/remote-execution.ts";

/** Why a turn has failed in whose actions something has a name, a version or tags that are too long, if that is so. */
export function whyTurnNamesTooLong({
  actions,
  continuedAsNew,
}: RemoteTurnResult): FailureDetails | undefined {
  return whyRefused(() => {
    checkName(continuedAsNew?.version, "The version of continue-as-new");
    for (const { name } of continuedAsNew?.carriedOver ?? []) {
      checkName(name, "The name of an event that is carried over");
    }
    for (const action of actions) checkAction(action);
  });
}

/** The same for operations of an entity. */
export function whyBatchNamesTooLong({ actions }: EntityBatchResult): FailureDetails | undefined {
  return whyRefused(() => {
    for (const action of actions) {
      if (action.type === "signalEntity") checkName(action.operation, "The name of an operation");
      else checkAsked(action, "an orchestration");
    }
  });
}

function checkAction(action: OrchestratorAction): void {
  switch (action.type) {
    case "ScheduleTask":
      return checkAsked(action, "an activity");
    case "CreateSubOrchestration":
      return checkAsked(action, "a sub-orchestration");
    case "SendEvent":
      return checkName(action.name, "The name of an event");
    case "CallEntity":
    case "SignalEntity":
      checkName(action.operation, "The name of an operation");
      return checkName(action.sentAs?.name, "The name of an event");
    case "CreateTimer":
    case "RequestEntityLock":
    case "SendEntityUnlock":
      return;
  }
}

interface Asked {
  readonly name: string;
  readonly version?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
}

function checkAsked({ name, version, tags }: Asked, what: string): void {
  checkName(name, `The name of ${what}`);
  checkName(version, `The version of ${what}`);
  checkTags(tags, `The tags of ${what}`);
}
