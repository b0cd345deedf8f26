import { expect, test } from "vitest";
import { projects } from "../../vitest.config.ts";
import { filesBelow } from "./repository.ts";

test("every test file lies in a folder that vitest.config.ts runs", () => {
  const files = filesBelow("test").filter((file) => file.endsWith(".test.ts"));

  const forgotten = files.filter((file) => !Object.hasOwn(projects, file.split("/").at(1) ?? ""));

  expect(files).not.toEqual([]);
  expect(forgotten).toEqual([]);
});
