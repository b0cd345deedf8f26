import { expect, test } from "vitest";
import { projects } from "../../vitest.config.ts";
import { filesBelow, readText } from "./repository.ts";

test("every test file lies in a folder that vitest.config.ts runs", () => {
  const files = filesBelow("test").filter((file) => file.endsWith(".test.ts"));

  const forgotten = files.filter((file) => !Object.hasOwn(projects, file.split("/").at(1) ?? ""));

  expect(files).not.toEqual([]);
  expect(forgotten).toEqual([]);
});

// Vitest joins the projects it is given by "or", so "all but these" cannot be said on its command line.
test("npm test runs each project once", () => {
  const { scripts } = JSON.parse(readText("package.json")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const commands = `${scripts["test:unit"]} ${scripts["test:integration"]}`;

  const named = [...commands.matchAll(/--project=(\S+)/g)].map(([, name = ""]) => name);

  expect(named.toSorted()).toEqual(Object.keys(projects).toSorted());
});
