import { runClient } from "./client.mjs";
import { runWorker } from "./worker.mjs";

const [mode, prefix = "js", other = prefix] = process.argv.slice(2);
const address = `127.0.0.1:${process.env["PERDURE_GRPC_PORT"] ?? "4001"}`;

switch (mode) {
  case "worker":
    await runWorker(address);
    process.exit(0);
    break;
  case "client":
    process.exit(await runClient({ address, prefix, other }));
    break;
  default:
    console.error("usage: interop.mjs worker | client [prefix] [other prefix]");
    process.exit(2);
}
