import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** What a block prints where a reader would see it differ from one run to the next. */
export function normalized(text: string, port: number): string {
  return text
    .trim()
    .replaceAll(`127.0.0.1:${port}`, "127.0.0.1:7071")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
    .replaceAll(/\b[0-9a-f]{32}\b/g, "<id>");
}

export interface ShellOptions {
  readonly folder: string;
  /** Takes the place of 7071. */
  readonly port: number;
  /** Where a .curlrc is. */
  readonly home: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A block in a shell of its own, in a process group of its own. The first command that fails ends it. */
export class ShellProcess {
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  constructor(block: string, { folder, port, home }: ShellOptions) {
    this.#child = spawn("sh", ["-ec", block.replaceAll("127.0.0.1:7071", `127.0.0.1:${port}`)], {
      cwd: folder,
      env: { ...environmentOfAReader(), PERDURE_PORT: String(port), CURL_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.#stdout += data.toString();
    });
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#stderr += data.toString();
    });
    this.finished = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** Resolves when something answers at the address; fails when the process ends before. */
  async listensAt(url: string): Promise<void> {
    let ended: Finished | undefined;
    void this.finished.then((finished) => {
      ended = finished;
    });
    while (!(await isThere(url))) {
      if (ended) throw new Error(`The host ended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`);
      await sleep(50);
    }
  }

  /** A signal to the shell and all that it has started. */
  async kill(signal: "SIGKILL" | "SIGINT"): Promise<Finished> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(-this.#child.pid, signal);
    return this.finished;
  }
}

const isThere = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false, // Nobody listens yet.
  );

/** npm tells its scripts which project they belong to; what a reader types must not hear of it. */
function environmentOfAReader(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|VITEST|NODE_ENV$|NODE_OPTIONS$|PERDURE_|AzureFunctionsJobHost__)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
