import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStorage } from "../../src/providers/sqlite/sqlite-storage.ts";
import { describeStorageProvider } from "../../src/testing/storage-conformance/index.ts";
import { ManualClock } from "./manual-clock.ts";

describeStorageProvider("sqlite", async () => {
  const clock = new ManualClock();
  const folder = await mkdtemp(join(tmpdir(), "perdure-"));
  const open = () => openSqliteStorage({ path: join(folder, "hub.db"), clock, pollIntervalMs: 1 });
  const storage = open();
  return {
    storage,
    advance: (ms) => clock.advance(ms),
    reopen: async () => open(),
    dispose: async () => {
      await storage.close();
      await rm(folder, { recursive: true });
    },
  };
});
