import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ensureKeys, keyFileOf, newKey, readKeys, writeKeys } from "../../src/server/key-file.ts";
import { type RunningServer, type StartServerOptions, startServer } from "../../src/server/start-server.ts";
import { programs } from "./programs.ts";
import { endOf, SidecarClient } from "./sidecar-client.ts";
import { type SelfSigned, selfSigned } from "./tls.ts";

let tls: SelfSigned;
let folder: string;

beforeAll(async () => {
  tls = await selfSigned();
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
});

afterAll(async () => {
  await tls.remove();
  await rm(folder, { recursive: true });
});

async function host(options: StartServerOptions): Promise<RunningServer> {
  const own = { app: programs(), appPath: folder, port: 0, grpcPort: 0, storage: "memory:", drainMs: 0 };
  const server = await startServer({ ...own, ...options });
  onTestFinished(() => server.close());
  return server;
}

function clientOf(
  { grpcAddress = "" }: RunningServer,
  metadata: Readonly<Record<string, string>> = {},
  channel = credentials.createInsecure(),
): SidecarClient {
  const client = new SidecarClient(grpcAddress, { metadata, credentials: channel });
  onTestFinished(() => client.close());
  return client;
}

describe("a host", () => {
  test("with a port for gRPC serves its app there", async () => {
    const server = await host({});
    const client = clientOf(server);

    expect(server.grpcAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await client.ended(await client.start("echo", { input: "1" }))).toMatchObject({ output: "1" });
  });

  test("without one listens nowhere for gRPC", async () => {
    const server = await startServer({ app: programs(), appPath: folder, port: 0, storage: "memory:" });
    onTestFinished(() => server.close());

    expect(server.grpcAddress).toBeUndefined();
  });

  test("keeps one hub for HTTP and gRPC", async () => {
    const server = await host({});
    const client = clientOf(server);
    const id = await client.start("echo", { input: "1" });
    await client.ended(id);

    const answer = await fetch(`${server.url}/runtime/webhooks/durabletask/instances/${id}`);

    expect(await answer.json()).toMatchObject({ runtimeStatus: "Completed", output: 1 });
  });

  test("whose port for gRPC is in use is refused, says another, and leaves nothing behind", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port: grpcPort } = other.address() as AddressInfo;

    const failing = host({ grpcPort });

    await expect(failing).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await expect(failing).rejects.toThrow(`--grpc-port ${grpcPort + 1}`);
    await new Promise((resolve) => other.close(resolve));
    expect((await host({ grpcPort })).grpcAddress).toBe(`127.0.0.1:${grpcPort}`);
  });

  test("on IPv6 writes its address with brackets", async () => {
    const server = await host({ host: "::1" });

    expect(server.grpcAddress).toMatch(/^\[::1\]:\d+$/);
    await clientOf(server).call("hello", {});
  });
});

