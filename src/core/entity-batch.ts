import type { EntityName } from "./entity-id.ts";
import type { EntityOperation } from "./entity-message.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { JsonText } from "./history-event.ts";
import type { TraceContext } from "./trace-context.ts";

/** Operations of one entity that run one after the other, and the state they find. */
export interface EntityBatch {
  readonly entity: EntityName;
  readonly instanceId: string;
  /** `undefined`: it does not exist. */
  readonly state: JsonText | undefined;
  readonly operations: readonly EntityOperation[];
}

export type EntityOperationResult =
  | { readonly type: "completed"; readonly result: JsonText | undefined }
  | { readonly type: "failed"; readonly failure: FailureDetails };

/** What operations ask for. It happens when the batch is committed (S-156). */
export type EntityBatchAction =
  | {
      readonly type: "signalEntity";
      /** The entity's. */
      readonly instanceId: string;
      readonly operation: string;
      readonly input: JsonText | undefined;
      readonly scheduledTime: number | undefined;
    }
  | {
      readonly type: "startOrchestration";
      readonly name: string;
      readonly input: JsonText | undefined;
      /** Default: a random one. */
      readonly instanceId: string | undefined;
      readonly version: string | undefined;
      readonly scheduledAt: number | undefined;
      readonly traceContext?: TraceContext;
    };

export interface EntityBatchResult {
  /** In the order of the operations; those after the last one have not run and keep their place. */
  readonly results: readonly EntityOperationResult[];
  readonly state: JsonText | undefined;
  readonly actions: readonly EntityBatchAction[];
}
