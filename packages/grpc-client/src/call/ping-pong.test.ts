import { createHook } from "node:async_hooks";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { expect, it } from "vitest";
import { openStub } from "../../test/open-stub.ts";
import { serveStreams } from "../../test/serve-streams.ts";

it("requests that wait for answers do not wait for turns of the event loop as well", async () => {
  const { target } = await serveStreams(({ http2, requests, send, end }) => {
    let answered = 0;
    http2.on("data", () => {
      send(...requests.slice(answered));
      answered = requests.length;
    });
    http2.on("end", () => end());
  });
  const { stub } = openStub(target, { defaultStreamTimeoutMs: 30_000 });
  const rounds = 200;
  let answer = Promise.withResolvers<void>();
  async function* requests(): AsyncGenerator<Envelope> {
    for (let index = 0; index < rounds; index += 1) {
      yield Envelope.create({ index: BigInt(index) });
      await answer.promise;
      answer = Promise.withResolvers();
    }
  }
  let turns = 0;
  const hook = createHook({
    init(_id, type) {
      turns += type === "Immediate" ? 1 : 0;
    },
  }).enable();
  const received: bigint[] = [];
  for await (const { index } of stub.bidi(requests(), {})) {
    received.push(index);
    answer.resolve();
  }
  hook.disable();
  expect(received).toEqual(Array.from({ length: rounds }, (_, index) => BigInt(index)));
  // Those are of Node.js's HTTP/2, at the end of streams.
  expect(turns).toBeLessThan(rounds / 4);
});
