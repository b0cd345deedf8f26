import { fromJsonText } from "../core/data-converter.ts";
import type { HttpHub } from "../http/index.ts";
import type { App } from "../sdk/index.ts";
import { validate } from "../sdk/schema.ts";

/** Holds the payloads of events that are raised over HTTP against the schemas of the app, as its own client does. */
export function eventCheck({ schemas }: App): NonNullable<HttpHub["checkEvent"]> {
  return async (name, payload) => {
    await validate(schemas.event(name), fromJsonText(payload), `The payload of event '${name}'`);
  };
}
