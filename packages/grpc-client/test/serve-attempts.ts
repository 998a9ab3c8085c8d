import { once } from "node:events";
import {
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { credentials, status } from "@grpc/grpc-js";
import { frame } from "@grpc-kit/testing/bench";
import { Envelope, FixtureServiceClient, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { onTestFinished } from "vitest";
import type { RetryOptions } from "../src/client-options.ts";
import { readIdempotency } from "../src/retry/idempotency.ts";
import { resolveRetry } from "../src/retry/retry-policy.ts";
import { toServiceConfig } from "../src/retry/service-config.ts";
import { compileServicePolicy, type ServicePolicyParts } from "../src/retry/service-policy.ts";

/** One attempt of a call, as the server saw it. */
export interface Attempt {
  /** By `Date`, which tests may have made a fake one. */
  readonly atMs: number;
  readonly headers: IncomingHttpHeaders;
  readonly requests: readonly Envelope[];
  /** Whether the client gave it up. */
  isCancelled: boolean;
}

export interface Answer {
  readonly code: status;
  readonly trailers?: Readonly<Record<string, string>>;
  /** What is sent before the status. Default: nothing, not even headers. */
  readonly messages?: readonly Partial<Envelope>[];
}

/** Undefined: the attempt stays open. */
export type Answering = (attempt: Attempt, position: number) => Answer | undefined;

export interface AttemptServer {
  readonly port: number;
  /** In the order in which they came. */
  readonly attempts: readonly Attempt[];
}

export const unavailable: Answer = { code: status.UNAVAILABLE };
export const ok: Answer = { code: status.OK, messages: [{}] };

/** Answers the calls of any service, once all their requests are there, until the test ends. */
export async function serveAttempts(answering: Answering): Promise<AttemptServer> {
  const attempts: Attempt[] = [];
  const sessions = new Set<Http2Session>();
  const server = createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const requests = readMessages(Buffer.concat(chunks));
      const attempt = { atMs: Date.now(), headers, requests, isCancelled: false };
      stream.on("close", () => {
        attempt.isCancelled = stream.rstCode === constants.NGHTTP2_CANCEL;
      });
      const answer = answering(attempt, attempts.push(attempt) - 1);
      if (answer !== undefined) {
        send(stream, answer);
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    for (const session of sessions) {
      session.destroy();
    }
  });
  return { port: (server.address() as AddressInfo).port, attempts };
}

function readMessages(bytes: Buffer): readonly Envelope[] {
  if (bytes.length === 0) {
    return [];
  }
  const end = 5 + bytes.readUInt32BE(1);
  return [Envelope.decode(bytes.subarray(5, end)), ...readMessages(bytes.subarray(end))];
}

function send(stream: ServerHttp2Stream, { code, trailers = {}, messages }: Answer): void {
  const headers = { ":status": 200, "content-type": "application/grpc" };
  const end = { ...trailers, "grpc-status": String(code) };
  if (messages === undefined) {
    stream.respond({ ...headers, ...end }, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(end));
  stream.end(Buffer.concat(messages.map(frame)));
}

export interface RetryClientOptions {
  readonly retry?: RetryOptions | false;
  readonly methods?: ServicePolicyParts["methods"];
}

/** A client of grpc-js with a connection of its own, and these policies, until the test ends. */
export function connectClient(
  port: number,
  { retry, methods }: RetryClientOptions = {},
): FixtureServiceClient {
  const { policy, throttling } = resolveRetry(retry);
  const idempotency = readIdempotency([fileDescriptorSet()]);
  const definition = FixtureServiceService;
  const policies = [compileServicePolicy({ definition, idempotency, retry: policy, methods })];
  const config = toServiceConfig({ policies, loadBalancing: [{ round_robin: {} }], throttling });
  const client = new FixtureServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify(config),
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => client.close());
  return client;
}
