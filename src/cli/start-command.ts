import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { msOfSeconds, originsOfText, startServer } from "../server/index.ts";
import { hinted } from "./completion/value-hints.ts";
import { greet } from "./greeting.ts";
import { LOG_LEVELS, makeLogger } from "./log.ts";
import { stopSignal } from "./stop-signal.ts";

interface StartFlags {
  readonly port?: number;
  readonly host?: string;
  readonly storage?: string;
  readonly hub?: string;
  readonly drainTimeout?: number;
  readonly grpcPort?: number;
  readonly grpcCert?: string;
  readonly grpcKey?: string;
  readonly createHubs: boolean;
  readonly activityTimeout?: number;
  readonly requireKey?: true;
  readonly cors?: readonly string[];
  readonly logLevel: string;
}

export function startCommand(): Command {
  return new Command("start")
    .summary("run an app")
    .description(
      "Runs an app: a folder, or one file. Default: the current folder; without an app in it, a hub for the workers of the Durable Task SDKs.",
    )
    .addArgument(
      hinted(new Argument("[app]", "folder or file: .ts .mts .cts .js .mjs .cjs"), {
        pathAfter: [""],
      }),
    )
    .option("-p, --port <number>", "where to listen; 0 for any free port (default: 7071)", portOf)
    .option("--host <address>", "on which address (default: 127.0.0.1, this machine only)")
    .addOption(
      hinted(
        new Option(
          "-s, --storage <url>",
          "sqlite:<file>, or memory: (default: sqlite:.perdure/hub.db in the app's folder)",
        ),
        { words: ["memory:"], pathAfter: ["sqlite:"] },
      ),
    )
    .option("--hub <name>", "task hub (default: DurableFunctionsHub)")
    .option(
      "--require-key",
      "callers must present a key (default: unless only this machine can reach the host)",
    )
    .option(
      "--cors <origins>",
      "origins whose web pages may use the API, with commas or repeated; * for all (default: none)",
      moreOrigins,
    )
    .option(
      "--grpc-port <number>",
      "where workers and clients of the Durable Task SDKs connect; 0 for any free port (default: 4001 without an app, else nowhere)",
      portOf,
    )
    .addOption(
      hinted(new Option("--grpc-cert <file>", "certificate for gRPC over TLS, in PEM form"), {
        pathAfter: [""],
      }),
    )
    .addOption(
      hinted(new Option("--grpc-key <file>", "private key of that certificate"), { pathAfter: [""] }),
    )
    .option("--no-create-hubs", "refuse callers over gRPC that name a task hub nobody has")
    .option(
      "--activity-timeout <seconds>",
      "after how long an activity that a worker has not answered is for another one (default: never)",
      secondsOf("above 0"),
    )
    .option(
      "--drain-timeout <seconds>",
      "how long activities may finish after Ctrl+C (default: 10)",
      secondsOf("0 or more"),
    )
    .addOption(
      new Option("--log-level <level>", "how much to log")
        .choices(LOG_LEVELS)
        .env("PERDURE_LOG_LEVEL")
        .default("info"),
    )
    .option("--verbose", "show where an error comes from")
    .addHelpText(
      "after",
      `
Settings are taken from these flags, then from PERDURE_* in the environment or in local.settings.json, then from
host.json beside the app.

Example:
  perdure start samples/hello --port 8080 --storage sqlite:./hello.db`,
    )
    .exitOverride()
    .action(start);
}

async function start(appPath: string | undefined, flags: StartFlags): Promise<void> {
  const logger = makeLogger(flags.logLevel);
  const stopped = stopSignal();
  const server = await startServer({
    logger,
    ...(appPath === undefined ? {} : { appPath }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.storage === undefined ? {} : { storage: flags.storage }),
    ...(flags.hub === undefined ? {} : { taskHubName: flags.hub }),
    ...(flags.requireKey === undefined ? {} : { requireKey: flags.requireKey }),
    ...(flags.cors === undefined ? {} : { cors: flags.cors }),
    ...(flags.grpcPort === undefined ? {} : { grpcPort: flags.grpcPort }),
    ...(flags.grpcCert === undefined ? {} : { grpcCertificate: flags.grpcCert }),
    ...(flags.grpcKey === undefined ? {} : { grpcPrivateKey: flags.grpcKey }),
    ...(flags.createHubs ? {} : { createHubs: false }),
    ...(flags.activityTimeout === undefined ? {} : { activityTimeoutMs: flags.activityTimeout }),
    ...(flags.drainTimeout === undefined ? {} : { drainMs: flags.drainTimeout }),
  });
  greet(server, logger);
  const signal = await stopped;
  logger.info({}, `${signal}: stopping, activities may finish. Once more to stop at once.`);
  await server.close();
  logger.info({}, "Stopped. What had not ended goes on at the next start.");
  process.exit(0); // An activity that had no time to finish may still be running.
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number, 0 to 65535.");
}

function secondsOf(range: Parameters<typeof msOfSeconds>[2]): (text: string) => number {
  return (text) => {
    try {
      return msOfSeconds("", text, range);
    } catch {
      throw new InvalidArgumentError(`It is a number of seconds, ${range}.`);
    }
  };
}

/** The flag may be there several times. */
function moreOrigins(text: string, earlier: readonly string[] | undefined): readonly string[] | undefined {
  return [...(earlier ?? []), ...originsOfText(text)];
}
