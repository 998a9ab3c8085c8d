import type { ServiceDefinition } from "@grpc/grpc-js";
import type { Identity, Logger } from "@grpc-kit/grpc-context";
import type { CallContext } from "../call-context.ts";
import type { Handler } from "../handlers.ts";

/**
 * What the scope of a call has under these names, for use cases that ask for it. A value that was
 * not set for the call is what the container has under its name, or else undefined.
 */
export interface CallCradle {
  readonly callContext: CallContext;
  readonly logger: Logger | undefined;
  readonly identity: Identity | undefined;
  readonly requestId: string | undefined;
}

/** A call's context with what the container has for it. */
export interface ScopedContext<Cradle extends object> extends CallContext {
  /**
   * Gives what is registered under `name`, a use case for instance, from the scope of this call.
   * Throws once the call has ended.
   */
  readonly resolve: <Name extends keyof Cradle>(name: Name) => Cradle[Name];
}

/** A handler for each method of a service, with a scope for each call. */
export type ScopedHandlers<Definition extends ServiceDefinition, Cradle extends object> = {
  readonly [Name in keyof Definition]: ScopedHandler<Handler<Definition[Name]>, Cradle>;
};

/** The handler that a method wants, but with a scoped context. */
export type ScopedHandler<PlainHandler, Cradle extends object> = PlainHandler extends (
  request: infer Request,
  context: CallContext,
) => infer Result
  ? (request: Request, context: ScopedContext<Cradle>) => Result
  : never;
