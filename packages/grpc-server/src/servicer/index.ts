export type { OnDisposeError } from "./call-scope.ts";
export { createServicer, type ServicerOptions } from "./create-servicer.ts";
export type {
  CallCradle,
  ScopedContext,
  ScopedHandler,
  ScopedHandlers,
} from "./scoped-handlers.ts";
