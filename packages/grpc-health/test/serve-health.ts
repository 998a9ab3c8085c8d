import { promisify } from "node:util";
import {
  type ClientOptions,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthClient,
  type HealthListResponse,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { onTestFinished } from "vitest";
import type { HealthOptions } from "../src/health-options.ts";
import { createHealthService, type Health } from "../src/health-service.ts";

export interface ServedHealth {
  readonly health: Health;
  readonly server: Server;
  readonly address: string;
  readonly client: HealthClient;
}

/** Serves a health service on a bare grpc-js server, on a free port, until the test ends. */
export async function serveHealth(options: HealthOptions = {}): Promise<ServedHealth> {
  const health = createHealthService(options);
  const server = new Server();
  health.addTo(server);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  const address = `127.0.0.1:${port}`;
  const client = createClient(address);
  onTestFinished(() => {
    health.stop();
    client.close();
    server.forceShutdown();
  });
  return { health, server, address, client };
}

/** A client with a connection of its own. Close it when done. */
export function createClient(address: string, options: ClientOptions = {}): HealthClient {
  const own = { "grpc.use_local_subchannel_pool": 1, ...options };
  return new HealthClient(address, credentials.createInsecure(), own);
}

/** The name of the status that Check answers with. */
export async function check(client: HealthClient, service: string): Promise<string> {
  const reply = await new Promise<HealthCheckResponse>((resolve, reject) => {
    client.check({ service }, (error, response) => (error ? reject(error) : resolve(response)));
  });
  return nameOf(reply);
}

/** How a Check fails. */
export function checkError(client: HealthClient, service: string): Promise<ServiceError | null> {
  return new Promise((resolve) => {
    client.check({ service }, (error) => resolve(error));
  });
}

export async function list(client: HealthClient): Promise<Record<string, string>> {
  const { statuses } = await new Promise<HealthListResponse>((resolve, reject) => {
    client.list({}, (error, response) => (error ? reject(error) : resolve(response)));
  });
  return Object.fromEntries(Array.from(statuses, ([name, reply]) => [name, nameOf(reply)]));
}

export interface RecordedWatch {
  /** What has come, in order: names of statuses, and at last "ended OK" or the like. */
  readonly events: string[];
  readonly status: Promise<StatusObject>;
  cancel(): void;
}

export function watch(client: HealthClient, service: string): RecordedWatch {
  const events: string[] = [];
  const call = client.watch({ service });
  call.on("data", (reply: HealthCheckResponse) => events.push(nameOf(reply)));
  // The status tells the same; without a listener it would be thrown.
  call.on("error", () => {});
  const status = new Promise<StatusObject>((resolve) => {
    call.on("status", (received: StatusObject) => {
      events.push(`ended ${received.code}`);
      resolve(received);
    });
  });
  return { events, status, cancel: () => call.cancel() };
}

function nameOf({ status }: HealthCheckResponse): string {
  const entries = Object.entries(HealthCheckResponse_ServingStatus);
  return entries.find(([, value]) => value === status)?.[0] ?? String(status);
}
