import { once } from "node:events";
import { credentials, status } from "@grpc/grpc-js";
import { HealthClient, HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createGrpcServer } from "@grpc-kit/grpc-server";
import { StatusError } from "@grpc-kit/grpc-status";

const serving = { status: 1 } as const;
const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });

server.addService(HealthService, {
  async check({ service }) {
    if (service !== "") {
      throw new StatusError(status.NOT_FOUND, `there is no service ${service}`);
    }
    return serving;
  },
  async list() {
    return { statuses: new Map([["", serving]]) };
  },
  async *watch(_request, { signal }) {
    yield serving;
    await once(signal, "abort");
  },
});

const { port } = await server.start();
const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
client.check({ service: "" }, (_error, reply) => {
  console.log(reply);
  client.check({ service: "shop" }, async (error) => {
    console.log(error?.message);
    client.close();
    await server.stop();
  });
});
