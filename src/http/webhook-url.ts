import { BASE_PATH } from "./management-urls.ts";

/** Where callers reach a management API. */
export interface WebhookUrl {
  readonly origin: string;
  readonly basePath: string;
  readonly code: string | undefined;
}

/** What a webhook URL may be, in words. */
export const WEBHOOK_URLS =
  'the http or https address of a management API, with no parameter but "code", ' +
  `such as https://flows.example.org${BASE_PATH}`;

/** `undefined` for a text that is none. Without a path the usual one is meant. */
export function parseWebhookUrl(text: string): WebhookUrl | undefined {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, pathname, searchParams, hash } = new URL(text);
  if (hash !== "" || [...searchParams.keys()].some((name) => name !== "code")) return undefined;
  const path = pathname.replace(/\/+$/, "");
  return {
    origin,
    basePath: path === "" ? BASE_PATH : path,
    code: searchParams.get("code") ?? undefined,
  };
}
