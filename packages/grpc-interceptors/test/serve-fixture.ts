import {
  type ChannelOptions,
  credentials,
  type Interceptor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerInterceptor,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  Envelope,
  FixtureServiceClient,
  type FixtureServiceServer,
  FixtureServiceService,
} from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";

export type FixtureHandlers = Pick<
  FixtureServiceServer,
  "unary" | "serverStream" | "clientStream" | "bidi"
>;

export function envelope(fields: Partial<Envelope>): Envelope {
  return Envelope.create(fields);
}

/** Each method answers with what it is sent; a client stream with the last message. */
export const echo: FixtureHandlers = {
  unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    callback(null, call.request);
  },
  serverStream(call: ServerWritableStream<Envelope, Envelope>) {
    call.write(call.request);
    call.end();
  },
  clientStream(call: ServerReadableStream<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    let last = envelope({});
    call.on("data", (request: Envelope) => {
      last = request;
    });
    call.on("end", () => callback(null, last));
    call.on("error", () => {});
  },
  bidi(call: ServerDuplexStream<Envelope, Envelope>) {
    call.on("data", (request: Envelope) => call.write(request));
    call.on("end", () => call.end());
    call.on("error", () => {});
  },
};

export interface FixtureOptions {
  /** `echo` where none is given. */
  readonly handlers?: { readonly [Name in keyof FixtureHandlers]?: FixtureHandlers[Name] };
  readonly interceptors?: ServerInterceptor[];
  readonly clientInterceptors?: Interceptor[];
  readonly serverCredentials?: ServerCredentials;
  readonly serverOptions?: ChannelOptions;
}

export interface ServedFixture {
  readonly server: Server;
  readonly port: number;
  /** "127.0.0.1:50051" */
  readonly address: string;
  readonly client: FixtureServiceClient;
}

/** Serves the fixture service by grpc-js alone, on a free port, until the test ends. */
export async function serveFixture({
  handlers = {},
  interceptors = [],
  clientInterceptors = [],
  serverCredentials = ServerCredentials.createInsecure(),
  serverOptions = {},
}: FixtureOptions = {}): Promise<ServedFixture> {
  const server = new Server({ ...serverOptions, interceptors });
  server.addService(FixtureServiceService, {
    ...echo,
    ...handlers,
  } as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", serverCredentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const address = `127.0.0.1:${port}`;
  const client = new FixtureServiceClient(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    interceptors: clientInterceptors,
  });
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  return { server, port, address, client };
}
