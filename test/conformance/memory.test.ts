import { createMemoryStorage } from "../../src/providers/memory/memory-storage.ts";
import { describeStorageProvider } from "../../src/testing/storage-conformance/index.ts";
import { ManualClock } from "./manual-clock.ts";

describeStorageProvider("memory", async () => {
  const clock = new ManualClock();
  const storage = createMemoryStorage({ clock });
  return { storage, advance: (ms) => clock.advance(ms), dispose: () => storage.close() };
});
