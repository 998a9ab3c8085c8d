import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { callFixture, callKinds, createFixtureClient } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { assert, asyncProperty, constantFrom, shuffledSubarray } from "fast-check";
import { expect, it } from "vitest";
import { echo } from "../test/serve-fixture.ts";
import { createGrpcServer } from "./create-server.ts";

const names = ["a", "b", "c", "d", "e", "f"];

/** Notes what passes, and signs it: a message, a header and a trailer, each with what is there already. */
function signing(name: string, passed: string[]): ServerInterceptor {
  const sign = (message: Envelope): Envelope => ({ ...message, text: message.text + name });
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, proceed) {
            passed.push(`metadata ${name}`);
            metadata.set("x-signed", `${metadata.get("x-signed")[0] ?? ""}${name}`);
            proceed(metadata);
          },
          onReceiveMessage(message, proceed) {
            passed.push(`message ${name}`);
            proceed(sign(message));
          },
          onReceiveHalfClose(proceed) {
            passed.push(`half-close ${name}`);
            proceed();
          },
        }),
      sendMessage(message, next) {
        passed.push(`answer ${name}`);
        next(sign(message));
      },
      sendStatus(status, next) {
        passed.push(`status ${name}`);
        status.metadata?.set("x-signed", `${status.metadata.get("x-signed")[0] ?? ""}${name}`);
        next(status);
      },
    });
}

it("Property 5: interceptor execution order (3.5)", async () => {
  await assert(
    asyncProperty(shuffledSubarray(names), constantFrom(...callKinds), async (chain, kind) => {
      const passed: string[] = [];
      let seen: unknown;
      const server = createGrpcServer({
        host: "127.0.0.1",
        port: 0,
        insecure: true,
        interceptors: chain.map((name) => signing(name, passed)),
      });
      const note = (metadata: { get(key: string): unknown[] }): void => {
        [seen] = metadata.get("x-signed");
      };
      server.addService(FixtureServiceService, {
        unary(request, context) {
          note(context.metadata);
          context.setTrailer("x-signed", "!");
          return request;
        },
        *serverStream(request, context) {
          note(context.metadata);
          context.setTrailer("x-signed", "!");
          yield request;
        },
        clientStream(requests, context) {
          note(context.metadata);
          context.setTrailer("x-signed", "!");
          return echo.clientStream(requests, context);
        },
        async *bidi(requests, context) {
          note(context.metadata);
          context.setTrailer("x-signed", "!");
          yield* requests;
        },
      });
      const { target } = await server.start();
      const client = createFixtureClient(target);
      const { messages, trailers } = await callFixture(client, kind, { requests: [{ text: ">" }] })
        .outcome;
      client.close();
      await server.stop();

      const inward = chain.join("");
      const outward = [...chain].reverse().join("");
      expect(seen).toBe(chain.length === 0 ? undefined : inward);
      expect(messages.map(({ text }) => text)).toEqual([`>${inward}${outward}`]);
      expect(trailers.get("x-signed")).toEqual([`!${outward}`]);
      const order = (event: string): string =>
        passed.flatMap((entry) => (entry.startsWith(`${event} `) ? [entry.at(-1)] : [])).join("");
      expect([order("metadata"), order("message")]).toEqual([inward, inward]);
      expect([order("answer"), order("status")]).toEqual([outward, outward]);
      expect(order("half-close")).toBe(inward);
    }),
    { numRuns: 120 },
  );
});
