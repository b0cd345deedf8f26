export type { HttpHub } from "./api-request.ts";
export type { CrossOrigin } from "./cross-origin.ts";
export { createHttpApi, type HttpApiOptions } from "./http-api.ts";
export type { Access, KeyRing } from "./keys.ts";
export { BASE_PATH, bindingData } from "./management-urls.ts";
export { parseWebhookUrl, WEBHOOK_URLS } from "./webhook-url.ts";
