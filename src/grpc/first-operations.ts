import type { EntityBatch } from "../core/entity-batch.ts";

/** About how many bytes of inputs a batch has at most, so that many operations do not make it too large for a worker. */
const MOST_INPUT = 1024 * 1024;

/** As many operations as fit into one work item, at least one; the others keep their place for the next. */
export function firstOperations(batch: EntityBatch): EntityBatch {
  let bytes = 0;
  const end = batch.operations.findIndex(({ input }, index) => {
    bytes += input === undefined ? 0 : Buffer.byteLength(input);
    return bytes > MOST_INPUT && index > 0;
  });
  return end === -1 ? batch : { ...batch, operations: batch.operations.slice(0, end) };
}
