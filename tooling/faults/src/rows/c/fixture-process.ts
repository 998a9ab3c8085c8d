// A server in a process of its own, for what item-service has no way to do: its handlers fail as the metadata
// of the call says. `fixture-server.ts` starts it.
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Logger } from "@grpc-kit/grpc-context";
import { standardServerInterceptors } from "@grpc-kit/grpc-interceptors/server";
import { type CallContext, createGrpcServer } from "@grpc-kit/grpc-server";
import { StatusError } from "@grpc-kit/grpc-status";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { treeService } from "./tree-service.ts";

/** Where it listens: grpc-server, and grpc-js alone with the same interceptors. */
export interface FixturePorts {
  readonly port: number;
  readonly barePort: number;
}

const secret = "S3CR3T postgres://shop:S3CR3T@db/shop";

function fail(context: Pick<CallContext, "metadata">): never {
  const way = text(context, "way");
  const code = Number(text(context, "code"));
  const details = detailsOf(context);
  switch (way) {
    case "null":
      throw null;
    case "string":
      throw secret;
    case "trap":
      throw new Proxy(
        {},
        {
          get: () => {
            throw new Error(secret);
          },
        },
      );
    case "foreign":
      throw Object.assign(new Error(secret), { code, details: secret, metadata: new Metadata() });
    case "status":
      throw new StatusError(code, details);
    case "metadata":
      throw new StatusError(code, details, { metadata: hardMetadata() });
    default:
      throw new Error(secret, { cause: new Error(secret) });
  }
}

/** What HTTP/2 cannot carry, as far as grpc-js lets it be set, beside what it can. */
function hardMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("x-kept", "yes");
  metadata.set("x-big", "x".repeat(1024 * 1024));
  const map: Map<string, unknown[]> = Reflect.get(metadata, "internalRepr");
  map.set("x-newline", ["a\r\nb: c"]);
  map.set("x-accent", ["naïve 🦊"]);
  map.set("x-text-bin", ["no bytes"]);
  map.set("x number", [7]);
  return metadata;
}

/** As UTF-16, so that it may be any text at all, also half a character; and as often as is said. */
function detailsOf({ metadata }: Pick<CallContext, "metadata">): string {
  const [bytes] = metadata.get("details-bin");
  const details = Buffer.isBuffer(bytes) ? bytes.toString("utf16le") : "";
  return details.repeat(Number(metadata.get("times").join("") || 1));
}

function text({ metadata }: Pick<CallContext, "metadata">, key: string): string {
  return metadata.get(key).join("");
}

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Does what the metadata says, and gives the request back if that is nothing. */
async function act(request: Envelope, context: CallContext): Promise<Envelope> {
  switch (text(context, "how")) {
    case "later":
      await later();
      return fail(context);
    case "late":
      // Whether or not anybody waits.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return request;
    case "nonsense":
      return 7 as never;
    case "nothing":
      return undefined as never;
    case "broken iterator":
    case "hanging return":
      return {
        get index(): never {
          throw new Error(secret);
        },
      } as never;
    case "trailers":
      context.setTrailer("x-newline", "a\r\nb: c");
      context.setTrailer("x-accent", "naïve 🦊");
      context.setTrailer("x-text-bin", "no bytes");
      context.setTrailer("x-big", "x".repeat(1024 * 1024));
      context.setHeader("x-newline", "a\r\nb: c");
      context.setTrailer("x-kept", "yes");
      return request;
    default:
      return text(context, "way") === "" ? request : fail(context);
  }
}

function stream(request: Envelope, context: CallContext): AsyncIterable<Envelope> {
  switch (text(context, "how")) {
    case "nothing":
      return undefined as never;
    case "broken iterator":
      return iterableOf({ next: async () => undefined as never });
    case "hanging return":
      return iterableOf({
        next: async () => ({ done: false, value: 7 as never }),
        return: () => new Promise(() => {}),
      });
    default:
      return generate(request, context);
  }
}

function iterableOf(iterator: AsyncIterator<Envelope>): AsyncIterable<Envelope> {
  return { [Symbol.asyncIterator]: () => iterator };
}

async function* generate(request: Envelope, context: CallContext): AsyncGenerator<Envelope> {
  const messages = Number(text(context, "messages") || 0);
  for (let n = 0; n < messages; n += 1) {
    yield Envelope.create({ index: BigInt(n) });
  }
  try {
    yield await act(request, context);
  } finally {
    if (text(context, "again") !== "") {
      // As careless code does it: after the end it fails once more.
      fail(context);
    }
  }
}

async function lastOf(requests: AsyncIterable<Envelope>): Promise<Envelope> {
  let last = Envelope.create();
  for await (const request of requests) {
    last = request;
  }
  return last;
}

/** A handler that is no async function throws when it is called. */
function atOnce<Result>(context: CallContext, otherwise: () => Result): Result {
  return text(context, "how") === "at once" ? fail(context) : otherwise();
}

const silent = (): void => {};
const logger: Logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: (fields, message) =>
    void process.stderr.write(`${JSON.stringify({ ...fields, message })}\n`),
};

async function serve(): Promise<number> {
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    insecure: true,
    ...standardServerInterceptors({ logger }),
  });
  server.addService(FixtureServiceService, {
    unary: (request, context) => atOnce(context, () => act(request, context)),
    serverStream: (request, context) => atOnce(context, () => stream(request, context)),
    clientStream: (requests, context) =>
      atOnce(context, async () => act(await lastOf(requests), context)),
    bidi: (requests, context) =>
      atOnce(context, () =>
        (async function* () {
          yield* stream(await lastOf(requests), context);
        })(),
      ),
  });
  server.addService(treeService, { grow: async (tree) => tree });
  return (await server.start()).port;
}

type BidiCall = ServerDuplexStream<Envelope, Envelope>;
type OneAnswer = ServerUnaryCall<Envelope, Envelope> | ServerReadableStream<Envelope, Envelope>;

// The ways to fail that grpc-js has for its handlers, which those of grpc-server do not have.
function unary(call: OneAnswer, callback: sendUnaryData<Envelope>): void {
  if (text(call, "how") === "callback") {
    callback(new Error(secret));
  } else if (text(call, "how") === "emit") {
    call.emit("error", new Error(secret));
  } else {
    fail(call);
  }
}

function streaming(call: ServerWritableStream<Envelope, Envelope> | BidiCall): void {
  if (text(call, "how") === "throw") {
    fail(call);
  }
  call.emit("error", new Error(secret));
}

async function serveBare(): Promise<number> {
  const { interceptors } = standardServerInterceptors({ logger });
  const server = new Server({ interceptors });
  server.addService(FixtureServiceService, {
    unary,
    clientStream: unary,
    serverStream: streaming,
    bidi: streaming,
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

// Whoever has started it is gone.
process.on("disconnect", () => process.exit());
const ports: FixturePorts = { port: await serve(), barePort: await serveBare() };
process.send?.(ports);
