import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface SelfSigned {
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  remove(): Promise<void>;
}

/** A certificate for this machine. Node.js cannot make one, the `openssl` command can. */
export async function selfSigned(): Promise<SelfSigned> {
  const folder = await mkdtemp(join(tmpdir(), "perdure-tls-"));
  const certificateFile = join(folder, "cert.pem");
  const privateKeyFile = join(folder, "key.pem");
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", privateKeyFile, "-out", certificateFile];
  try {
    await promisify(execFile)("openssl", ["req", "-x509", "-days", "1", ...curve, ...names, ...files]);
  } catch (cause) {
    throw new Error("The tests of TLS need the command openssl, which failed or is not there.", { cause });
  }
  return {
    certificateFile,
    privateKeyFile,
    certificate: await readFile(certificateFile),
    privateKey: await readFile(privateKeyFile),
    remove: () => rm(folder, { recursive: true }),
  };
}
