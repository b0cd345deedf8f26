import { checkEntityInstanceId } from "./entity-id.ts";
import type { FailureDetails } from "./failure-details.ts";
import { checkChildId, checkInstanceId } from "./instance-id.ts";
import { whyRefused } from "./refusal.ts";

/*
 * Code elsewhere names ids that nothing has checked before. What it asks for under an id that cannot be has failed, as if
 * code in this process had asked for it.
 */

/** Why there can be no orchestration with this id, if that is so. */
export function whyNoOrchestration(instanceId: string): FailureDetails | undefined {
  return whyRefused(() => checkInstanceId(instanceId));
}

/** Why this orchestration can have no child with this id, if that is so. */
export function whyNoChild(instanceId: string, parentId: string): FailureDetails | undefined {
  return whyRefused(() => checkChildId(instanceId, parentId));
}

/** Why there can be no entity with this id, if that is so. */
export function whyNoEntity(instanceId: string): FailureDetails | undefined {
  return whyRefused(() => checkEntityInstanceId(instanceId));
}
