import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = join(root, "dist", "cli", "main.js");

export const API = "/runtime/webhooks/durabletask";

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command in a process of its own. */
export class CommandProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], { cwd = root, env = {} }: ProcessOptions = {}) {
    this.#child = spawn(process.execPath, [cli, ...args], {
      cwd,
      env: { ...environment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.#stdout += data.toString();
      for (const listener of this.#listeners) listener();
    });
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#stderr += data.toString();
    });
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first entry of the log with a message that matches; fails when the process ends before. */
  async logged(message: RegExp): Promise<Readonly<Record<string, unknown>>> {
    const found = (): Readonly<Record<string, unknown>> | undefined =>
      this.log().find(({ msg }) => typeof msg === "string" && message.test(msg));
    const matching = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      const look = (): void => {
        const entry = found();
        if (entry === undefined) return;
        this.#listeners.delete(look);
        resolve(entry);
      };
      this.#listeners.add(look);
      look();
    });
    const ended = this.exited.then(({ code, stdout, stderr }) => {
      throw new Error(`The process ended with ${code} before it said ${message}:\n${stdout}\n${stderr}`);
    });
    return Promise.race([matching, ended]);
  }

  log(): Readonly<Record<string, unknown>>[] {
    return this.#stdout.split("\n").flatMap((line) => {
      try {
        return [JSON.parse(line) as Readonly<Record<string, unknown>>];
      } catch {
        return []; // What an app prints itself is not part of the log.
      }
    });
  }
}

export interface HostProcess {
  readonly process: CommandProcess;
  readonly url: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Starts a host and waits until it listens. */
export async function startHost(args: readonly string[], options: ProcessOptions = {}): Promise<HostProcess> {
  const hostProcess = new CommandProcess(["start", "--port", "0", ...args], options);
  const facts = await hostProcess.logged(/^Listening on/);
  return { process: hostProcess, url: String(facts["url"]), facts };
}

export async function makeFolder(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "perdure-e2e-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Without what the test runner sets, and without settings of whoever runs the tests. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|PERDURE_|AzureFunctionsJobHost__)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