describe("where callers must present a key", () => {
  async function locked(systemKey?: string) {
    const own = await mkdtemp(join(tmpdir(), "perdure-"));
    onTestFinished(() => rm(own, { recursive: true }));
    const keys = await ensureKeys(keyFileOf(own));
    if (systemKey !== undefined) process.env["PERDURE_SYSTEM_KEY"] = systemKey;
    onTestFinished(() => void delete process.env["PERDURE_SYSTEM_KEY"]);
    const server = await host({ appPath: own, requireKey: true });
    const valueOf = (name: string): string => keys.find((key) => key.name === name)?.value ?? "";
    return { server, path: keyFileOf(own), full: valueOf("system"), read: valueOf("read") };
  }

  test.each<[string, (keys: { full: string; read: string }) => Readonly<Record<string, string>>, boolean]>([
    ["none", () => ({}), false],
    ["an empty one", () => ({ "x-functions-key": "" }), false],
    ["a wrong one", () => ({ "x-functions-key": "wrong" }), false],
    ["a wrong bearer", () => ({ authorization: "Bearer wrong" }), false],
    ["the key of another scheme", ({ full }) => ({ authorization: `Basic ${full}` }), false],
    ["the key without a scheme", ({ full }) => ({ authorization: full }), false],
    ["a key for reading", ({ read }) => ({ "x-functions-key": read }), false],
    ["a bearer for reading", ({ read }) => ({ authorization: `Bearer ${read}` }), false],
    ["a full one", ({ full }) => ({ "x-functions-key": full }), true],
    ["a full bearer", ({ full }) => ({ authorization: `Bearer ${full}` }), true],
    ["a full bearer in small letters", ({ full }) => ({ authorization: `bearer ${full}` }), true],
  ])("%s", async (_title, header, isAllowed) => {
    const { server, ...keys } = await locked();
    const client = clientOf(server, header(keys));

    const call = client.call("getInstance", { instanceId: "nobody" });
    const stream = client.stream("streamInstanceHistory", { instanceId: "nobody" });
    const streamed = endOf(stream);

    if (isAllowed) expect(await call).toMatchObject({ exists: false });
    else await expect(call).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect((await streamed).code).toBe(isAllowed ? status.NOT_FOUND : status.UNAUTHENTICATED);
  });

  test("no hub is made for a caller without one, and no work is sent", async () => {
    const { server, full } = await locked();
    const stranger = clientOf(server, { taskhub: "OtherHub" });

    await expect(stranger.call("createTaskHub", {})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect((await endOf(stranger.stream("getWorkItems", {}))).code).toBe(status.UNAUTHENTICATED);

    const hubs = await fetch(`${server.url}/runtime/webhooks/durabletask/taskhubs?code=${full}`);
    expect(await hubs.text()).not.toContain("OtherHub");
  });

  test("nothing but the headers is read of a caller without one", async () => {
    const { server } = await locked();
    const session = connect(`http://${server.grpcAddress}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": "/TaskHubSidecarService/Hello",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const answered = new Promise<IncomingHttpHeaders>((resolve) => stream.once("response", resolve));

    // The beginning of a message of 1 GiB, whose end never comes.
    stream.write(Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3]));

    expect((await answered)["grpc-status"]).toBe(String(status.UNAUTHENTICATED));
  });

  test("the one of the environment is a full one", async () => {
    const { server } = await locked("from the environment");

    await clientOf(server, { "x-functions-key": "from the environment" }).call("hello", {});
  });

  test("a revoked one no longer counts with the next call, and a new one does", async () => {
    const { server, path, full } = await locked();
    const client = clientOf(server, { "x-functions-key": full });
    await client.call("hello", {});
    const added = newKey("added", "full");

    await writeKeys(path, [...(await readKeys(path)).filter(({ name }) => name !== "system"), added]);

    await expect(client.call("hello", {})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await clientOf(server, { "x-functions-key": added.value }).call("hello", {});
  });
});

describe("over TLS", () => {
  const files = () => ({ grpcCertificate: tls.certificateFile, grpcPrivateKey: tls.privateKeyFile });

  test("who trusts the certificate is served", async () => {
    const client = clientOf(await host(files()), {}, credentials.createSsl(tls.certificate));

    expect(await client.ended(await client.start("echo", { input: "1" }))).toMatchObject({ output: "1" });
  });

  test.each([
    ["who does not trust it", () => credentials.createSsl()],
    ["who speaks without TLS", () => credentials.createInsecure()],
  ])("%s is not", async (_title, channel) => {
    const client = clientOf(await host(files()), {}, channel());

    await expect(client.call("hello", {})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  test.each<[string, () => Promise<StartServerOptions>, string]>([
    ["a file that is not there", async () => ({ ...files(), grpcCertificate: "nowhere.pem" }), "nowhere.pem"],
    [
      "a file that is no certificate",
      async () => ({ ...files(), grpcCertificate: await textFile() }),
      "cannot be used for TLS",
    ],
    [
      "a file that is no key",
      async () => ({ ...files(), grpcPrivateKey: await textFile() }),
      "cannot be used for TLS",
    ],
    [
      "the key of another certificate",
      async () => ({ ...files(), grpcPrivateKey: await otherKey() }),
      "cannot be used for TLS",
    ],
    [
      "a certificate without its key",
      async () => ({ grpcCertificate: tls.certificateFile }),
      "a certificate together with its private key, or neither",
    ],
  ])("%s is refused", async (_title, options, text) => {
    const failing = host(await options());

    await expect(failing).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
    await expect(failing).rejects.toThrow(text);
  });

  async function textFile(): Promise<string> {
    const path = join(folder, "notes.txt");
    await writeFile(path, "dear diary");
    return path;
  }

  async function otherKey(): Promise<string> {
    const other = await selfSigned();
    onTestFinished(() => other.remove());
    return other.privateKeyFile;
  }
});
