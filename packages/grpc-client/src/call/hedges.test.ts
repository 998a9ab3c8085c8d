import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { openStub } from "../../test/open-stub.ts";
import { cancelled, type ServedStream, serveStreams } from "../../test/serve-streams.ts";
import type { AttemptFailure } from "../client-options.ts";
import type { CallStatus } from "../stub/call-options.ts";

const request = Envelope.create();
const { NOT_FOUND, UNAVAILABLE } = status;

async function start(
  hedging: { delayMs: number; maxAttempts?: number },
  onStream: (stream: ServedStream, position: number) => void,
) {
  const server = await serveStreams(onStream);
  const failures: AttemptFailure[] = [];
  const { stub, channel } = openStub(server.target, {
    methods: { unary: { hedging } },
    observer: { onAttemptFailed: (failure) => void failures.push(failure) },
  });
  return { server, failures, stub, channel };
}

describe("a hedged call", () => {
  it("is sent again after a delay; the first answer counts, and the others are cancelled", async () => {
    const { server, failures, stub, channel } = await start({ delayMs: 20 }, (stream, position) => {
      if (position === 1) {
        stream.send({ text: "second" });
        stream.end();
      }
    });
    const ends: CallStatus[] = [];
    const response = await stub.unary(request, { onStatus: (ended) => ends.push(ended) });
    expect(response.text).toBe("second");
    expect(ends).toMatchObject([{ attempts: 2, peer: server.target }]);
    await expect.poll(() => server.streams[0]?.rstCode).toBe(cancelled);
    expect(server.streams).toHaveLength(2);
    // That it was given up for another is no failure.
    expect(failures).toEqual([]);
    expect(channel.openCalls).toBe(0);
  });

  it("has the answer to its first copy, though a second is on its way", async () => {
    const { server, stub } = await start({ delayMs: 20 }, (stream, position) => {
      if (position === 1) {
        const [first] = server.streams;
        first?.send({ text: "first" });
        first?.end();
      }
      return stream;
    });
    expect((await stub.unary(request)).text).toBe("first");
    await expect.poll(() => server.streams[1]?.rstCode).toBe(cancelled);
  });

  it("is sent again at once after a code that is not fatal, of which its attempt is told", async () => {
    const { server, failures, stub } = await start({ delayMs: 60_000 }, (stream, position) => {
      if (position === 0) {
        stream.end(UNAVAILABLE);
      } else {
        stream.send({});
        stream.end();
      }
    });
    await stub.unary(request);
    expect(server.streams).toHaveLength(2);
    expect(failures).toMatchObject([{ attempt: 1, code: UNAVAILABLE }]);
  });

  it("ends with a fatal code of any copy, which is told by its number", async () => {
    const { server, failures, stub } = await start({ delayMs: 20 }, (_stream, position) => {
      if (position === 1) {
        server.streams[0]?.end(NOT_FOUND);
      }
    });
    await expect(stub.unary(request)).rejects.toMatchObject({ code: NOT_FOUND, attempts: 2 });
    expect(failures).toMatchObject([{ attempt: 1, code: NOT_FOUND }]);
    await expect.poll(() => server.streams[1]?.rstCode).toBe(cancelled);
  });
});
