import { expect, test } from "vitest";
import { progressLine } from "../../src/cli/durable/progress.ts";

test.each([
  [0, 100, 0, "Purging  [------------------------------]  0 %  0 of 100  0/s"],
  [50, 100, 1_000, "Purging  [###############---------------]  50 %  50 of 100  50/s  1 s left"],
  [100, 100, 2_000, "Purging  [##############################]  100 %  100 of 100  50/s  0 s left"],
  [1_234_567, undefined, 10_000, "Purging  1,234,567  123,457/s"],
  [7, 5, 1_000, "Purging  7  7/s"],
  [0, 0, 1_000, "Purging  [##############################]  100 %  0 of 0  0/s"],
])("%i of %j after %i ms", (done, total, elapsedMs, line) => {
  expect(progressLine("Purging", done, total, elapsedMs)).toBe(line);
});
