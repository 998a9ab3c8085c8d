import type { ServiceDefinition } from "@grpc/grpc-js";
import type { CallSource } from "../channel/call-source.ts";
import { checkClientOptions } from "../check-client-options.ts";
import type { ClientFactoryOptions } from "../client-options.ts";
import { buildStub } from "../stub/create-stub.ts";
import type { Stub } from "../stub/stub.ts";
import type { StubOptions } from "../stub/stub-options.ts";
import type { CallControls } from "./call-controls.ts";
import type { Handlers } from "./handlers.ts";
import { InMemoryCall, inMemoryPeer, type Serve } from "./in-memory-call.ts";
import { createServedMethods } from "./served-methods.ts";

/** Those of a factory and of a stub. There are no retries, and by default no circuit breaker. */
export interface FakeStubOptions<Definition extends ServiceDefinition>
  extends ClientFactoryOptions,
    StubOptions<Definition> {}

export interface FakeStub<Definition extends ServiceDefinition> extends CallControls {
  readonly stub: Stub<Definition>;
}

/**
 * A stub without a network, for tests of the code that uses it. It is a client's stub in all but its
 * channel: messages are serialised, errors become statuses, deadlines and signals end calls. A method
 * that has no handler ends UNIMPLEMENTED. Fake timers work.
 */
export function createFakeStub<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Definition> = {},
  { methods = {}, ...clientOptions }: FakeStubOptions<Definition> = {},
): FakeStub<Definition> {
  const { add, serve, controls } = createServedMethods();
  add(definition, handlers);
  const context = checkClientOptions({ circuitBreaker: false, ...clientOptions });
  return { ...controls, stub: buildStub(definition, inMemorySource(serve), context, { methods }) };
}

function inMemorySource(serve: Serve): CallSource {
  const channel = {
    createCall: (path: string, deadline: Date | number) =>
      new InMemoryCall(path, Number(deadline), serve),
  };
  const connection = { channel, end: () => {} };
  return {
    target: inMemoryPeer,
    takesCredentials: true,
    addService: () => {},
    open: () => connection,
  };
}
