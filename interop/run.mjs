/**
 * Drives Perdure with the published Durable Task SDKs of four languages: builds the programs, starts a pure hub and one
 * worker per language, and runs each client against the worker of its own language and against that of the next. It uses
 * nothing but Node.js; README.md beside it says what the programs do.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { languages } from "./languages.mjs";
import { Programs } from "./program.mjs";

const START_MS = 60_000;
const CLIENT_MS = 180_000;
const root = fileURLToPath(new URL("..", import.meta.url));

class RunError extends Error {}

const say = (text) => process.stdout.write(`${text}\n`);

function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: { only: { type: "string" }, port: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const names = values.only?.split(",") ?? languages.map(({ name }) => name);
  const chosen = names.map((wanted) => {
    const language = languages.find(({ name, prefix }) => wanted === name || wanted === prefix);
    if (language !== undefined) return language;
    throw new RunError(`--only knows ${languages.map(({ name }) => name).join(", ")}, not "${wanted}"`);
  });
  return { chosen, help: values.help, port: values.port === undefined ? undefined : Number(values.port) };
}

/** A language that was asked for is never skipped: what it lacks is named, all at once. */
function checkTools(chosen) {
  const missing = chosen.flatMap(({ name, tools }) =>
    tools.flatMap((tool) => {
      const complaint = complaintAbout(tool);
      return complaint === undefined ? [] : [`  ${name}: ${complaint}\n    ${tool.install}`];
    }),
  );
  if (missing.length === 0) return;
  const remedy =
    "Install it, or choose the languages with --only, as in: npm run test:interop -- --only python";
  throw new RunError(`a tool chain is missing\n${missing.join("\n")}\n${remedy}`);
}

function complaintAbout({ command, args, version, atLeast }) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", cwd: tmpdir() });
  if (status !== 0) return `\`${command}\` does not run`;
  const found = version
    .exec(stdout + stderr)
    ?.slice(1)
    .map(Number);
  if (found === undefined) return `\`${command} ${args.join(" ")}\` names no version`;
  const difference = atLeast.map((number, i) => (found[i] ?? 0) - number).find((each) => each !== 0) ?? 0;
  return difference < 0
    ? `\`${command}\` is ${found.join(".")}, and must be ${atLeast.join(".")}`
    : undefined;
}

function build(language) {
  const begin = Date.now();
  const report = language.build();
  say(`${language.name}: ${report} (${seconds(Date.now() - begin)})`);
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The one place that knows how a hub without an app is started. */
async function startHub(folder, programs) {
  const grpcPort = await freePort();
  const hub = programs.start("hub", {
    command: process.execPath,
    args: [join(root, "dist/cli/main.js"), "start", "--grpc-port", String(grpcPort)].concat(
      ["--port", "0"],
      ["--storage", `sqlite:${join(folder, "hub.db")}`],
    ),
    cwd: folder,
  });
  await hub.listens(grpcPort, START_MS);
  return grpcPort;
}

async function startWorker(language, port, programs) {
  const worker = programs.start(`${language.name} worker`, {
    ...language.program("worker"),
    env: { PERDURE_GRPC_PORT: String(port) },
  });
  await worker.prints("READY", START_MS);
}

async function runClient({ client, worker, other }, port, programs) {
  const begin = Date.now();
  const { command, args, cwd } = client.program("client");
  const program = programs.start(`${client.name} client`, {
    command,
    args: [...args, worker.prefix, other.prefix],
    cwd,
    env: { PERDURE_GRPC_PORT: String(port) },
    onLine: (line) => {
      if (line.startsWith("FAIL ")) say(`  ${client.name} → ${worker.name}: ${line}`);
    },
  });
  const exitCode = await program.exits(CLIENT_MS);
  const [, passed, failed] = /^DONE (\d+) passed, (\d+) failed$/m.exec(program.output) ?? [];
  const isWhole = passed !== undefined && exitCode === (failed === "0" ? 0 : 1);
  if (!isWhole) say(program.lastWords());
  return {
    client: client.name,
    worker: worker.name,
    passed: Number(passed ?? 0),
    failed: isWhole ? Number(failed) : Number(failed ?? 0) + 1,
    note: isWhole ? "" : `ended with ${exitCode ?? "a signal"} before it was done`,
    time: seconds(Date.now() - begin),
  };
}

/** Each client with its own worker, and with the next one in the ring. */
function pairs(chosen) {
  const next = (i) => chosen[(i + 1) % chosen.length];
  const own = chosen.map((client, i) => ({ client, worker: client, other: next(i) }));
  const ring = chosen.map((client, i) => ({ client, worker: next(i), other: client }));
  return chosen.length === 1 ? own : [...own, ...ring];
}

function printTable(results) {
  const rows = [["client", "worker", "passed", "failed", "time", ""]].concat(
    results.map(({ client, worker, passed, failed, time, note }) =>
      [client, worker, passed, failed, time, note].map(String),
    ),
  );
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  say("");
  for (const row of rows)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    );
}

async function main() {
  const { chosen, help, port: givenPort } = optionsOf(process.argv.slice(2));
  if (help) {
    say(
      "usage: npm run test:interop -- [--only javascript,python,java,go] [--port <port of a hub that runs>]",
    );
    return 0;
  }
  checkTools(chosen);
  for (const language of chosen) build(language);

  const folder = mkdtempSync(join(tmpdir(), "perdure-interop-"));
  const programs = new Programs();
  const stop = async () => {
    await programs.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupt = async () => {
    await stop();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void interrupt());
  try {
    const port = givenPort ?? (await startHub(folder, programs));
    await Promise.all(chosen.map((language) => startWorker(language, port, programs)));

    // One after the other: a purge by filter would take what another client still looks at.
    const results = [];
    for (const pair of pairs(chosen)) results.push(await runClient(pair, port, programs));
    printTable(results);
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    if (sum("failed") > 0) for (const program of programs.running) say(program.lastWords());
    say(`\n${sum("passed")} passed, ${sum("failed")} failed`);
    return sum("failed") === 0 ? 0 : 1;
  } finally {
    await stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExpected =
    error instanceof RunError || error.code?.startsWith?.("ERR_PARSE_ARGS") || error.isProgramError;
  process.stderr.write(`interop: ${isExpected ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
