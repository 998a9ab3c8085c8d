export { readServerSettings } from "./read-server-settings.ts";
export type { GrpcServerSettings } from "./server-settings.ts";
export { toServerOptions, toStopOptions } from "./to-server-options.ts";
export { unknownVariables, type VariableNames } from "./unknown-variables.ts";
