import { status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { asFunction, createContainer } from "awilix";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { echo, serveFixture } from "../../test/serve-fixture.ts";
import { createServicer, type ServicerOptions } from "./create-servicer.ts";
import type { ScopedHandlers } from "./scoped-handlers.ts";

interface Cradle {
  readonly session: object;
}

function serve(options?: ServicerOptions) {
  const container = createContainer<Cradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    session: asFunction(() => ({}))
      .scoped()
      .disposer(() => {
        throw new Error("cannot close");
      }),
  });
  const handlers: ScopedHandlers<FixtureServiceService, Cradle> = {
    unary(request, { resolve }) {
      resolve("session");
      return request;
    },
    async *serverStream(request, { resolve }) {
      resolve("session");
      yield request;
    },
    clientStream(requests, context) {
      context.resolve("session");
      return echo.clientStream(requests, context);
    },
    async *bidi(requests, { resolve }) {
      resolve("session");
      yield* requests;
    },
  };
  return serveFixture(createServicer(container, FixtureServiceService, handlers, options));
}

function watchStderr(): string[] {
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    lines.push(String(text).split("\n")[0] ?? "");
    return true;
  });
  onTestFinished(() => write.mockRestore());
  return lines;
}

describe("an error of a disposer", () => {
  it.each(callKinds)("is told to onDisposeError and to nobody else: %s", async (kind) => {
    const seen: unknown[] = [];
    const { client, errors } = await serve({
      onDisposeError: (error, { path }) => seen.push([error, path]),
    });
    const { code, messages } = await callFixture(client, kind).outcome;
    expect([code, messages.length]).toEqual([status.OK, 1]);
    expect(seen).toEqual([[new Error("cannot close"), expect.stringMatching(/Service\/\w+$/)]]);
    expect(errors).toEqual([]);
  });

  it("goes to stderr by default", async () => {
    const { client } = await serve();
    const lines = watchStderr();
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect(lines).toEqual(["/fixtures.FixtureService/Unary: Error: cannot close"]);
  });

  it.each<[string, () => Promise<never>]>([
    [
      "throws",
      () => {
        throw new Error("cannot report");
      },
    ],
    ["rejects", () => Promise.reject(new Error("cannot report"))],
  ])("is not lost when onDisposeError %s", async (_, onDisposeError) => {
    const { client } = await serve({ onDisposeError });
    const lines = watchStderr();
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    await expect
      .poll(() => lines)
      .toEqual([
        "/fixtures.FixtureService/Unary: Error: cannot close",
        "/fixtures.FixtureService/Unary: Error: cannot report",
      ]);
  });
});
