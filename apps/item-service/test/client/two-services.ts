import {
  type FixtureHandlers,
  type StandardFixture,
  serveStandard,
} from "../interceptors/serve-standard.ts";
import type { TestStubOptions } from "../serve.ts";
import { type FixtureStub, fixtureStub } from "./fixture-stub.ts";

export interface TwoServices {
  /** Calls A, once. */
  readonly stub: FixtureStub;
  /** Passes each call on to B, by a stub. */
  readonly a: StandardFixture;
  readonly b: StandardFixture;
}

/** Serves A, whose handlers call B. `atA` is run in them before; `options` are those of A's stub. */
export async function serveTwo(
  handlersOfB: Partial<FixtureHandlers>,
  options: TestStubOptions = {},
  atA: () => void = () => {},
): Promise<TwoServices> {
  const b = await serveStandard(handlersOfB);
  const toB = fixtureStub(b.port, options);
  const a = await serveStandard({
    unary(request) {
      atA();
      return toB.unary(request);
    },
    serverStream(request) {
      atA();
      return toB.serverStream(request);
    },
    clientStream(requests) {
      atA();
      return toB.clientStream(requests);
    },
    bidi(requests) {
      atA();
      return toB.bidi(requests);
    },
  });
  return { stub: fixtureStub(a.port, { retry: false }), a, b };
}
