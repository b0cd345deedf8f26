import { createRequire } from "node:module";

/** The first Node.js that is affected, and the first driver that is not. */
const NODE = { major: 24, minor: 19 };
const DRIVER_MAJOR = 13;

const handles = new Set<object>();

/**
 * From 24.19 on, Node.js aborts the process when the garbage collector, while no code runs, frees a database or a statement of
 * better-sqlite3 below 13. There none of them is ever freed: they are few, and what SQLite holds for them goes with `close`.
 */
export const keepHandle: <T extends object>(handle: T) => T = isAffected(
  process.versions.node,
  driverVersion(),
)
  ? (handle) => {
      handles.add(handle);
      return handle;
    }
  : (handle) => handle;

/** Whether handles of that driver must not be freed under that Node.js. */
export function isAffected(node: string, driver: string): boolean {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const isNodeAffected = major > NODE.major || (major === NODE.major && minor >= NODE.minor);
  return isNodeAffected && Number.parseInt(driver, 10) < DRIVER_MAJOR;
}

function driverVersion(): string {
  const { version } = createRequire(import.meta.url)("better-sqlite3/package.json") as { version: string };
  return version;
}
