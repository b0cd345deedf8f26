import { sha1 } from "./sha1.ts";
import { utf8 } from "./utf8.ts";

/** The namespace of the cross-SDK form of newGuid (S-123). */
export const NEW_GUID_NAMESPACE = "9e952958-5e33-4daf-827f-2fa12937b875";

/** The time in the name of a newGuid: ISO 8601 with seven digits, of which JavaScript knows three (S-123). */
export function guidTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "0000Z");
}

/** newGuid (S-120 to S-123): the same instance, clock and counter give the same id. */
export function deterministicGuid(
  instanceId: string,
  time: string,
  counter: number,
  namespace = NEW_GUID_NAMESPACE,
): string {
  return uuidV5(parseUuid(namespace), utf8(`${instanceId}_${time}_${counter}`));
}

function uuidV5(namespace: Uint8Array, name: Uint8Array): string {
  const input = new Uint8Array(namespace.length + name.length);
  input.set(namespace);
  input.set(name, namespace.length);
  const bytes = sha1(input).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function parseUuid(text: string): Uint8Array {
  const hex = text.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}
