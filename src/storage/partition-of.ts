/** The partition that has an instance: FNV-1a over the UTF-16 code units of its id, modulo the number of partitions. */
export function partitionOf(instanceId: string, partitionCount: number): number {
  if (partitionCount === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < instanceId.length; index++) {
    hash = Math.imul(hash ^ instanceId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % partitionCount;
}
