import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { codeOf } from "../test/code-of.ts";
import { emptyMessages, openRawCall } from "../test/raw-call.ts";
import { envelope, serveFixture } from "../test/serve-fixture.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const knowsConnections = major > 22 || minor >= 17;

describe("an upload that its caller cancels", () => {
  // grpc-js ends a cancelled upload like a complete one, so a handler that commits at the end of
  // its loop would commit a part.
  it.each<CallKind>(["clientStream", "bidi"])(
    "G13: is never taken for a complete one, at whatever message it is cut: %s",
    async (kind) => {
      const ends: string[] = [];
      async function readAll(requests: AsyncIterable<unknown>) {
        try {
          for await (const _ of requests) {
            // Nothing to do with a message.
          }
          ends.push("complete");
        } catch (error) {
          ends.push(status[codeOf(error) ?? status.UNKNOWN]);
          throw error;
        }
      }
      const { client, errors } = await serveFixture({
        async clientStream(requests) {
          await readAll(requests);
          return envelope({});
        },
        async *bidi(requests) {
          await readAll(requests);
          yield envelope({});
        },
      });
      const calls = 300;
      for (let call = 0; call < calls; call += 1) {
        const requests = Array.from({ length: call % 30 }, () => ({ text: "x".repeat(call) }));
        const { cancel, outcome } = callFixture(client, kind, { requests, keepOpen: true });
        for (let turn = 0; turn < call % 7; turn += 1) {
          await new Promise(setImmediate);
        }
        cancel();
        expect((await outcome).code).toBe(status.CANCELLED);
      }
      // A call that was cancelled before its headers left has never come to a handler.
      await callFixture(client, kind).outcome;
      expect(ends.filter((end) => end === "complete")).toHaveLength(1);
      expect(new Set(ends)).toEqual(new Set(["CANCELLED", "complete"]));
      expect(ends.length).toBeGreaterThan(calls / 3);
      expect(errors).toEqual([]);
    },
  );

  // Node.js tells which connection a call is on from 22.17 on; before, the server can only wait a while.
  it.skipIf(!knowsConnections)(
    "G13: is not complete either when the caller is busy between its half-close and its reset (on Node.js >= 22.17)",
    async () => {
      const ends: string[] = [];
      const { port } = await serveFixture({
        async clientStream(requests) {
          try {
            for await (const _ of requests) {
              caller.postMessage("received");
            }
            ends.push("complete");
          } catch (error) {
            ends.push(status[codeOf(error) ?? status.UNKNOWN]);
          }
          return envelope({});
        },
      });
      // A thread of its own, as the server must run on meanwhile.
      const caller = new Worker(
        `const { Client, credentials } = require("@grpc/grpc-js");
         const { once } = require("node:events");
         const { parentPort, workerData } = require("node:worker_threads");
         (async () => {
           const client = new Client("127.0.0.1:" + workerData, credentials.createInsecure());
           for (let call = 0; call < 5; call += 1) {
             const path = "/fixtures.FixtureService/ClientStream";
             const upload = client.makeClientStreamRequest(path, (it) => it, (it) => it, () => {});
             upload.write(Buffer.alloc(0));
             await once(parentPort, "message");
             upload.cancel();
             for (const end = Date.now() + 60; Date.now() < end; );
           }
           client.close();
           parentPort.close();
         })();`,
        { eval: true, workerData: port },
      );
      await once(caller, "exit");
      await expect.poll(() => ends).toEqual(Array.from({ length: 5 }, () => "CANCELLED"));
    },
  );

  it("is not complete either when the connection breaks", async () => {
    let end = "";
    const started = Promise.withResolvers<void>();
    const { port } = await serveFixture({
      async clientStream(requests) {
        try {
          for await (const _ of requests) {
            started.resolve();
          }
          end = "complete";
        } catch (error) {
          end = status[codeOf(error) ?? status.UNKNOWN];
        }
        return envelope({});
      },
    });
    const stream = openRawCall(port, "/fixtures.FixtureService/ClientStream");
    stream.write(emptyMessages(1));
    await started.promise;
    stream.session?.destroy();
    await expect.poll(() => end).toBe("CANCELLED");
  });

  it("makes every later read fail as well, also one that nobody waits for", async () => {
    const started = Promise.withResolvers<void>();
    const codes: (status | undefined)[] = [];
    const { client } = await serveFixture({
      async clientStream(requests, { signal }) {
        const iterator = requests[Symbol.asyncIterator]();
        // Forgotten: when it fails, the process must not.
        void iterator.next();
        started.resolve();
        await once(signal, "abort");
        for (let read = 0; read < 3; read += 1) {
          codes.push(await iterator.next().then(() => status.OK, codeOf));
        }
        return envelope({});
      },
    });
    const call = callFixture(client, "clientStream", { requests: [], keepOpen: true });
    await started.promise;
    call.cancel();
    await call.outcome;
    await expect.poll(() => codes).toEqual(Array.from({ length: 3 }, () => status.CANCELLED));
  });
});

describe("an upload that its handler ends before it is complete", () => {
  it.each([
    ["with an answer", () => envelope({})],
    [
      "with an error",
      () => {
        throw new StatusError(status.ABORTED, "enough");
      },
    ],
  ])("is not complete for what still reads it: %s", async (_, end) => {
    const read = Promise.withResolvers<status | undefined>();
    const { client } = await serveFixture({
      async clientStream(requests) {
        const readAll = async () => {
          for await (const _ of requests) {
            // Nothing to do with a message.
          }
          return status.OK;
        };
        readAll().then(read.resolve, (error) => read.resolve(codeOf(error)));
        return end();
      },
    });
    await callFixture(client, "clientStream", { keepOpen: true }).outcome;
    expect(await read.promise).toBe(status.CANCELLED);
  });
});
