import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { reply } from "@grpc-kit/testing/faulty-server";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { startFaultyServer } from "../../test/faulty-server.ts";
import { openStub } from "../../test/open-stub.ts";
import { cancelled, serveStreams } from "../../test/serve-streams.ts";
import { servedCall } from "../../test/served-call.ts";

const request = Envelope.create({ text: "hi" });
const { CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, UNIMPLEMENTED } = status;

function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the response of a call", () => {
  it("that cannot be read is INTERNAL, with its cause, and the server is told", async () => {
    const unreadable = Buffer.from([0, 0, 0, 0, 1, 0xff]);
    const codes: number[] = [];
    const { target } = await startFaultyServer({
      onStream(stream) {
        stream.on("close", () => codes.push(stream.rstCode));
        stream.respond({ "content-type": "application/grpc" });
        stream.write(unreadable);
      },
    });
    const { stub, channel } = openStub(target);
    const error = await errorOf(stub.unary(request));
    expect(error).toMatchObject({ code: INTERNAL, local: true, attempts: 1 });
    expect(error).toMatchObject({ cause: expect.any(Error) });
    await expect.poll(() => codes).toEqual([cancelled]);
    expect(channel.openCalls).toBe(0);
  });

  it.each([
    ["none", 0],
    ["two", 2],
  ])("must be one: %s is UNIMPLEMENTED", async (_name, count) => {
    const { target } = await startFaultyServer({
      onStream(stream) {
        reply(stream, Buffer.alloc(5 * count), { "grpc-status": "0" });
      },
    });
    const { stub, channel } = openStub(target);
    for (const call of [stub.unary(request), stub.clientStream([request])]) {
      expect(await errorOf(call)).toMatchObject({ code: UNIMPLEMENTED });
    }
    expect(channel.openCalls).toBe(0);
  });

  it("is lost if the server says after it that the call has failed", async () => {
    const { target } = await serveStreams((stream) => {
      stream.send({});
      stream.end(status.ABORTED);
    });
    const { stub } = openStub(target);
    expect(await errorOf(stub.unary(request))).toMatchObject({ code: status.ABORTED });
  });
});

describe("a signal", () => {
  it("is CANCELLED with its reason for a cause", async () => {
    const server = await serveStreams();
    const { stub, channel } = openStub(server.target);
    const abort = new AbortController();
    const call = errorOf(stub.unary(request, { signal: abort.signal }));
    await expect.poll(() => server.streams.length).toBe(1);
    const reason = new Error("no longer needed");
    abort.abort(reason);
    expect(channel.openCalls).toBe(0);
    const error = await call;
    expect(error).toMatchObject({ code: CANCELLED, local: true, attempts: 1 });
    expect((error as Error).cause).toBe(reason);
    await expect.poll(() => server.streams[0]?.rstCode).toBe(cancelled);
  });

  it("sends nothing of a call that it ends in the turn in which it was made", async () => {
    const server = await serveStreams((stream) => {
      stream.send({});
      stream.end();
    });
    const { stub, channel } = openStub(server.target);
    // On a connection that is ready, so that nothing but the signal holds it up.
    await stub.unary(request);
    for (const kind of ["unary", "serverStream"] as const) {
      const abort = new AbortController();
      const options = { signal: abort.signal };
      const call =
        kind === "unary"
          ? stub.unary(request, options)
          : stub.serverStream(request, options).next();
      abort.abort();
      expect(await errorOf(call)).toMatchObject({ code: CANCELLED, attempts: 0, local: true });
    }
    await stub.unary(request);
    expect(server.streams).toHaveLength(2);
    expect(channel.openCalls).toBe(0);
  });

  it("reaches the server from every turn after that", async () => {
    const server = await serveStreams();
    const { stub, channel } = openStub(server.target);
    const turns = [queueMicrotask, (then: () => void) => process.nextTick(then), setImmediate];
    for (const turn of turns) {
      const abort = new AbortController();
      const call = errorOf(stub.unary(request, { signal: abort.signal }));
      await new Promise<void>((resolve) => turn(() => resolve()));
      abort.abort();
      expect(await call).toMatchObject({ code: CANCELLED });
    }
    await delay(50);
    expect(server.streams.filter(({ rstCode }) => rstCode !== cancelled)).toEqual([]);
    expect(channel.openCalls).toBe(0);
  });

  it("is DEADLINE_EXCEEDED if it aborts when the time is over", async () => {
    const { target } = await serveStreams();
    const { stub } = openStub(target);
    const signal = AbortSignal.timeout(20);
    const call = errorOf(stub.unary(request, { signal, timeoutMs: 10 }));
    // Keeps the timer of the deadline from running before that of the signal.
    const end = performance.now() + 40;
    while (performance.now() < end) {}
    expect(await call).toMatchObject({ code: DEADLINE_EXCEEDED, local: true });
  });
});

it("a call that the server cancels before its deadline is CANCELLED by the server", async () => {
  const { target } = await serveStreams((stream) => stream.end(CANCELLED));
  const { stub } = openStub(target);
  expect(await errorOf(stub.unary(request))).toMatchObject({ code: CANCELLED, local: false });
});

it("a call on a closed channel is UNAVAILABLE, and says why", async () => {
  const { target, streams } = await serveStreams();
  const { stub, channel } = openStub(target);
  await channel.close();
  const error = await errorOf(stub.unary(request));
  expect(error).toMatchObject({ code: UNAVAILABLE, local: true, attempts: 0 });
  expect(isGrpcCallError(error) && error.details).toBe(`the channel to ${target} is closed`);
  await expect(stub.serverStream(request).next()).rejects.toMatchObject({ code: UNAVAILABLE });
  expect(streams).toHaveLength(0);
});

describe("a call made while another is served", () => {
  it("ends with it", async () => {
    const server = await serveStreams();
    const { stub } = openStub(server.target);
    const abort = new AbortController();
    const served = servedCall({ signal: abort.signal });
    const call = errorOf(runInCall(served, () => stub.unary(request)));
    await expect.poll(() => server.streams.length).toBe(1);
    abort.abort();
    expect(await call).toMatchObject({ code: CANCELLED, local: true });
    await expect.poll(() => server.streams[0]?.rstCode).toBe(cancelled);
  });

  it("has less time than it", async () => {
    const server = await serveStreams();
    const { stub } = openStub(server.target);
    const served = servedCall({ deadline: Date.now() + 300 });
    const call = errorOf(runInCall(served, () => stub.unary(request)));
    expect(await call).toMatchObject({ code: DEADLINE_EXCEEDED });
    expect(Number.parseInt(String(server.streams[0]?.headers["grpc-timeout"]), 10)).toBeLessThan(
      300,
    );
    expect(Date.now()).toBeLessThan(served.deadline);
  });

  it("goes on without it where cancellation is not passed on", async () => {
    const server = await serveStreams();
    const { stub } = openStub(server.target, { budget: { propagateCancellation: false } });
    const abort = new AbortController();
    const served = servedCall({ signal: abort.signal });
    const call = runInCall(served, () => stub.unary(request));
    await expect.poll(() => server.streams.length).toBe(1);
    abort.abort();
    server.streams[0]?.send({ text: "done" });
    server.streams[0]?.end();
    expect((await call).text).toBe("done");
  });
});
