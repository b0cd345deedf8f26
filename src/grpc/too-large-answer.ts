import { checkPayload } from "../core/data-converter.ts";
import type { EntityBatchAction, EntityBatchResult } from "../core/entity-batch.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { JsonText } from "../core/history-event.ts";
import type { OrchestratorAction } from "../core/orchestrator-action.ts";
import { whyRefused } from "../core/refusal.ts";
import type { RemoteTurnResult } from "../core/remote-execution.ts";

/** Why an activity's result cannot be kept, if that is so: no value may be larger than those of code in the host. */
export function whyResultTooLarge(name: string, result: JsonText | undefined): FailureDetails | undefined {
  return whyRefused(() => check(result, () => `The result of activity '${name}'`));
}

/** Why what a turn came to cannot be kept, if that is so. */
export function whyTurnTooLarge(name: string, turn: RemoteTurnResult): FailureDetails | undefined {
  const { actions, completion, continuedAsNew, customStatus, terminations = [] } = turn;
  return whyRefused(() => {
    check(customStatus, () => "The custom status");
    check(completion?.result, () => `The result of orchestrator '${name}'`);
    check(continuedAsNew?.input, () => "The input of continue-as-new");
    for (const { name: event, input } of continuedAsNew?.carriedOver ?? []) {
      check(input, () => `The payload of event '${event}'`);
    }
    for (const { output, instanceId } of terminations) check(output, () => `The output for '${instanceId}'`);
    for (const action of actions) if ("input" in action) check(action.input, () => inputOf(action));
  });
}

/** Why what operations of an entity came to cannot be kept, if that is so. */
export function whyBatchTooLarge(
  entity: string,
  { results, state, actions }: EntityBatchResult,
): FailureDetails | undefined {
  return whyRefused(() => {
    check(state, () => `The state of entity '${entity}'`);
    for (const each of results) {
      if (each.type === "completed")
        check(each.result, () => `The result of an operation of entity '${entity}'`);
    }
    for (const action of actions) check(action.input, () => inputOf(action));
  });
}

type ActionWithInput =
  | Extract<OrchestratorAction, { readonly input: JsonText | undefined }>
  | EntityBatchAction;

function inputOf(action: ActionWithInput): string {
  switch (action.type) {
    case "ScheduleTask":
      return `The input of activity '${action.name}'`;
    case "CreateSubOrchestration":
      return `The input of sub-orchestration '${action.name}'`;
    case "startOrchestration":
      return `The input of orchestration '${action.name}'`;
    case "SendEvent":
      return `The payload of event '${action.name}'`;
    case "CallEntity":
    case "SignalEntity":
    case "signalEntity":
      return `The input of operation '${action.operation}' of entity '${action.instanceId}'`;
  }
}

function check(text: JsonText | undefined, what: () => string): void {
  if (text !== undefined) checkPayload(text, what);
}
