/**
 * Makes a fresh clone ready to run, and a clone that is ready stays as it is: installs the dependencies when they differ
 * from package-lock.json, sees to it that SQLite loads, and compiles what has changed. It uses nothing but Node.js,
 * because it runs before anything is installed, and it writes to standard error only, because the command that follows
 * may print JSON.
 *
 * Any number of these may run at once: one works, the others wait for it (see withLock).
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const oldestNode = [20, 19];
const root = fileURLToPath(new URL("..", import.meta.url));
const lockFile = join(root, ".setup.lock");
const heartbeatMs = 1_000;
const deadAfterMs = 15_000;

class SetupError extends Error {}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new SetupError(
    `Perdure needs Node.js ${oldestNode.join(".")} or newer, and this is ${process.version}. ` +
      "Install a newer Node.js and run the command again.",
  );
}

/** Runs a program in the root folder, and fails with the beginning of what it printed when the program fails. */
function run(what, command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && command === "npm",
    });
    process.once("exit", () => child.kill());
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (cause) =>
      reject(new SetupError(`${what} could not start: ${cause.message}`, { cause })),
    );
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      const text = Buffer.concat(output).toString().trim().split("\n").slice(0, 60).join("\n");
      reject(new SetupError(`${what} failed (${signal ?? `exit code ${code}`}).\n${text}`));
    });
  });
}

function npm(what, ...args) {
  const parent = process.env.npm_execpath;
  if (parent?.endsWith("npm-cli.js")) return run(what, process.execPath, [parent, ...args]);
  return run(what, "npm", args);
}

async function readPackages(path) {
  try {
    return JSON.parse(await readFile(join(root, path), "utf8")).packages ?? {};
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** npm leaves a list of what it installed in node_modules; that list is compared with the lock file, not the dates. */
async function isInstalled() {
  const [wanted, installed] = await Promise.all([
    readPackages("package-lock.json"),
    readPackages("node_modules/.package-lock.json"),
  ]);
  if (wanted === undefined)
    throw new SetupError("package-lock.json is missing or damaged; restore it from git.");
  if (installed === undefined) return false;

  const isSame = (path) => installed[path]?.version === wanted[path].version;
  const mayBeAbsent = (path) => wanted[path].optional === true || wanted[path].devOptional === true;
  return (
    Object.keys(installed).every((path) => wanted[path] !== undefined) &&
    Object.keys(wanted)
      .filter((path) => path !== "")
      .every((path) => isSame(path) || (installed[path] === undefined && mayBeAbsent(path)))
  );
}

async function install() {
  if (await isInstalled()) return;
  say("installing the dependencies (SQLite may have to be compiled; a minute or two) ...");
  await npm("npm ci", "ci", "--include=dev", "--no-audit", "--no-fund");
}

function sqliteLoads() {
  try {
    const Database = createRequire(import.meta.url)("better-sqlite3");
    new Database(":memory:").close();
    return true;
  } catch {
    return false;
  }
}

/**
 * The binary belongs to one major version of Node.js, so it is rebuilt when another one comes along. A process that has
 * failed to load it cannot load the new one either: another process says whether it loads now, and if not, why.
 */
async function makeSqliteLoad() {
  if (sqliteLoads()) return;
  say(`building SQLite for Node.js ${process.version} ...`);
  await npm("npm rebuild better-sqlite3", "rebuild", "better-sqlite3");
  try {
    await run("Loading SQLite", process.execPath, [
      "-e",
      "new (require('better-sqlite3'))(':memory:').close()",
    ]);
  } catch (error) {
    throw new SetupError(`${error.message}\nA C++ compiler and Python may be missing.`, { cause: error });
  }
}

async function build() {
  if (!existsSync(join(root, "dist"))) say("compiling ...");
  await run("tsc -b", process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"]);
}

function readLock(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function tryLock(owner) {
  try {
    await writeFile(lockFile, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/**
 * An owner that lives touches its lock once a second. A lock that nobody has touched for long is moved aside; should it
 * turn out that somebody else was quicker and the lock is a new one, it is put back.
 */
async function removeDeadLock(owner) {
  const seen = readLock(lockFile);
  const touched = await stat(lockFile).catch(() => undefined);
  if (seen === undefined || touched === undefined || Date.now() - touched.mtimeMs < deadAfterMs) return;
  const aside = `${lockFile}.${owner}`;
  try {
    await rename(lockFile, aside);
    const taken = readLock(aside);
    if (taken !== undefined && taken !== seen) await writeFile(lockFile, taken, { flag: "wx" });
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function withLock(work) {
  const owner = `${process.pid}-${randomUUID()}`;
  for (let told = false; !(await tryLock(owner)); ) {
    if (!told) say("waiting for another set-up of this folder to end ...");
    told = true;
    await sleep(200);
    await removeDeadLock(owner);
  }
  const release = () => {
    if (readLock(lockFile) === owner) rmSync(lockFile, { force: true });
  };
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lockFile, now, now).catch(() => {}); // The lock is gone only when someone cleaned up by hand.
  }, heartbeatMs);
  process.once("exit", release);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    release();
  }
}

try {
  checkNode();
  await withLock(async () => {
    await install();
    await makeSqliteLoad();
    await build();
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
