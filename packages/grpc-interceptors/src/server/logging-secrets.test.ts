import { Metadata, status } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import { StatusError, UnauthorizedError } from "@grpc-kit/grpc-status";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { expect, it } from "vitest";
import { memoryLog } from "../../test/logging-lines.ts";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { ServerHook } from "./call-hook.ts";
import { errors } from "./errors.ts";
import { logging } from "./logging.ts";
import { requestContext } from "./request-context.ts";
import { fuse, serverInterceptor } from "./server-interceptor.ts";

const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJTM0NSM1QifQ.S3CR3T";

/** What an interceptor or a handler may do with a token that it should not. */
const leaks: Readonly<Record<string, ServerHook>> = {
  "throws it": ({ metadata }) => {
    throw new Error(`cannot verify ${metadata.get("authorization")[0]}`);
  },
  "tells the caller of it": ({ metadata }) => {
    throw new UnauthorizedError(`not a token: ${metadata.get("authorization")[0]}`);
  },
  "has it in a cause": ({ metadata }) => {
    const cause = new Error(`401 for "authorization: ${metadata.get("authorization")[0]}"`);
    throw new StatusError(status.INTERNAL, "internal error", { cause });
  },
  "has it in a property": ({ metadata }) => {
    throw Object.assign(new Error("failed"), { request: { headers: metadata.getMap() } });
  },
  "cannot pass it on": ({ metadata }) => {
    new Metadata().set("authorization", `${metadata.get("authorization")[0]}é`);
    return undefined;
  },
  "knows who sent it": ({ metadata, values }) => {
    const subject = String(metadata.get("authorization")[0]);
    values.set(identityKey, { subject, scopes: [], claims: { token: subject } });
    return undefined;
  },
};

it.each(Object.entries(leaks))("D14 does not log a token when a call %s", async (_name, leak) => {
  const log = memoryLog("debug");
  const { client } = await serveFixture({
    interceptors: fuse([
      requestContext(),
      logging({ ...log, payloads: {} }),
      errors(),
      serverInterceptor(leak),
    ]),
  });
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const requests = [{ text: `Bearer ${token}`, payload: Buffer.from(token) }];
  for (const kind of callKinds) {
    await callFixture(client, kind, { metadata, requests }).outcome;
  }
  const ends = () => log.lines.filter(({ msg }) => msg === "finished call");
  await expect.poll(() => ends().length).toBe(callKinds.length);
  expect(log.written.join("")).not.toMatch(/S3CR3T|eyJ/);
});

it("E6 logs no payload and no metadata unless it is asked to", async () => {
  const log = memoryLog("trace");
  const { client } = await serveFixture({ interceptors: [requestContext(), logging(log)] });
  const metadata = new Metadata();
  metadata.set("x-customer", "PLANTED");
  for (const kind of callKinds) {
    await callFixture(client, kind, { metadata, requests: [{ text: "PLANTED" }] }).outcome;
  }
  await expect.poll(() => log.lines.length).toBe(2 * callKinds.length);
  expect(log.written.join("")).not.toContain("PLANTED");
});
