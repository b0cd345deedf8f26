import sdk from "@microsoft/durabletask-js/dist/proto/orchestrator_service_pb.js";

type SdkMessage = { readonly toObject: () => object; readonly serializeBinary: () => Uint8Array };

const classes = sdk as unknown as Readonly<
  Record<string, { readonly deserializeBinary: (bytes: Uint8Array) => SdkMessage }>
>;

function read(message: string, bytes: Uint8Array): SdkMessage {
  const messageClass = classes[message];
  if (!messageClass) throw new Error(`The SDK has no message ${message}.`);
  return messageClass.deserializeBinary(bytes);
}

/**
 * A message as the code of a published SDK reads it, without what is absent or empty. Its names are in lower case,
 * lists end in `List`, maps in `Map`.
 */
export function asSdkReads(message: string, bytes: Uint8Array): unknown {
  return withoutDefaults(read(message, bytes).toObject());
}

/** The bytes in which a published SDK sends a message that it has got. */
export function sentBySdk(message: string, bytes: Uint8Array): Uint8Array {
  return read(message, bytes).serializeBinary();
}

/** Wrappers stay, also around an empty text: that they are there is what they say. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, field]) => key === "value" || !isDefault(field))
      .map(([key, field]) => [key, withoutDefaults(field)]),
  );
}

function isDefault(field: unknown): boolean {
  return (
    field === undefined ||
    field === "" ||
    field === 0 ||
    field === false ||
    (Array.isArray(field) && field.length === 0)
  );
}
