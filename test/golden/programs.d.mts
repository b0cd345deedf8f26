import type { App } from "../../src/sdk/app.ts";

export function register(app: App): void;
