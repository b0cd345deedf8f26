/** What each language needs, how its programs are built, and how they are run. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError } from "./program.mjs";

const OUTPUT_LIMIT = 4_000;
/** The first Node.js that the JavaScript SDK runs on. */
const SDK_NODE_MAJOR = 22;

const folderOf = (name) => fileURLToPath(new URL(name, import.meta.url));

function run(folder, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`.slice(-OUTPUT_LIMIT);
  throw new ProgramError(`\`${command} ${args.join(" ")}\` failed:\n${output}`);
}

/** Does the work only if one of the files has changed since it was last done, which `stamp` remembers. */
function unlessDone({ folder, stamp, files }, work) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(folder, file)));
  const digest = hash.digest("hex");
  const path = join(folder, stamp);
  if (existsSync(path) && readFileSync(path, "utf8") === digest) return "installed before";
  work();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, digest);
  return "installed";
}

const javascript = {
  name: "javascript",
  prefix: "js",
  tools: [
    {
      command: "npm",
      args: ["--version"],
      version: /^(\d+)\.(\d+)/m,
      atLeast: [10, 0],
      install: "npm comes with Node.js: https://nodejs.org",
    },
  ],
  build() {
    const folder = folderOf("javascript");
    const files = ["package.json", "package-lock.json"];
    return unlessDone({ folder, stamp: "node_modules/.stamp", files }, () =>
      run(folder, "npm", "ci", "--no-audit", "--no-fund"),
    );
  },
  program: (mode) => ({ command: nodeForSdk(), args: ["interop.mjs", mode], cwd: folderOf("javascript") }),
};

/** The Node.js that runs this, or else the one that comes as a package for this platform. */
function nodeForSdk() {
  if (Number(process.versions.node.split(".")[0]) >= SDK_NODE_MAJOR) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const names = ["node", "node-bin"].map((name) => `${name}-${platform}-${process.arch}`);
  const binary = platform === "win" ? "bin/node.exe" : "bin/node";
  const found = names
    .map((name) => join(folderOf("javascript"), "node_modules", name, binary))
    .find(existsSync);
  if (found !== undefined) return found;
  throw new ProgramError(
    `the JavaScript SDK needs Node.js ${SDK_NODE_MAJOR}, this is ${process.version}, and no package brings one for ` +
      `${process.platform} on ${process.arch}: run this with a newer Node.js`,
  );
}

const python = {
  name: "python",
  prefix: "py",
  tools: [
    {
      command: "python3",
      args: ["-c", "import platform, venv, ensurepip; print(platform.python_version())"],
      version: /^(\d+)\.(\d+)/m,
      atLeast: [3, 10],
      install: "Python with its module venv (Debian: apt-get install python3-venv): https://www.python.org",
    },
  ],
  build() {
    const folder = folderOf("python");
    return unlessDone({ folder, stamp: ".venv/.stamp", files: ["requirements.txt"] }, () => {
      rmSync(join(folder, ".venv"), { recursive: true, force: true });
      run(folder, "python3", "-m", "venv", ".venv");
      run(folder, ".venv/bin/python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt");
    });
  },
  program: (mode) => ({
    command: join(folderOf("python"), ".venv/bin/python"),
    args: ["interop.py", mode],
    cwd: folderOf("python"),
  }),
};

const java = {
  name: "java",
  prefix: "java",
  tools: [
    {
      command: "java",
      args: ["-version"],
      version: /version "(\d+)/,
      atLeast: [17],
      install: "a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless): https://adoptium.net",
    },
    {
      command: "mvn",
      args: ["--batch-mode", "--version"],
      version: /Apache Maven (\d+)\.(\d+)/,
      atLeast: [3, 6],
      install: "Maven (Debian: apt-get install maven): https://maven.apache.org",
    },
  ],
  build() {
    const folder = folderOf("java");
    const sources = [
      "Checks",
      "Client",
      "Filters",
      "Functions",
      "Interop",
      "InteropError",
      "Scenarios",
      "Worker",
    ];
    const files = ["pom.xml", ...sources.map((name) => `src/main/java/perdure/interop/${name}.java`)];
    return unlessDone({ folder, stamp: "target/.stamp", files }, () => {
      rmSync(join(folder, "target"), { recursive: true, force: true });
      run(folder, "mvn", "--quiet", "--batch-mode", "process-classes");
    });
  },
  program: (mode) => ({
    command: "java",
    args: ["-XX:TieredStopAtLevel=1", "-cp", "target/classes:target/lib/*", "perdure.interop.Interop", mode],
    cwd: folderOf("java"),
  }),
};

const go = {
  name: "go",
  prefix: "go",
  tools: [
    {
      command: "go",
      args: ["version"],
      version: /go(\d+)\.(\d+)/,
      atLeast: [1, 21],
      install: "Go (Debian: apt-get install golang): https://go.dev",
    },
  ],
  // Go has a cache of its own.
  build() {
    run(folderOf("go"), "go", "build", "-o", "bin/interop", ".");
    return "built";
  },
  program: (mode) => ({ command: join(folderOf("go"), "bin/interop"), args: [mode], cwd: folderOf("go") }),
};

/** In the order of the ring: each client also drives the worker of the next. */
export const languages = [javascript, python, java, go];
