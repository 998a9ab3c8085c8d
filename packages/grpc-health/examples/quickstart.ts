import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthClient } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createHealthService } from "@grpc-kit/grpc-health";

const database = { ping: async () => {} };
const health = createHealthService({
  dependencyChecks: { database: () => database.ping() },
});
const server = new Server();
health.addTo(server);
await health.start();

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => {
  const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const watch = client.watch({ service: "readiness" });
  watch.once("data", () => health.shutdown());
  watch.on("data", (reply) => console.log(reply));
  watch.on("end", () => {
    client.close();
    server.tryShutdown(() => health.stop());
  });
});
