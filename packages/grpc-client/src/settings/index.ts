export type { GrpcClientSettings } from "./client-settings.ts";
export { readClientSettings } from "./read-client-settings.ts";
export { toClientOptions } from "./to-client-options.ts";
