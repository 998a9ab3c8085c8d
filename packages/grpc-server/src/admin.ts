import { addAdminServicesToServer, Server, ServerCredentials } from "@grpc/grpc-js";
import { checkHost, checkPort } from "./check-option.ts";

export interface AdminOptions {
  /** The port of the admin services; 0 takes a free one. */
  readonly port: number;
  /** The address to serve them on. Default: "127.0.0.1", since they tell everything to everyone. */
  readonly host?: string;
}

/** Throws a RangeError or TypeError that names a wrong option. */
export function checkAdminOptions(admin: AdminOptions): AdminOptions {
  const { port, host } = admin;
  checkPort("admin.port", port);
  if (host !== undefined) {
    checkHost("admin.host", host);
  }
  return admin;
}

/** The admin services, served. */
export interface AdminServer {
  readonly host: string;
  readonly port: number;
  close(): void;
}

/** Serves channelz of this process and what else is registered as an admin service of grpc-js. */
export async function startAdminServer({
  port,
  host = "127.0.0.1",
}: AdminOptions): Promise<AdminServer> {
  const server = new Server();
  addAdminServicesToServer(server);
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, taken) => {
      if (error === null) {
        resolve(taken);
      } else {
        reject(new Error(`cannot serve the admin services on ${address}: ${error.message}`));
      }
    });
  });
  return { host, port: bound, close: () => server.forceShutdown() };
}
