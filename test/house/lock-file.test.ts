import { expect, test } from "vitest";
import { readText } from "./repository.ts";

interface LockedPackage {
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readText("package-lock.json")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

/** Where Node.js looks for a dependency: beside the package, then in each folder above it. */
function isLocked(path: string, dependency: string): boolean {
  if (Object.hasOwn(packages, `${path === "" ? "" : `${path}/`}node_modules/${dependency}`)) return true;
  return path !== "" && isLocked(path.slice(0, Math.max(path.lastIndexOf("/node_modules/"), 0)), dependency);
}

test("the lock file serves every registry mirror", () => {
  const bound = Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined);

  expect(bound).toEqual([]);
});

// npm leaves out the binaries for other platforms that its registry does not hold, and then `npm ci` refuses the file.
test("the lock file serves every platform", () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((dependency) => !isLocked(path, dependency))
      .map((dependency) => `${path} needs ${dependency}`),
  );

  expect(missing).toEqual([]);
});
