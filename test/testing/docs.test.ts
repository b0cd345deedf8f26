import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { blocksOf, fileNameOf } from "../e2e/readme-blocks.ts";

const examples = new URL("examples/", import.meta.url);
const shown = blocksOf(fileURLToPath(new URL("../../docs/testing.md", import.meta.url))).filter(
  ({ language }) => language === "ts",
);

/** The file as a user would write it. */
function asShown(file: string): string {
  return readFileSync(new URL(file, examples), "utf8")
    .replaceAll('"../../../src/testing/index.ts"', '"perdure/testing"')
    .replaceAll('"../../../src/sdk/index.ts"', '"perdure"')
    .trimEnd();
}

test.each(shown.map((block) => [fileNameOf(block) ?? "", block.text] as const))(
  "docs/testing.md shows %s as it is run",
  (file, text) => {
    expect(text).toBe(asShown(file));
  },
);

test("docs/testing.md shows every example", () => {
  const files = readdirSync(examples).filter((file) => file.endsWith(".ts"));

  expect(shown.map((block) => fileNameOf(block) ?? "").toSorted()).toEqual(files.toSorted());
});
